import type { SourceSpan } from './compile-error.ts'
import type { PrimitiveName } from './syntax.ts'

/** Checked declarations: every name is resolved and every type can be encoded. */
export interface Schema {
  readonly modules: readonly ModuleSchema[]
}

export interface ModuleSchema {
  /** Dotted, such as `org.apache.zookeeper.data`. */
  readonly name: string
  readonly doc: string
  readonly records: readonly RecordSchema[]
}

export interface RecordSchema {
  readonly name: string
  /** Dotted name of the module. */
  readonly module: string
  readonly doc: string
  readonly span: SourceSpan
  readonly fields: readonly FieldSchema[]
}

export interface FieldSchema {
  readonly name: string
  readonly doc: string
  readonly span: SourceSpan
  readonly type: JuteType
}

export type JuteType =
  | { readonly kind: 'primitive'; readonly name: PrimitiveName }
  | { readonly kind: 'vector'; readonly item: JuteType }
  | { readonly kind: 'map'; readonly key: JuteType; readonly value: JuteType }
  | { readonly kind: 'record'; readonly record: RecordSchema }

const PRIMITIVE_SIZES: Readonly<Record<PrimitiveName, number | null>> = {
  byte: 1,
  boolean: 1,
  int: 4,
  long: 8,
  float: 4,
  double: 8,
  ustring: null,
  buffer: null
}

/** What a length or a count takes. */
const LENGTH_SIZE_BYTES = 4

/** Encoded size of every value of the type, or null if it varies. */
export function fixedSizeBytes(type: JuteType): number | null {
  if (type.kind === 'primitive') return PRIMITIVE_SIZES[type.name]
  return type.kind === 'record' ? recordSizeBytes(type.record) : null
}

/** Encoded size of every such record, or null if it varies. */
export function recordSizeBytes(record: RecordSchema): number | null {
  let total = 0
  for (const { type } of record.fields) {
    const size = fixedSizeBytes(type)
    if (size === null) return null
    total += size
  }
  return total
}

/** Least encoded size of a value of the type: above 0, since records have fields. */
export function minimumSizeBytes(type: JuteType): number {
  if (type.kind === 'record') return type.record.fields.reduce((sum, field) => sum + minimumSizeBytes(field.type), 0)
  return fixedSizeBytes(type) ?? LENGTH_SIZE_BYTES
}

/** The records that values of the type hold, through vectors and maps too. */
export function recordsWithin(type: JuteType): RecordSchema[] {
  switch (type.kind) {
    case 'primitive':
      return []
    case 'vector':
      return recordsWithin(type.item)
    case 'map':
      return [...recordsWithin(type.key), ...recordsWithin(type.value)]
    case 'record':
      return [type.record]
  }
}

/** Tells whether a record can hold another of its kind, at any depth; such records nest as deep as the input says. */
export function isRecursive(record: RecordSchema): boolean {
  const seen = new Set<RecordSchema>()
  const pending = record.fields.flatMap((field) => recordsWithin(field.type))
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (next === record) return true
    if (seen.has(next)) continue
    seen.add(next)
    pending.push(...next.fields.flatMap((field) => recordsWithin(field.type)))
  }
  return false
}
