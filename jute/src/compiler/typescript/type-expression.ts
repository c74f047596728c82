import type { FieldSchema, JuteType } from '../schema.ts'
import type { PrimitiveName } from '../syntax.ts'
import type { ModuleScope } from './module-scope.ts'

const PRIMITIVE_TYPES: Readonly<Record<PrimitiveName, string>> = {
  byte: 'number',
  boolean: 'boolean',
  int: 'number',
  long: 'bigint',
  float: 'number',
  double: 'number',
  ustring: 'string | null',
  buffer: 'Uint8Array | null'
}

/** Endings of the methods of the runtime, such as `readInt`, and of its functions, such as `putInt`. */
export const RUNTIME_NAMES: Readonly<Record<PrimitiveName, string>> = {
  byte: 'Byte',
  boolean: 'Bool',
  int: 'Int',
  long: 'Long',
  float: 'Float',
  double: 'Double',
  ustring: 'String',
  buffer: 'Buffer'
}

/** The TypeScript type of a Jute type. */
export function typeExpression(scope: ModuleScope, type: JuteType): string {
  switch (type.kind) {
    case 'primitive':
      return PRIMITIVE_TYPES[type.name]
    case 'vector': {
      const item = typeExpression(scope, type.item)
      return `${item.endsWith('| null') ? `(${item})` : item}[] | null`
    }
    case 'map':
      return `Map<${typeExpression(scope, type.key)}, ${typeExpression(scope, type.value)}>`
    case 'record':
      return scope.typeOf(type.record)
  }
}

/** One property of a generated interface. */
export interface Property {
  readonly name: string
  readonly type: JuteType
  readonly doc: string
  /** The field, as errors name it: `Stat.czxid`. */
  readonly field: string
}

const HALF: JuteType = { kind: 'primitive', name: 'int' }

/** The properties of a field: one, or two for a long that is a pair. Both halves are read and written as ints. */
export function properties(scope: ModuleScope, recordName: string, field: FieldSchema): Property[] {
  const { name, type, doc } = field
  const fullName = `${recordName}.${name}`
  if (scope.options.long === 'bigint' || type.kind !== 'primitive' || type.name !== 'long') {
    return [{ name, type, doc, field: fullName }]
  }
  return [
    { name: `${name}Hi`, type: HALF, doc, field: fullName },
    { name: `${name}Lo`, type: HALF, doc: '', field: fullName }
  ]
}
