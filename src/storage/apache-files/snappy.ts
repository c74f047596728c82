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

/** Bytes that are not Snappy's. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError'
  readonly code = 'SNAPPY_FORMAT'
}

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
      if (item.kind === 'block') yield decodeBlock(kept.subarray(item.start, item.end))
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

/**
 * Decodes one block of raw Snappy.
 *
 * @throws SnappyError
 * @see google/snappy, format_description.txt
 */
export function decodeBlock(block: Uint8Array): Buffer {
  const { value: length, end } = readVarint(block)
  if (length > BLOCK_BYTES_MAX) throw new SnappyError(`a block is of ${length} bytes`)
  const output = Buffer.allocUnsafe(length)
  let from = end
  let to = 0
  while (from < block.length) {
    const tag = byteAt(block, from++)
    if ((tag & 3) === 0) {
      const extra = Math.max(0, (tag >> 2) - 59)
      const size = (extra === 0 ? tag >> 2 : readLittleEndian(block, from, extra)) + 1
      from += extra
      if (from + size > block.length || to + size > length) throw new SnappyError('a literal is too long')
      output.set(block.subarray(from, from + size), to)
      from += size
      to += size
    } else {
      const { size, distance, bytes } = readCopy(block, from, tag)
      from += bytes
      if (distance === 0 || distance > to || to + size > length) throw new SnappyError('a copy leads out of the block')
      copyWithin(output, to, distance, size)
      to += size
    }
  }
  if (to !== length) throw new SnappyError(`a block gives ${to} bytes instead of ${length}`)
  return output
}

function readCopy(block: Uint8Array, at: number, tag: number): { size: number; distance: number; bytes: number } {
  if ((tag & 3) === 1) return { size: ((tag >> 2) & 7) + 4, distance: ((tag >> 5) << 8) | byteAt(block, at), bytes: 1 }
  const bytes = (tag & 3) === 2 ? 2 : 4
  return { size: (tag >> 2) + 1, distance: readLittleEndian(block, at, bytes), bytes }
}

/** A copy may overlap what it makes: then it repeats itself, so it goes byte by byte. */
function copyWithin(output: Buffer, to: number, distance: number, size: number): void {
  if (distance >= size) {
    output.copyWithin(to, to - distance, to - distance + size)
    return
  }
  for (let index = 0; index < size; index++) output[to + index] = output[to + index - distance] ?? 0
}

function readVarint(block: Uint8Array): { value: number; end: number } {
  let value = 0
  for (let at = 0; at < 5; at++) {
    const byte = byteAt(block, at)
    value += (byte & 0x7f) * 2 ** (7 * at)
    if (byte < 0x80) return { value, end: at + 1 }
  }
  throw new SnappyError('the length of a block is too long')
}

function readLittleEndian(block: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = count - 1; index >= 0; index--) value = value * 256 + byteAt(block, at + index)
  return value
}

function byteAt(block: Uint8Array, at: number): number {
  const byte = block[at]
  if (byte === undefined) throw new SnappyError('a block ends too early')
  return byte
}
