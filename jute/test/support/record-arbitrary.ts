import fc from 'fast-check'
import type { JuteType, RecordSchema } from '../../src/compiler/index.ts'
import type { PrimitiveName } from '../../src/compiler/syntax.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
// Well-formed: a lone surrogate does not come back as it went.
const text = fc.string({ unit: 'binary', maxLength: 20 })

const PRIMITIVES: Readonly<Record<PrimitiveName, fc.Arbitrary<unknown>>> = {
  byte: fc.integer({ min: -128, max: 127 }),
  boolean: fc.boolean(),
  int: int32,
  long: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float: fc.float(),
  double: fc.double(),
  ustring: fc.option(fc.oneof(text, fc.string({ maxLength: 40 })), { nil: null }),
  buffer: fc.option(
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    { nil: null }
  )
}

/** Any value of a record, as its generated interface has it. */
export function recordArbitrary(record: RecordSchema, long: 'bigint' | 'pair'): fc.Arbitrary<Record<string, unknown>> {
  const properties = record.fields.flatMap(({ name, type }): [string, fc.Arbitrary<unknown>][] =>
    long === 'pair' && type.kind === 'primitive' && type.name === 'long'
      ? [
          [`${name}Hi`, int32],
          [`${name}Lo`, int32]
        ]
      : [[name, typeArbitrary(type, long)]]
  )
  return fc.record(Object.fromEntries(properties), { noNullPrototype: true })
}

function typeArbitrary(type: JuteType, long: 'bigint' | 'pair'): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'primitive':
      return PRIMITIVES[type.name]
    case 'vector':
      return fc.option(fc.array(typeArbitrary(type.item, long), { maxLength: 4 }), { nil: null })
    case 'map':
      return fc
        .array(fc.tuple(typeArbitrary(type.key, long), typeArbitrary(type.value, long)), { maxLength: 4 })
        .map((entries) => new Map(entries))
    case 'record':
      return recordArbitrary(type.record, long)
  }
}
