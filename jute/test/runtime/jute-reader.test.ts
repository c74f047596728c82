import { describe, expect, test } from '@jest/globals'
import { JuteError, JuteReader, LENGTH_MAX_DEFAULT } from '../../src/index.ts'

function readerOf(hex: string, lengthMax?: number): JuteReader {
  return new JuteReader(Buffer.from(hex, 'hex'), lengthMax)
}

/** The error of a call that must fail. */
function errorOf(call: () => unknown): JuteError {
  try {
    call()
  } catch (error) {
    if (error instanceof JuteError) return error
    throw error
  }
  throw new Error('no error was thrown')
}

describe('numbers', () => {
  test.each([
    { hex: '00', value: false },
    { hex: '01', value: true },
    { hex: '02', value: true },
    { hex: 'ff', value: true }
  ])('reads the boolean $hex as $value', ({ hex, value }) => {
    expect(readerOf(hex).readBool()).toBe(value)
  })

  test.each([
    { hex: '7f', value: 127 },
    { hex: '80', value: -128 },
    { hex: 'ff', value: -1 }
  ])('reads the byte $hex as $value', ({ hex, value }) => {
    expect(readerOf(hex).readByte()).toBe(value)
  })

  test.each([
    { hex: '7fffffff', value: 2147483647 },
    { hex: '80000000', value: -2147483648 },
    { hex: 'ffffffff', value: -1 },
    { hex: '01020304', value: 0x01020304 }
  ])('reads the int $hex as $value', ({ hex, value }) => {
    expect(readerOf(hex).readInt()).toBe(value)
  })

  test.each([
    { hex: '7fffffffffffffff', value: 9223372036854775807n },
    { hex: '8000000000000000', value: -9223372036854775808n },
    { hex: '00000000ffffffff', value: 4294967295n },
    { hex: 'ffffffff00000000', value: -4294967296n }
  ])('reads the long $hex as $value', ({ hex, value }) => {
    expect(readerOf(hex).readLong()).toBe(value)
  })

  test.each([
    { read: 'readBool', hex: '' },
    { read: 'readByte', hex: '' },
    { read: 'readInt', hex: '000000' },
    { read: 'readLong', hex: '00000000000000' },
    { read: 'readFloat', hex: '000000' },
    { read: 'readDouble', hex: '00000000000000' },
    { read: 'readBuffer', hex: '000000' },
    { read: 'readString', hex: '000000' },
    { read: 'readVectorLength', hex: '000000' }
  ] as const)('$read reports an underflow on too few bytes, and does not move', ({ read, hex }) => {
    const reader = readerOf(hex)

    const error = errorOf(() => reader[read]('Some.field'))

    expect(error).toMatchObject({ code: 'UNDERFLOW', field: 'Some.field', offset: 0 })
    expect(reader.offset).toBe(0)
  })
})

