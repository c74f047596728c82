import type { Readable } from 'node:stream'

/** The whole body as text; null if it is longer than `bytesMax`. */
export async function readBody(body: Readable, bytesMax: number): Promise<string | null> {
  const pieces: Buffer[] = []
  let bytes = 0
  // Leaving early must not cut the connection, on which the answer is still to be sent.
  for await (const piece of body.iterator({ destroyOnReturn: false })) {
    bytes += (piece as Buffer).length // a request gives bytes, as no encoding is set
    if (bytes > bytesMax) return null
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}
