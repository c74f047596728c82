import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { unsnappy } from '../../../src/storage/apache-files/snappy.ts'
import { SnappyError } from '../../../src/storage/snappy-block.ts'
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
