import { describe, expect, test } from '@jest/globals'
import { unsnappy } from '../../../src/storage/apache-files/snappy.ts'
import { snappy } from '../../../src/storage/apache-files/snappy-encode.ts'
import { capturedFile } from './support/apache-folder.ts'

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

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
