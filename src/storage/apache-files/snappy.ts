import { decodeBlock, SnappyError } from '../snappy-block.ts'

/**
 * Reading of snappy-java's stream (SnappyOutputStream): a header, then blocks of raw Snappy.
 *
 * | size | field                                                                |
 * |------|----------------------------------------------------------------------|
 * | 8    | 0x82 `SNAPPY` 0x00                                                   |
 * | 4    | int32, version of the format                                         |
 * | 4    | int32, oldest version that can read it                               |
 *
 * and then, until the end, each block as int32 length and as many bytes. Streams put behind each other are one stream:
 * where a length is expected, another header may come.
 */

export const SNAPPY_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const HEADER_BYTES = 16
const FORMAT_VERSION = 1
/** A header in the place of a length begins so. */
const MAGIC_HEAD = SNAPPY_MAGIC.readInt32BE(0)
/** Blocks are 32 KiB where nobody has asked for others; more than this is no block. */
const BLOCK_BYTES_MAX = 1 << 28

/**
 * The plain bytes of a stream that comes in pieces of any size.
 *
 * @throws SnappyError; what `pieces` throws
 */
export async function* unsnappy(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let kept: Buffer = Buffer.alloc(0)
  let isBegun = false
  for await (const piece of pieces) {
    kept = kept.length === 0 ? Buffer.from(piece) : Buffer.concat([kept, piece])
    let offset = 0
    for (;;) {
      const item = itemAt(kept, offset, isBegun)
      if (item === null) break
      isBegun = true
      if (item.kind === 'block') yield decodeBlock(kept.subarray(item.start, item.end), BLOCK_BYTES_MAX)
      offset = item.end
    }
    kept = kept.subarray(offset)
  }
  if (!isBegun || kept.length > 0) throw new SnappyError('the stream ends within a header or a block')
}

type Item =
  | { readonly kind: 'header'; readonly end: number }
  | { readonly kind: 'block'; readonly start: number; readonly end: number }

/** What begins at `offset`; null if it is not whole yet. */
function itemAt(bytes: Buffer, offset: number, isBegun: boolean): Item | null {
  if (bytes.length - offset < 4) return null
  const length = bytes.readInt32BE(offset)
  if (length === MAGIC_HEAD || !isBegun) {
    if (bytes.length - offset < HEADER_BYTES) return null
    checkHeader(bytes.subarray(offset, offset + HEADER_BYTES))
    return { kind: 'header', end: offset + HEADER_BYTES }
  }
  if (length <= 0 || length > BLOCK_BYTES_MAX) throw new SnappyError(`a block has a length of ${length}`)
  const end = offset + 4 + length
  return end > bytes.length ? null : { kind: 'block', start: offset + 4, end }
}

function checkHeader(header: Buffer): void {
  if (!header.subarray(0, SNAPPY_MAGIC.length).equals(SNAPPY_MAGIC)) throw new SnappyError('the stream has no header')
  const oldestReader = header.readInt32BE(12)
  if (oldestReader > FORMAT_VERSION) throw new SnappyError(`the stream needs a reader of version ${oldestReader}`)
}
