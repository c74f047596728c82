import { SnappyBlockEncoder } from '../snappy-block.ts'
import { SNAPPY_MAGIC } from './snappy.ts'

/** Writing of snappy-java's stream; `snappy.ts` has the format and the reader. */

/** Plain bytes of one block, as SnappyOutputStream has them: within one, a copy never reaches back further than 32 KiB. */
const BLOCK_BYTES = 1 << 15
const VERSION = 1

/** The stream that decodes to the bytes of `pieces`, in blocks of 32 KiB. */
export async function* snappy(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield header()
  const encoder = new SnappyBlockEncoder()
  const block = Buffer.allocUnsafe(BLOCK_BYTES)
  let length = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(BLOCK_BYTES - length, piece.length - at)
      block.set(piece.subarray(at, at + taken), length)
      length += taken
      at += taken
      if (length < BLOCK_BYTES) continue
      yield withLength(encoder.encode(block))
      length = 0
    }
  }
  if (length > 0) yield withLength(encoder.encode(block.subarray(0, length)))
}

function header(): Buffer {
  const bytes = Buffer.alloc(16)
  SNAPPY_MAGIC.copy(bytes)
  bytes.writeInt32BE(VERSION, 8)
  bytes.writeInt32BE(VERSION, 12)
  return bytes
}

function withLength(block: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(block.length)
  return Buffer.concat([length, block])
}
