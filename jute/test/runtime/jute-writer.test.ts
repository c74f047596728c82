import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from '../../src/index.ts'

function written(write: (writer: JuteWriter) => void): string {
  const writer = new JuteWriter(1)
  write(writer)
  return writer.bytes().toString('hex')
}

describe('numbers', () => {
  test.each([
    { name: 'true', write: (w: JuteWriter) => w.writeBool(true), hex: '01' },
    { name: 'false', write: (w: JuteWriter) => w.writeBool(false), hex: '00' },
    { name: 'a byte', write: (w: JuteWriter) => w.writeByte(127), hex: '7f' },
    { name: 'a negative byte', write: (w: JuteWriter) => w.writeByte(-128), hex: '80' },
    { name: 'the low bits of a greater byte', write: (w: JuteWriter) => w.writeByte(0x1ff), hex: 'ff' },
    { name: 'an int', write: (w: JuteWriter) => w.writeInt(0x01020304), hex: '01020304' },
    { name: 'a negative int', write: (w: JuteWriter) => w.writeInt(-2), hex: 'fffffffe' },
    { name: 'the low bits of a greater int', write: (w: JuteWriter) => w.writeInt(2 ** 32 + 1), hex: '00000001' },
    { name: 'a long', write: (w: JuteWriter) => w.writeLong(-4294967297n), hex: 'fffffffeffffffff' },
    { name: 'a pair of ints as a long', write: (w: JuteWriter) => w.writeInt64(-2, -1), hex: 'fffffffeffffffff' },
    { name: 'a float', write: (w: JuteWriter) => w.writeFloat(-2.25), hex: 'c0100000' },
    { name: 'a double', write: (w: JuteWriter) => w.writeDouble(1), hex: '3ff0000000000000' },
    { name: 'bytes as they are', write: (w: JuteWriter) => w.writeBytes(new Uint8Array([1, 2])), hex: '0102' }
  ])('writes $name', ({ write, hex }) => {
    expect(written(write)).toBe(hex)
  })
})

describe('buffers and strings', () => {
  test.each([
    { value: null, hex: 'ffffffff' },
    { value: '', hex: '00000000' },
    { value: 'ab', hex: '000000026162' },
    { value: 'é漢', hex: '00000005c3a9e6bca2' },
    { value: '\u{1f600}', hex: '00000004f09f9880' },
    { value: 'a\ud83d', hex: '0000000461efbfbd' }
  ])('writes the string $value', ({ value, hex }) => {
    expect(written((writer) => writer.writeString(value))).toBe(hex)
  })

  test.each([
    { value: null, hex: 'ffffffff' },
    { value: new Uint8Array(0), hex: '00000000' },
    { value: new Uint8Array([0, 255]), hex: '0000000200ff' }
  ])('writes the buffer $value', ({ value, hex }) => {
    expect(written((writer) => writer.writeBuffer(value))).toBe(hex)
  })

  test.each([15, 16, 17, 18, 5000])('writes texts of %d characters, with and without one beyond ASCII', (length) => {
    for (const text of ['x'.repeat(length), `${'x'.repeat(length - 1)}ß`]) {
      const writer = new JuteWriter(1)

      writer.writeString(text)

      expect(new JuteReader(writer.bytes()).readString()).toBe(text)
    }
  })
})

describe('the memory', () => {
  test('grows and keeps what was written', () => {
    const writer = new JuteWriter(2)
    for (let value = 0; value < 1000; value++) writer.writeInt(value)

    const reader = new JuteReader(writer.bytes())
    const values = Array.from({ length: 1000 }, () => reader.readInt())

    expect(values).toEqual(Array.from({ length: 1000 }, (_, index) => index))
  })

  test('at least doubles when it grows', () => {
    const writer = new JuteWriter(64)

    writer.writeBytes(new Uint8Array(65))

    expect(writer.buffer).toHaveLength(128)
  })

  test('of size 0 can grow', () => {
    const writer = new JuteWriter(0)

    writer.writeInt(7)

    expect(writer.bytes().toString('hex')).toBe('00000007')
  })

  test('is used again after a reset, and a copy is not touched', () => {
    const writer = new JuteWriter(16)
    writer.writeInt(1)
    const view = writer.bytes()
    const copy = writer.copyBytes()

    writer.reset().writeInt(2)

    expect(view.toString('hex')).toBe('00000002')
    expect(copy.toString('hex')).toBe('00000001')
    expect(writer.offset).toBe(4)
  })
})
