import type { JuteType, RecordSchema } from '../../src/compiler/index.ts'

/**
 * Records as the golden files have them: longs are decimal strings, buffers hex, maps lists of pairs, and special floating
 * point values strings.
 */
export function recordFromJson(record: RecordSchema, json: unknown, long: 'bigint' | 'pair'): Record<string, unknown> {
  const properties: [string, unknown][] = []
  for (const { name, type } of record.fields) {
    const value = fromJson(type, property(json, name), long)
    if (long === 'pair' && typeof value === 'bigint') {
      properties.push([`${name}Hi`, Number(BigInt.asIntN(32, value >> 32n))])
      properties.push([`${name}Lo`, Number(BigInt.asIntN(32, value))])
    } else {
      properties.push([name, value])
    }
  }
  return Object.fromEntries(properties)
}

function fromJson(type: JuteType, json: unknown, long: 'bigint' | 'pair'): unknown {
  switch (type.kind) {
    case 'primitive':
      return primitiveFromJson(type.name, json)
    case 'vector':
      return json === null ? null : array(json).map((item) => fromJson(type.item, item, long))
    case 'map':
      return new Map(
        array(json).map((entry): [unknown, unknown] => {
          const [key, value] = array(entry)
          return [fromJson(type.key, key, long), fromJson(type.value, value, long)]
        })
      )
    case 'record':
      return recordFromJson(type.record, json, long)
  }
}

function primitiveFromJson(name: string, json: unknown): unknown {
  switch (name) {
    case 'long':
      return BigInt(String(json))
    case 'buffer':
      return json === null ? null : Buffer.from(String(json), 'hex')
    case 'float':
    case 'double':
      return Number(json)
    default:
      return json
  }
}

function property(json: unknown, name: string): unknown {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, name))
    throw new TypeError(`no value for ${name}`)
  return Object.entries(json).find(([key]) => key === name)?.[1]
}

function array(json: unknown): unknown[] {
  if (!Array.isArray(json)) throw new TypeError('a list is needed')
  return json
}
