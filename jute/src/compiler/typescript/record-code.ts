import { constantName, typeName } from '../naming.ts'
import { fixedSizeBytes, isRecursive, type RecordSchema, recordSizeBytes } from '../schema.ts'
import { readExpression, skipStatement, writeStatement } from './container-code.ts'
import { docComment } from './doc-comment.ts'
import type { ModuleScope } from './module-scope.ts'
import { type Property, properties, RUNTIME_NAMES, typeExpression } from './type-expression.ts'

/** The interface and the functions of one record, as blocks to be parted by blank lines. */
export function recordBlocks(scope: ModuleScope, record: RecordSchema): string[] {
  const sizeBytes = recordSizeBytes(record)
  const code = sizeBytes === null ? variableSizeBlocks(scope, record) : fixedSizeBlocks(scope, record, sizeBytes)
  return [interfaceBlock(scope, record), ...code]
}

function interfaceBlock(scope: ModuleScope, record: RecordSchema): string {
  const lines = propertiesOf(scope, record).flatMap(({ name, type, doc }) => [
    ...docComment(doc, '  '),
    `  ${name}: ${typeExpression(scope, type)}`
  ])
  return [...docComment(record.doc), `export interface ${typeName(record)} {`, ...lines, '}'].join('\n')
}

function variableSizeBlocks(scope: ModuleScope, record: RecordSchema): string[] {
  const name = typeName(record)
  const reader = `reader: ${scope.runtimeType('JuteReader')}`
  const writer = `writer: ${scope.runtimeType('JuteWriter')}`
  const recursive = isRecursive(record)
  const guard = recursive ? [`  reader.enter('${record.name}')`] : []
  const values = propertiesOf(scope, record).map(
    ({ name: property, type, field }) => `    ${property}: ${readExpression(scope, type, `'${field}'`)}`
  )
  const literal = ['{', values.join(',\n'), '  }']
  const build = recursive
    ? [`  const record = ${literal.join('\n')}`, '  reader.leave()', '  return record']
    : [`  return ${literal.join('\n')}`]
  return [
    [`export function decode${name}(${reader}): ${name} {`, ...guard, ...build, '}'].join('\n'),
    [
      `export function encode${name}(${writer}, record: ${name}): void {`,
      ...writeStatements(scope, record).map((line) => `  ${line}`),
      '}'
    ].join('\n'),
    [
      `export function skip${name}(${reader}): void {`,
      ...guard,
      ...skipStatements(scope, record).map((line) => `  ${line}`),
      ...(recursive ? ['  reader.leave()'] : []),
      '}'
    ].join('\n')
  ]
}

function writeStatements(scope: ModuleScope, record: RecordSchema): string[] {
  return record.fields.map((field) => {
    const [first, second] = propertiesOf(scope, { ...record, fields: [field] })
    if (first === undefined) throw new RangeError(`field ${field.name} has no property`)
    if (second !== undefined) return `writer.writeInt64(record.${first.name}, record.${second.name})`
    return writeStatement(scope, first.type, `record.${first.name}`)
  })
}

/** Fields of fixed size next to each other are skipped together. */
function skipStatements(scope: ModuleScope, record: RecordSchema): string[] {
  const statements: string[] = []
  let run = { sizeBytes: 0, field: '' }
  const endRun = (): void => {
    if (run.sizeBytes > 0) statements.push(`reader.skip(${run.sizeBytes}, '${run.field}')`)
    run = { sizeBytes: 0, field: '' }
  }
  for (const { name, type } of record.fields) {
    const field = `${record.name}.${name}`
    const sizeBytes = fixedSizeBytes(type)
    if (sizeBytes !== null) {
      run = { sizeBytes: run.sizeBytes + sizeBytes, field: run.field || field }
      continue
    }
    endRun()
    statements.push(skipStatement(scope, type, `'${field}'`))
  }
  endRun()
  return statements
}

function fixedSizeBlocks(scope: ModuleScope, record: RecordSchema, sizeBytes: number): string[] {
  const name = typeName(record)
  const size = `${constantName(record.name)}_SIZE_BYTES`
  const reader = `reader: ${scope.runtimeType('JuteReader')}`
  const writer = `writer: ${scope.runtimeType('JuteWriter')}`
  const gets: string[] = []
  const puts: string[] = []
  let at = 0
  for (const property of propertiesOf(scope, record)) {
    const offset = at === 0 ? 'offset' : `offset + ${at}`
    gets.push(`    ${property.name}: ${fixedFunction(scope, 'get', property)}(buffer, ${offset})`)
    puts.push(`  ${fixedFunction(scope, 'put', property)}(buffer, ${offset}, record.${property.name})`)
    at += fixedSizeBytes(property.type) ?? 0
  }
  return [
    `/** Encoded size of every {@link ${name}}. */\nexport const ${size} = ${sizeBytes}`,
    [
      `export function decode${name}(${reader}): ${name} {`,
      `  const offset = reader.claim(${size}, '${record.name}')`,
      `  return get${name}(reader.buffer, offset)`,
      '}'
    ].join('\n'),
    [
      `export function encode${name}(${writer}, record: ${name}): void {`,
      `  const offset = writer.claim(${size})`,
      `  put${name}(writer.buffer, offset, record)`,
      '}'
    ].join('\n'),
    [`export function skip${name}(${reader}): void {`, `  reader.skip(${size}, '${record.name}')`, '}'].join('\n'),
    [
      `/** Reads the {@link ${size}} bytes at \`offset\`, which the caller knows to be there. */`,
      `export function get${name}(buffer: Buffer, offset: number): ${name} {`,
      '  return {',
      gets.join(',\n'),
      '  }',
      '}'
    ].join('\n'),
    [
      `/** Writes the {@link ${size}} bytes at \`offset\`, for which the caller has made room. */`,
      `export function put${name}(buffer: Buffer, offset: number, record: ${name}): void {`,
      ...puts,
      '}'
    ].join('\n')
  ]
}

function fixedFunction(scope: ModuleScope, kind: 'get' | 'put', { type, field }: Property): string {
  if (type.kind === 'record') return scope.functionOf(kind, type.record)
  if (type.kind === 'primitive') return scope.runtimeFunction(`${kind}${RUNTIME_NAMES[type.name]}`)
  throw new TypeError(`${field} is not of a fixed size`)
}

function propertiesOf(scope: ModuleScope, record: RecordSchema): Property[] {
  return record.fields.flatMap((field) => properties(scope, record.name, field))
}
