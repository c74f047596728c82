import { fixedSizeBytes, type JuteType, minimumSizeBytes } from '../schema.ts'
import type { ModuleScope } from './module-scope.ts'
import { RUNTIME_NAMES, typeExpression } from './type-expression.ts'

type VectorType = Extract<JuteType, { kind: 'vector' }>
type MapType = Extract<JuteType, { kind: 'map' }>

/** Functions that a file needs for the vectors and maps in its records; not exported from it. */
export function containerFunctions(scope: ModuleScope): string[] {
  const done = new Set<string>()
  const blocks: string[] = []
  // Writing one may ask for others: a vector of vectors.
  for (let progress = true; progress; ) {
    progress = false
    for (const { name, type, functions } of scope.containers()) {
      for (const kind of ['decode', 'encode', 'skip'] as const) {
        if (!functions.has(kind) || done.has(kind + name)) continue
        done.add(kind + name)
        progress = true
        blocks.push(containerFunction(scope, kind, type))
      }
    }
  }
  return blocks
}

/** An expression that reads a value of the type. `field` is an expression for the name in errors. */
export function readExpression(scope: ModuleScope, type: JuteType, field: string): string {
  switch (type.kind) {
    case 'primitive':
      return `reader.read${RUNTIME_NAMES[type.name]}(${field})`
    case 'record':
      return `${scope.functionOf('decode', type.record)}(reader)`
    default:
      return `${scope.containerFunction('decode', type)}(reader, ${field})`
  }
}

/** A statement that writes the value of an expression. */
export function writeStatement(scope: ModuleScope, type: JuteType, value: string): string {
  switch (type.kind) {
    case 'primitive':
      return `writer.write${RUNTIME_NAMES[type.name]}(${value})`
    case 'record':
      return `${scope.functionOf('encode', type.record)}(writer, ${value})`
    default:
      return `${scope.containerFunction('encode', type)}(writer, ${value})`
  }
}

/** A statement that moves past a value of the type. */
export function skipStatement(scope: ModuleScope, type: JuteType, field: string): string {
  const size = fixedSizeBytes(type)
  if (size !== null) return `reader.skip(${size}, ${field})`
  switch (type.kind) {
    case 'primitive':
      return `reader.skipBuffer(${field})`
    case 'record':
      return `${scope.functionOf('skip', type.record)}(reader)`
    default:
      return `${scope.containerFunction('skip', type)}(reader, ${field})`
  }
}

function containerFunction(scope: ModuleScope, kind: 'decode' | 'encode' | 'skip', type: JuteType): string {
  if (type.kind !== 'vector' && type.kind !== 'map') throw new TypeError(`${type.kind} is not a container`)
  const name = scope.containerFunction(kind, type)
  if (kind === 'skip') return skipContainer(scope, name, type)
  if (type.kind === 'vector') {
    return kind === 'decode' ? decodeVector(scope, name, type) : encodeVector(scope, name, type)
  }
  return kind === 'decode' ? decodeMap(scope, name, type) : encodeMap(scope, name, type)
}

function decodeVector(scope: ModuleScope, name: string, type: VectorType): string {
  const items = typeExpression(scope, type)
  return [
    `function ${name}(reader: ${scope.runtimeType('JuteReader')}, field: string): ${items} {`,
    `  const count = reader.readVectorLength(field, ${minimumSizeBytes(type.item)})`,
    '  if (count < 0) return null',
    `  const items: ${items.replace(/ \| null$/, '')} = []`,
    `  for (let index = 0; index < count; index++) items.push(${readExpression(scope, type.item, 'field')})`,
    '  return items',
    '}'
  ].join('\n')
}

function encodeVector(scope: ModuleScope, name: string, type: VectorType): string {
  return [
    `function ${name}(writer: ${scope.runtimeType('JuteWriter')}, items: ${typeExpression(scope, type)}): void {`,
    '  if (items === null) {',
    '    writer.writeInt(-1)',
    '    return',
    '  }',
    '  writer.writeInt(items.length)',
    `  for (const item of items) ${writeStatement(scope, type.item, 'item')}`,
    '}'
  ].join('\n')
}

function decodeMap(scope: ModuleScope, name: string, type: MapType): string {
  const entries = typeExpression(scope, type)
  const entrySizeBytesMin = minimumSizeBytes(type.key) + minimumSizeBytes(type.value)
  return [
    `function ${name}(reader: ${scope.runtimeType('JuteReader')}, field: string): ${entries} {`,
    `  const count = reader.readVectorLength(field, ${entrySizeBytesMin})`,
    `  const entries: ${entries} = new Map()`,
    '  for (let index = 0; index < count; index++) {',
    `    const key = ${readExpression(scope, type.key, 'field')}`,
    `    entries.set(key, ${readExpression(scope, type.value, 'field')})`,
    '  }',
    '  return entries',
    '}'
  ].join('\n')
}

function encodeMap(scope: ModuleScope, name: string, type: MapType): string {
  return [
    `function ${name}(writer: ${scope.runtimeType('JuteWriter')}, entries: ${typeExpression(scope, type)}): void {`,
    '  writer.writeInt(entries.size)',
    '  for (const [key, value] of entries) {',
    `    ${writeStatement(scope, type.key, 'key')}`,
    `    ${writeStatement(scope, type.value, 'value')}`,
    '  }',
    '}'
  ].join('\n')
}

function skipContainer(scope: ModuleScope, name: string, type: VectorType | MapType): string {
  const parts = type.kind === 'vector' ? [type.item] : [type.key, type.value]
  const itemSizeBytesMin = parts.reduce((sum, part) => sum + minimumSizeBytes(part), 0)
  const head = [
    `function ${name}(reader: ${scope.runtimeType('JuteReader')}, field: string): void {`,
    `  const count = reader.readVectorLength(field, ${itemSizeBytesMin})`
  ]
  if (parts.every((part) => fixedSizeBytes(part) !== null)) {
    return [...head, `  if (count > 0) reader.skip(count * ${itemSizeBytesMin}, field)`, '}'].join('\n')
  }
  return [
    ...head,
    '  for (let index = 0; index < count; index++) {',
    ...parts.map((part) => `    ${skipStatement(scope, part, 'field')}`),
    '  }',
    '}'
  ].join('\n')
}
