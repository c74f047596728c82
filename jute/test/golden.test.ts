import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from '../src/index.ts'
import { recordFromJson } from './support/json-record.ts'
import { loadRecords } from './support/load-records.ts'

interface Golden {
  readonly records: readonly {
    readonly name: string
    readonly record: string
    readonly value: unknown
    readonly hex: string
  }[]
  readonly encodedTexts: readonly { readonly utf16: string; readonly hex: string }[]
  readonly decodedBytes: readonly { readonly hex: string; readonly utf16: string }[]
}

const directory = join(__dirname, 'golden')
const golden: Golden = JSON.parse(readFileSync(join(directory, 'golden.json'), 'utf8'))
const types = readFileSync(join(directory, 'types.jute'), 'utf8')

function utf16(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('hex')
}

function fromUtf16(hex: string): string {
  return Buffer.from(hex, 'hex').swap16().toString('utf16le')
}

function readText(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return new JuteReader(Buffer.concat([length, bytes])).readString() ?? 'null'
}

function writeText(text: string): string {
  const writer = new JuteWriter()
  writer.writeString(text)
  return writer.bytes().toString('hex')
}

describe.each(['bigint', 'pair'] as const)(
  'records with longs as %s, against bytes of the Java implementation',
  (long) => {
    const { schema, codecs } = loadRecords(types, long)
    const records = new Map(
      schema.modules.flatMap((m) => m.records.map((record) => [`${m.name}.${record.name}`, record]))
    )
    const cases = golden.records.map(({ name, record, value, hex }) => {
      const recordSchema = records.get(record)
      const codec = codecs.get(record)
      if (recordSchema === undefined || codec === undefined) throw new Error(`no record ${record}`)
      return { name, codec, value: recordFromJson(recordSchema, value, long), hex }
    })

    test.each(cases)('encodes $name', ({ codec, value, hex }) => {
      const writer = new JuteWriter(1)

      codec.encode(writer, value)

      expect(writer.bytes().toString('hex')).toBe(hex)
    })

    test.each(cases)('decodes $name', ({ codec, value, hex }) => {
      const reader = new JuteReader(Buffer.from(hex, 'hex'))

      const decoded = codec.decode(reader)

      expect(decoded).toEqual(value)
      expect(reader.remaining).toBe(0)
    })

    test.each(cases)('skips $name', ({ codec, hex }) => {
      const reader = new JuteReader(Buffer.from(hex, 'hex'))

      codec.skip(reader)

      expect(reader.remaining).toBe(0)
    })
  }
)

describe('text, against the Java implementation', () => {
  test('reads well-formed and malformed bytes as Java does', () => {
    const read = golden.decodedBytes.map(({ hex }) => ({ hex, utf16: utf16(readText(hex)) }))

    expect(read).toEqual(golden.decodedBytes)
  })

  const isSurrogate = /[\ud800-\udfff]/
  const texts = golden.encodedTexts.map((each) => ({ ...each, text: fromUtf16(each.utf16) }))

  test.each(texts.filter(({ text }) => !isSurrogate.test(text)))('writes $text as Java does', ({ text, hex }) => {
    expect(writeText(text)).toBe(hex)
  })

  // The Java writer encodes each surrogate by itself, which is not UTF-8, and which no reader (its own included) can read.
  test('writes characters outside the basic plane as UTF-8, unlike Java', () => {
    const java = golden.encodedTexts.find((each) => each.utf16 === 'd83dde00')

    expect(java?.hex).toBe('00000006eda0bdedb880')
    expect(writeText('\u{1f600}')).toBe('00000004f09f9880')
  })

  test.each(texts.filter(({ text }) => isSurrogate.test(text) && !/[\ud800-\udbff][\udc00-\udfff]/.test(text)))(
    'writes the lone surrogates of $utf16 so that they are read as what Java wrote is read',
    ({ text, hex }) => {
      const ours = writeText(text)

      expect(readText(ours.slice(8))).toBe(readText(hex.slice(8)))
      expect(ours.length).toBe(hex.length)
    }
  )
})
