import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeBlock, unsnappy } from '../../../src/storage/apache-files/snappy.ts'
import { encodeBlock, snappy } from '../../../src/storage/apache-files/snappy-encode.ts'
import { capturedFile } from './support/apache-folder.ts'

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

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

describe('a block', () => {
  test('decodes to what was encoded', () => {
    fc.assert(
      fc.property(compressible, (bytes) => {
        expect(decodeBlock(encodeBlock(bytes.subarray(0, 1 << 15))).equals(bytes.subarray(0, 1 << 15))).toBe(true)
      })
    )
  })

  test.each([
    { name: 'nothing', bytes: Buffer.alloc(0), bytesMax: 1 },
    { name: 'zeros', bytes: Buffer.alloc(1 << 15), bytesMax: 1600 },
    { name: 'a text again and again', bytes: Buffer.from('/zookeeper/quota'.repeat(1000)), bytesMax: 900 },
    { name: 'a repetition far away', bytes: repeated(Buffer.from('far away'.padEnd(5000, '0123')), 6), bytesMax: 2000 }
  ])('of $name becomes short', ({ bytes, bytesMax }) => {
    const encoded = encodeBlock(bytes)

    expect(encoded.length).toBeLessThanOrEqual(bytesMax)
    expect(decodeBlock(encoded).equals(bytes)).toBe(true)
  })
})

describe('a stream', () => {
  test.each([1, 1000, 1 << 15, 1 << 20])('in pieces of %d bytes decodes to what was encoded', async (size) => {
    const bytes = capturedFile('plain/log.1').subarray(0, 100_000)

    expect((await collect(unsnappy(snappy(cut(bytes, size))))).equals(bytes)).toBe(true)
  })

  test('of nothing is a header', async () => {
    const stream = await collect(snappy(cut(Buffer.alloc(0), 1)))

    expect(stream.toString('hex')).toBe('82534e415050590000000001 00000001'.replace(' ', ''))
    expect((await collect(unsnappy(cut(stream, 3)))).length).toBe(0)
  })
})
