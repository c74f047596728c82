import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeBlock, SnappyBlockEncoder, SnappyError } from '../../src/storage/snappy-block.ts'

/** Bytes with many repetitions, near and far, short and long, between ones that repeat nothing. */
const compressible = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.nat(300)).map(([unit, count]) => repeated(unit, count))
    ),
    { maxLength: 40 }
  )
  .map((parts) => Buffer.concat(parts))

function repeated(unit: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => unit))
}

const BYTES_MAX = 1 << 20

describe('what is encoded', () => {
  test('is decoded to the same, block after block of one encoder', () => {
    const encoder = new SnappyBlockEncoder()

    fc.assert(
      fc.property(fc.oneof(compressible, fc.uint8Array({ maxLength: 2000 })), fc.nat(9), (bytes, roomBytes) => {
        const encoded = encoder.encode(bytes, roomBytes).subarray(roomBytes)

        expect(decodeBlock(encoded, bytes.length).equals(bytes)).toBe(true)
      }),
      { numRuns: 1000 }
    )
  })

  test('may be as long as a row, with repetitions further away than a copy reaches', () => {
    const unit = randomBytes(90_000)
    const bytes = Buffer.concat([unit, unit, Buffer.alloc(70_000), unit.subarray(0, 300), unit, Buffer.from('end')])

    const encoded = new SnappyBlockEncoder().encode(bytes)

    expect(decodeBlock(encoded, BYTES_MAX).equals(bytes)).toBe(true)
  })

  test('becomes hardly longer where nothing repeats itself', () => {
    const bytes = randomBytes(100_000)

    expect(new SnappyBlockEncoder().encode(bytes).length).toBeLessThan(bytes.length + 50)
  })

  test.each([
    { name: 'nothing', bytes: Buffer.alloc(0), bytesMax: 1 },
    { name: 'zeros', bytes: Buffer.alloc(1 << 15), bytesMax: 1600 },
    { name: 'a text again and again', bytes: Buffer.from('/zookeeper/quota'.repeat(1000)), bytesMax: 900 },
    { name: 'a repetition far away', bytes: repeated(Buffer.from('far away'.padEnd(5000, '0123')), 6), bytesMax: 2000 }
  ])('of $name becomes short', ({ bytes, bytesMax }) => {
    const encoded = new SnappyBlockEncoder().encode(bytes)

    expect(encoded.length).toBeLessThanOrEqual(bytesMax)
    expect(decodeBlock(encoded, BYTES_MAX).equals(bytes)).toBe(true)
  })
})

describe('any bytes', () => {
  test('are decoded or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(decodeBlock(bytes, 1000).length).toBeLessThanOrEqual(1000)
        } catch (error) {
          expect(error).toBeInstanceOf(SnappyError)
        }
      }),
      { numRuns: 2000 }
    )
  })
})