describe('buffers and strings', () => {
  test('a null buffer and an empty one differ', () => {
    expect(readerOf('ffffffff').readBuffer()).toBeNull()
    expect(readerOf('00000000').readBuffer()).toHaveLength(0)
  })

  test('a null string and an empty one differ', () => {
    expect(readerOf('ffffffff').readString()).toBeNull()
    expect(readerOf('00000000').readString()).toBe('')
  })

  test('a buffer is a view into the input', () => {
    const input = Buffer.from('00000002aabb', 'hex')
    const read = new JuteReader(input).readBuffer()

    input[4] = 0

    expect(read).toEqual(Buffer.from('00bb', 'hex'))
  })

  test.each([11, 12, 13, 14, 200])('reads ASCII texts of %d characters', (length) => {
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(8).slice(0, length)
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, length]), Buffer.from(text)])

    expect(new JuteReader(bytes).readString()).toBe(text)
  })

  test.each([0, 1, 2, 3, 4, 5])('reads a short text whose character %d is not ASCII', (index) => {
    const text = `${'a'.repeat(index)}é${'b'.repeat(5 - index)}`
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 7]), Buffer.from(text)])

    expect(new JuteReader(bytes).readString()).toBe(text)
  })

  test.each([
    { length: '7fffffff', value: 2147483647 },
    { length: '00200001', value: 2097153 },
    { length: 'fffffffe', value: -2 },
    { length: '80000000', value: -2147483648 }
  ])('refuses the length $value by default', ({ length, value }) => {
    for (const read of ['readBuffer', 'readString', 'skipBuffer'] as const) {
      const error = errorOf(() => readerOf(`${length}00`)[read]('Create.path'))

      expect(error).toMatchObject({ code: 'UNREASONABLE_LENGTH', offset: 0, field: 'Create.path' })
      expect(error.message).toContain(`unreasonable length ${value}`)
    }
  })

  test('accepts the default limit, and refuses one byte more', () => {
    const bytes = Buffer.alloc(4 + LENGTH_MAX_DEFAULT + 1)
    bytes.writeInt32BE(LENGTH_MAX_DEFAULT)
    expect(new JuteReader(bytes).readBuffer()).toHaveLength(LENGTH_MAX_DEFAULT)

    bytes.writeInt32BE(LENGTH_MAX_DEFAULT + 1)
    expect(errorOf(() => new JuteReader(bytes).readBuffer()).code).toBe('UNREASONABLE_LENGTH')
  })

  test('the limit can be set', () => {
    expect(readerOf('00000002aabb', 2).readBuffer()).toHaveLength(2)
    expect(errorOf(() => readerOf('00000003aabbcc', 2).readBuffer()).code).toBe('UNREASONABLE_LENGTH')
  })

  test('a length within the limit but beyond the input is an underflow', () => {
    expect(errorOf(() => readerOf('00000003aabb').readString()).code).toBe('UNDERFLOW')
  })

  test('the end of the range counts, not that of the buffer', () => {
    const reader = new JuteReader().reset(Buffer.from('00000002aabbcc', 'hex'), 0, 5)

    expect(errorOf(() => reader.readBuffer()).code).toBe('UNDERFLOW')
  })
})

describe('vectors', () => {
  test.each([
    { hex: 'ffffffff', count: -1 },
    { hex: 'fffffffe', count: 0 },
    { hex: '80000000', count: 0 },
    { hex: '00000000', count: 0 },
    { hex: '0000000200000000', count: 2 }
  ])('takes the count $hex as $count', ({ hex, count }) => {
    expect(readerOf(hex).readVectorLength()).toBe(count)
  })

  test('refuses a count that the bytes left cannot hold', () => {
    expect(errorOf(() => readerOf('7fffffff00000000').readVectorLength('Acl', 4)).code).toBe('UNDERFLOW')
    expect(errorOf(() => readerOf('0000000200000000').readVectorLength('Acl', 4)).code).toBe('UNDERFLOW')
    expect(errorOf(() => readerOf('0000000500000000').readVectorLength()).code).toBe('UNDERFLOW')
  })
})

describe('reset', () => {
  test.each([
    { start: -1, end: 2 },
    { start: 2, end: 1 },
    { start: 0, end: 5 },
    { start: Number.NaN, end: 2 }
  ])('refuses the range $start to $end of four bytes', ({ start, end }) => {
    expect(() => new JuteReader().reset(Buffer.alloc(4), start, end)).toThrow(RangeError)
  })

  test('starts over on another buffer', () => {
    const reader = readerOf('01')
    reader.readBool()

    reader.reset(Buffer.from('ffff00000007ff', 'hex'), 2, 6)

    expect(reader.readInt()).toBe(7)
    expect(reader.remaining).toBe(0)
  })
})

test('an error names the field and the place', () => {
  const reader = readerOf('00000001' + '0000')
  reader.readInt()

  expect(errorOf(() => reader.readInt('CreateRequest.flags')).message).toBe(
    'CreateRequest.flags at offset 4: 4 bytes needed, 2 left'
  )
  expect(errorOf(() => reader.readInt()).message).toBe('Jute item at offset 4: 4 bytes needed, 2 left')
})
