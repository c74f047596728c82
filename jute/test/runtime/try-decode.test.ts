import { expect, test } from '@jest/globals'
import { JuteError, JuteReader, tryDecode } from '../../src/index.ts'

const decodePair = (reader: JuteReader): (string | null)[] => [reader.readString(), reader.readString()]

test('gives null while bytes are missing, and stays where it was', () => {
  const bytes = Buffer.from('ff' + '00000001' + '61' + '00000002' + '6263', 'hex')

  for (let end = 1; end < bytes.length; end++) {
    const reader = new JuteReader().reset(bytes, 1, end)
    expect(tryDecode(reader, decodePair)).toBeNull()
    expect(reader.offset).toBe(1)
  }
})

test('gives the record once it is whole, and stops behind it', () => {
  const reader = new JuteReader().reset(Buffer.from('0000000161' + '000000026263' + '00', 'hex'))

  expect(tryDecode(reader, decodePair)).toEqual(['a', 'bc'])
  expect(reader.remaining).toBe(1)
})

test('passes on errors that more bytes cannot mend', () => {
  const reader = new JuteReader(Buffer.from('7fffffff', 'hex'))

  expect(() => tryDecode(reader, decodePair)).toThrow(JuteError)
})

test('passes on errors of the decoder itself', () => {
  const reader = new JuteReader()

  expect(() =>
    tryDecode(reader, () => {
      throw new TypeError('not of the bytes')
    })
  ).toThrow(TypeError)
})
