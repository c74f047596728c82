import type { Readable } from 'node:stream'

/** The whole body as text; null if it is longer than `bytesMax`. */
export async function readBody(body: Readable, bytesMax: number): Promise<string | null> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += (piece as Buffer).length // a request gives bytes, as no encoding is set
    if (bytes > bytesMax) return null
    pieces.push(piece as Buffer)
  }
  return Buffer.concat(pieces).toString('utf8')
}
