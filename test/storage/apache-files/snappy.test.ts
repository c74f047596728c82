import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { decodeBlock, SnappyError, unsnappy } from '../../../src/storage/apache-files/snappy.ts'
import { capturedFile } from './support/apache-folder.ts'

async function* piecesOf(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (const size of sizes) {
    yield bytes.subarray(at, at + size)
    at += size
  }
  yield bytes.subarray(at)
}

async function plain(bytes: Uint8Array, sizes: readonly number[] = []): Promise<Buffer> {
  const all: Buffer[] = []
  for await (const piece of unsnappy(piecesOf(bytes, sizes))) all.push(piece)
  return Buffer.concat(all)
}

const captured = capturedFile('snappy/snapshot.24.snappy')

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
    expect(decodeBlock(bytes).toString()).toBe(text)
  })

  test.each([
    { name: 'is empty', bytes: block() },
    { name: 'has an endless length', bytes: block(0xff, 0xff, 0xff, 0xff, 0xff, 0xff) },
    { name: 'has a literal beyond its end', bytes: block(4, 3 << 2, 'abc') },
    { name: 'has a literal beyond its length', bytes: block(2, 2 << 2, 'abc') },
    { name: 'copies from before its beginning', bytes: block(8, 3 << 2, 'abcd', 0x01, 5) },
    { name: 'copies at no distance', bytes: block(8, 3 << 2, 'abcd', 0x01, 0) },
    { name: 'copies beyond its length', bytes: block(7, 3 << 2, 'abcd', 0x01, 4) },
    { name: 'ends within a copy', bytes: block(8, 3 << 2, 'abcd', 0x02, 4) },
    { name: 'gives less than it says', bytes: block(9, 3 << 2, 'abcd', 0x01, 4) }
  ])('that $name is refused', ({ bytes }) => {
    expect(() => decodeBlock(bytes)).toThrow(SnappyError)
  })
})

describe("snappy-java's stream", () => {
  test('of a real snapshot is the one that the same server packed by gzip, but for sessions and times', async () => {
    const other = gunzipSync(capturedFile('gz/snapshot.24.gz'))

    const bytes = await plain(captured)

    expect(bytes.subarray(0, 16).toString('hex')).toBe('5a4b534e00000002ffffffffffffffff')
    expect(bytes.subarray(-5).toString('hex')).toBe('000000012f')
    expect(Math.abs(bytes.length - other.length)).toBeLessThan(100)
  })

  test('gives the same however it is cut', async () => {
    const whole = await plain(captured)

    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 20 }), async (sizes) => {
        expect((await plain(captured, sizes)).equals(whole)).toBe(true)
      }),
      { numRuns: 50 }
    )
  })

  test('behind another one goes on with it', async () => {
    const whole = await plain(captured)

    const twice = await plain(Buffer.concat([captured, captured]))

    expect(twice.equals(Buffer.concat([whole, whole]))).toBe(true)
  })

  test.each([
    { name: 'is empty', bytes: Buffer.alloc(0) },
    { name: 'has no header', bytes: Buffer.alloc(64, 1) },
    { name: 'ends within a block', bytes: captured.subarray(0, -1) },
    { name: 'ends within its header', bytes: captured.subarray(0, 12) },
    { name: 'has a block of negative length', bytes: Buffer.concat([captured, Buffer.from([0xff, 0xff, 0xff, 0xff])]) }
  ])('that $name is refused', async ({ bytes }) => {
    await expect(plain(bytes)).rejects.toThrow(SnappyError)
  })
})
