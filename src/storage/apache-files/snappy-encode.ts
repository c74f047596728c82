import { SNAPPY_MAGIC } from './snappy.ts'

/** Writing of snappy-java's stream; `snappy.ts` has the format and the reader. */

/** Plain bytes of one block, as SnappyOutputStream has them: within one, a copy never reaches back further than 32 KiB. */
const BLOCK_BYTES = 1 << 15
const HASH_BITS = 13
const HASH_FACTOR = 0x1e35a7bd
const MATCH_BYTES_MIN = 4
const COPY_BYTES_MAX = 64
/** A copy of 4 to 11 bytes from less than 2 KiB back has a form of two bytes. */
const SHORT_COPY_BYTES_MAX = 11
const SHORT_COPY_DISTANCE_MAX = 2047
/** After so many bytes without a match every second place is tried, then every third …: such data does not compress. */
const SKIP_BYTES = 32
const VERSION = 1

/** The stream that decodes to the bytes of `pieces`, in blocks of 32 KiB. */
export async function* snappy(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  yield header()
  const block = Buffer.allocUnsafe(BLOCK_BYTES)
  let length = 0
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const taken = Math.min(BLOCK_BYTES - length, piece.length - at)
      block.set(piece.subarray(at, at + taken), length)
      length += taken
      at += taken
      if (length < BLOCK_BYTES) continue
      yield withLength(encodeBlock(block))
      length = 0
    }
  }
  if (length > 0) yield withLength(encodeBlock(block.subarray(0, length)))
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

/**
 * Encodes up to 64 KiB as one block of raw Snappy: the greedy way, where a table of hashes names the last place that had
 * the same four bytes.
 *
 * @see google/snappy, format_description.txt
 */
export function encodeBlock(input: Uint8Array): Buffer {
  return new BlockEncoder(input).encode()
}

class BlockEncoder {
  readonly #input: Buffer
  readonly #output: Buffer
  readonly #lastPlaces = new Int32Array(1 << HASH_BITS).fill(-1)
  #end = 0

  constructor(input: Uint8Array) {
    this.#input = Buffer.from(input.buffer, input.byteOffset, input.length)
    // The length, and for data that does not compress at all one literal; what is between makes it no longer.
    this.#output = Buffer.allocUnsafe(32 + input.length + Math.ceil(input.length / 6))
  }

  encode(): Buffer {
    const input = this.#input
    this.#writeVarint(input.length)
    let literalStart = 0
    let at = 0
    while (at + MATCH_BYTES_MIN <= input.length) {
      const match = this.#placeOfSame(at)
      if (match < 0) {
        at += 1 + Math.floor((at - literalStart) / SKIP_BYTES)
        continue
      }
      const length = this.#matchLength(match, at)
      this.#writeLiteral(literalStart, at)
      this.#writeCopies(at - match, length)
      at += length
      literalStart = at
    }
    this.#writeLiteral(literalStart, input.length)
    return this.#output.subarray(0, this.#end)
  }

  /** An earlier place with the same four bytes as `at`, or -1; `at` is noted. */
  #placeOfSame(at: number): number {
    const word = this.#input.readInt32LE(at)
    const hash = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS)
    const place = this.#lastPlaces[hash] ?? -1
    this.#lastPlaces[hash] = at
    return place >= 0 && this.#input.readInt32LE(place) === word ? place : -1
  }

  #matchLength(match: number, at: number): number {
    const input = this.#input
    let length = MATCH_BYTES_MIN
    while (at + length < input.length && input[match + length] === input[at + length]) length++
    return length
  }

  #writeVarint(value: number): void {
    let rest = value
    for (; rest >= 0x80; rest >>>= 7) this.#output[this.#end++] = (rest & 0x7f) | 0x80
    this.#output[this.#end++] = rest
  }

  /** Tag 0: the length less one in the upper six bits, or in the one or two bytes behind a 60 or 61 there. */
  #writeLiteral(start: number, end: number): void {
    if (start === end) return
    const size = end - start - 1
    if (size < 60) {
      this.#output[this.#end++] = size << 2
    } else if (size < 0x100) {
      this.#output[this.#end++] = 60 << 2
      this.#output[this.#end++] = size
    } else {
      this.#output[this.#end++] = 61 << 2
      this.#end = this.#output.writeUInt16LE(size, this.#end)
    }
    this.#input.copy(this.#output, this.#end, start, end)
    this.#end += size + 1
  }

  #writeCopies(distance: number, length: number): void {
    for (let left = length; left > 0; ) {
      const size = Math.min(left, COPY_BYTES_MAX)
      if (size >= MATCH_BYTES_MIN && size <= SHORT_COPY_BYTES_MAX && distance <= SHORT_COPY_DISTANCE_MAX) {
        this.#output[this.#end++] = ((distance >> 8) << 5) | ((size - 4) << 2) | 1
        this.#output[this.#end++] = distance & 0xff
      } else {
        this.#output[this.#end++] = ((size - 1) << 2) | 2
        this.#end = this.#output.writeUInt16LE(distance, this.#end)
      }
      left -= size
    }
  }
}
