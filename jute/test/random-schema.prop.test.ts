import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { JuteReader, JuteWriter, tryDecode } from '../src/index.ts'
import { loadRecords } from './support/load-records.ts'
import { schemaText } from './support/random-schema.ts'
import { recordArbitrary } from './support/record-arbitrary.ts'

/** A schema, one of its records, and a value of it. */
const cases = fc.tuple(schemaText, fc.constantFrom('bigint', 'pair')).chain(([text, long]) => {
  const { schema, codecs } = loadRecords(text, long)
  const entries = schema.modules.flatMap((module) =>
    module.records.map((record) => ({ record, codec: codecs.get(`${module.name}.${record.name}`) }))
  )
  return fc.constantFrom(...entries).chain(({ record, codec }) => {
    if (codec === undefined) throw new Error(`no code for ${record.name}`)
    return recordArbitrary(record, long).map((value) => ({ text, codec, value }))
  })
})

test('records of any schema come back as they went, from any piece of a stream that holds them whole', () => {
  fc.assert(
    fc.property(cases, fc.nat(), ({ codec, value }, cut) => {
      const writer = new JuteWriter(1)
      codec.encode(writer, value)
      const bytes = writer.bytes()

      const reader = new JuteReader(bytes)
      expect(codec.decode(reader)).toEqual(value)
      expect(reader.remaining).toBe(0)
      codec.skip(reader.reset(bytes))
      expect(reader.remaining).toBe(0)
      expect(tryDecode(reader.reset(bytes, 0, cut % bytes.length), codec.decode)).toBeNull()
      expect(reader.offset).toBe(0)
    }),
    { numRuns: 150 }
  )
})
