import { formatPlace, JuteCompileError } from './compile-error.ts'
import type { FieldSchema, JuteType, ModuleSchema, RecordSchema, Schema } from './schema.ts'
import type { FieldSyntax, FileSyntax, ModuleSyntax, RecordSyntax, TypeSyntax } from './syntax.ts'

/** A record whose fields are filled in once all names are known. */
interface OpenRecord extends RecordSchema {
  readonly fields: FieldSchema[]
  readonly syntax: RecordSyntax
}

/**
 * Resolves the names of all files together. Modules of the same name are one module; records may be used above their
 * declaration.
 *
 * @throws JuteCompileError for names declared twice or not at all, and for records that would contain themselves
 */
export function check(files: readonly FileSyntax[]): Schema {
  const records = new Map<string, OpenRecord>()
  const modules = files.flatMap((file) => file.modules)
  for (const module of modules) {
    for (const record of module.records) declare(records, module, record)
  }
  for (const record of records.values()) {
    for (const field of record.syntax.fields) addField(records, record, field)
  }
  for (const record of records.values()) refuseContainingItself(record)
  return { modules: mergeModules(modules, records) }
}

function declare(records: Map<string, OpenRecord>, module: ModuleSyntax, syntax: RecordSyntax): void {
  const fullName = `${module.name}.${syntax.name}`
  const earlier = records.get(fullName)
  if (earlier !== undefined) {
    const place = formatPlace(earlier.span)
    throw new JuteCompileError(`class ${syntax.name} is already declared at ${place}`, syntax.span)
  }
  const { name, doc, span } = syntax
  records.set(fullName, { name, module: module.name, doc, span, fields: [], syntax })
}

function addField(records: ReadonlyMap<string, OpenRecord>, record: OpenRecord, syntax: FieldSyntax): void {
  const { name, doc, span } = syntax
  if (record.fields.some((field) => field.name === name)) {
    throw new JuteCompileError(`class ${record.name} has two fields '${name}'`, span)
  }
  record.fields.push({ name, doc, span, type: resolve(records, record.module, syntax.type) })
}

function resolve(records: ReadonlyMap<string, OpenRecord>, module: string, type: TypeSyntax): JuteType {
  switch (type.kind) {
    case 'primitive':
      return type
    case 'vector':
      return { kind: 'vector', item: resolve(records, module, type.item) }
    case 'map': {
      const key = resolve(records, module, type.key)
      if (key.kind !== 'primitive' || key.name === 'buffer') {
        throw new JuteCompileError('a map is keyed by a number, a boolean or a ustring', type.keySpan)
      }
      return { kind: 'map', key, value: resolve(records, module, type.value) }
    }
    case 'named': {
      const record = records.get(type.name.includes('.') ? type.name : `${module}.${type.name}`)
      if (record === undefined) throw new JuteCompileError(unknownType(records, type.name), type.span)
      return { kind: 'record', record }
    }
  }
}

function unknownType(records: ReadonlyMap<string, OpenRecord>, name: string): string {
  const elsewhere = [...records.keys()].filter((fullName) => fullName.endsWith(`.${name}`))
  const hint = elsewhere.length === 0 ? '' : `; did you mean ${elsewhere.join(' or ')}?`
  return `unknown type '${name}'${hint}`
}

/** A record inside itself, not through a vector or a map, would have no end. */
function refuseContainingItself(record: OpenRecord): void {
  const visited = new Set<RecordSchema>() // cycles that do not lead back to `record` are found from their own members
  const visit = (at: RecordSchema, path: readonly string[]): void => {
    for (const { name, span, type } of at.fields) {
      if (type.kind !== 'record' || visited.has(type.record)) continue
      const innerPath = [...path, name]
      if (type.record === record) {
        throw new JuteCompileError(`class ${record.name} contains itself: ${innerPath.join('.')}`, span)
      }
      visited.add(type.record)
      visit(type.record, innerPath)
    }
  }
  visit(record, [record.name])
}

function mergeModules(modules: readonly ModuleSyntax[], records: ReadonlyMap<string, OpenRecord>): ModuleSchema[] {
  const names = [...new Set(modules.map((module) => module.name))]
  return names.map((name) => ({
    name,
    doc: modules
      .filter((module) => module.name === name && module.doc !== '')
      .map((module) => module.doc)
      .join('\n\n'),
    records: [...records.values()].filter((record) => record.module === name)
  }))
}
