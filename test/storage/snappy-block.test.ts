import { describe, expect, test } from '@jest/globals'
import { decodeBlock, SnappyError } from '../../src/storage/snappy-block.ts'

function block(...bytes: (number | string)[]): Buffer {
  return Buffer.concat(bytes.map((byte) => (typeof byte === 'string' ? Buffer.from(byte) : Buffer.from([byte]))))
}

describe('a block of raw Snappy', () => {
  test.each([
    { name: 'nothing', bytes: block(0), text: '' },
    { name: 'a literal', bytes: block(3, 2 << 2, 'abc'), text: 'abc' },
    { name: 'a literal with one byte of length', bytes: block(70, 60 << 2, 69, 'x'.repeat(70)), text: 'x'.repeat(70) },
    {
      name: 'a literal with two bytes of length',
      bytes: block(0xac, 2, 61 << 2, 0x2b, 1, 'y'.repeat(300)),
      text: 'y'.repeat(300)
    },
    { name: 'a copy with one byte of distance', bytes: block(8, 3 << 2, 'abcd', 0x01, 4), text: 'abcdabcd' },
    { name: 'a copy that overlaps what it makes', bytes: block(9, 1 << 2, 'ab', (3 << 2) | 1, 2), text: 'ababababa' },
    { name: 'a copy with two bytes of distance', bytes: block(5, 2 << 2, 'abc', (1 << 2) | 2, 3, 0), text: 'abcab' },
    {
      name: 'a copy with four bytes of distance',
      bytes: block(5, 2 << 2, 'abc', (1 << 2) | 3, 2, 0, 0, 0),
      text: 'abcbc'
    }
  ])('gives $name', ({ bytes, text }) => {
    expect(decodeBlock(bytes, 1000).toString()).toBe(text)
  })

  test.each([
    { name: 'is empty', bytes: block() },
    { name: 'is longer than it may be', bytes: block(0xe9, 7, 61 << 2, 0xe8, 3, 'z'.repeat(1001)) },
    { name: 'says that it is longer than there is memory', bytes: block(0xff, 0xff, 0xff, 0xff, 0x0f, 3 << 2, 'abcd') },
    { name: 'has an endless length', bytes: block(0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
    { name: 'has a literal beyond its end', bytes: block(4, 3 << 2, 'abc') },
    { name: 'has a literal beyond its length', bytes: block(2, 2 << 2, 'abc') },
    { name: 'copies from before its beginning', bytes: block(8, 3 << 2, 'abcd', 0x01, 5) },
    { name: 'copies at no distance', bytes: block(8, 3 << 2, 'abcd', 0x01, 0) },
    { name: 'copies beyond its length', bytes: block(7, 3 << 2, 'abcd', 0x01, 4) },
    { name: 'ends within a copy', bytes: block(8, 3 << 2, 'abcd', 0x02, 4) },
    { name: 'gives less than it says', bytes: block(9, 3 << 2, 'abcd', 0x01, 4) }
  ])('that $name is refused', ({ bytes }) => {
    expect(() => decodeBlock(bytes, 1000)).toThrow(SnappyError)
  })
})
