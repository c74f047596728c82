/**
 * One block of raw Snappy: a varint of the plain length, then literals and copies of what came before.
 *
 * | tag, lower bits | element                                                                              |
 * |-----------------|--------------------------------------------------------------------------------------|
 * | 0               | literal; its length less one in the upper six bits, or, for 60 to 63 there, in the next one to four bytes |
 * | 1               | copy of 4 to 11 bytes (bits 2 to 4) from up to 2,047 back (bits 5 to 7 and a byte)   |
 * | 2               | copy of 1 to 64 bytes (upper six bits) from as far back as the next two bytes say    |
 * | 3               | the same with four bytes                                                             |
 *
 * Numbers of several bytes are little-endian. Rows of the log are such blocks (`row-coding.ts`), and the pieces of
 * snappy-java's streams (`apache-files/snappy.ts`).
 * @see google/snappy, format_description.txt
 */

const MATCH_BYTES_MIN = 4
const COPY_BYTES_MAX = 64
const SHORT_COPY_BYTES_MAX = 11
const SHORT_COPY_DISTANCE_MAX = 0x7ff
/** What a copy of three bytes can reach back. */
const DISTANCE_MAX = 0xffff
const LITERAL_BYTES_OF_TAG_MAX = 60

const HASH_FACTOR = 0x1e35a7bd
/** A small table stays in the processor's cache; one of 8,192 places is enough for what a copy can reach back. */
const HASH_BITS_MIN = 8
const HASH_BITS_MAX = 13
/** After so many places (2 to the power of this) without a match every second is tried, then every third …: such data does not compress. */
const SKIP_SHIFT = 4
/** Shorter pieces are copied byte by byte: a call takes longer. */
const CALL_BYTES_MIN = 48
/** Places in the table count on from block to block, so that it need not be cleared; beyond this they begin anew. */
const PLACE_MAX = 0x3fff_ffff

/** Bytes that are not Snappy's. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError'
  readonly code = 'SNAPPY_FORMAT'
}

/**
 * Encodes blocks the greedy way: a table of hashes names the last place that had the same four bytes. Table and room are
 * kept from block to block, so a small one costs no more than its bytes.
 */
export class SnappyBlockEncoder {
  readonly #lastPlaces = new Int32Array(1 << HASH_BITS_MAX)
  /** Place of the first byte of the next block; what the table has below it is of earlier ones. */
  #base = 1
  #output = Buffer.alloc(0)

  /**
   * Encodes `input`, behind `roomBytes` bytes that are the caller's to fill.
   *
   * @returns what the next call writes over
   */
  encode(input: Uint8Array, roomBytes = 0): Buffer {
    const bytesMax = roomBytes + blockBytesMax(input.length)
    if (this.#output.length < bytesMax) this.#output = Buffer.allocUnsafeSlow(bytesMax)
    if (this.#base + input.length > PLACE_MAX) {
      this.#lastPlaces.fill(0)
      this.#base = 1
    }
    const end = encodeInto(this.#output, roomBytes, input, this.#lastPlaces, this.#base)
    this.#base += input.length
    return this.#output.subarray(0, end)
  }
}

/** The length, and for data that does not compress at all one literal; what is between makes it no longer. */
function blockBytesMax(plainBytes: number): number {
  return 32 + plainBytes + Math.ceil(plainBytes / 6)
}

/** Returns where the block that begins at `start` of `output` ends. */
function encodeInto(
  output: Uint8Array,
  start: number,
  input: Uint8Array,
  lastPlaces: Int32Array,
  base: number
): number {
  const { length } = input
  const view = new DataView(input.buffer, input.byteOffset, length)
  const lastWord = length - MATCH_BYTES_MIN
  const hashShift = 32 - hashBitsFor(length)
  let end = writeVarint(output, start, length)
  let literalStart = 0
  let at = 0
  while (at <= lastWord) {
    const word = view.getInt32(at, true)
    const hash = Math.imul(word, HASH_FACTOR) >>> hashShift
    const match = (lastPlaces[hash] ?? 0) - base
    lastPlaces[hash] = base + at
    if (match < 0 || at - match > DISTANCE_MAX || view.getInt32(match, true) !== word) {
      at += 1 + ((at - literalStart) >> SKIP_SHIFT)
      continue
    }
    const distance = at - match
    let matchEnd = at + MATCH_BYTES_MIN
    while (matchEnd <= lastWord && view.getInt32(matchEnd, true) === view.getInt32(matchEnd - distance, true)) {
      matchEnd += 4
    }
    while (matchEnd < length && input[matchEnd] === input[matchEnd - distance]) matchEnd++
    // What was stepped over may belong to it.
    while (at > literalStart && at > distance && input[at - 1] === input[at - 1 - distance]) at--
    end = writeLiteral(output, end, input, literalStart, at)
    end = writeCopies(output, end, distance, matchEnd - at)
    at = matchEnd
    literalStart = at
  }
  return writeLiteral(output, end, input, literalStart, length)
}

/** A place in the table for every four bytes. */
function hashBitsFor(length: number): number {
  return Math.min(HASH_BITS_MAX, Math.max(HASH_BITS_MIN, 30 - Math.clz32(length)))
}

function writeVarint(output: Uint8Array, start: number, value: number): number {
  let end = start
  let rest = value
  for (; rest >= 0x80; rest >>>= 7) output[end++] = (rest & 0x7f) | 0x80
  output[end++] = rest
  return end
}

function writeLiteral(output: Uint8Array, start: number, input: Uint8Array, from: number, to: number): number {
  if (from === to) return start
  const size = to - from
  let end = start
  if (size <= LITERAL_BYTES_OF_TAG_MAX) {
    output[end++] = (size - 1) << 2
  } else {
    const lengthBytes = size <= 0x100 ? 1 : size <= 0x1_0000 ? 2 : size <= 0x100_0000 ? 3 : 4
    output[end++] = (LITERAL_BYTES_OF_TAG_MAX - 1 + lengthBytes) << 2
    for (let index = 0; index < lengthBytes; index++) output[end++] = (size - 1) >>> (8 * index)
  }
  if (size >= CALL_BYTES_MIN) {
    output.set(input.subarray(from, to), end)
    return end + size
  }
  for (let at = from; at < to; at++) output[end++] = input[at] ?? 0
  return end
}

function writeCopies(output: Uint8Array, start: number, distance: number, length: number): number {
  let end = start
  for (let left = length; left > 0; ) {
    const size = left < COPY_BYTES_MAX ? left : COPY_BYTES_MAX
    if (size >= MATCH_BYTES_MIN && size <= SHORT_COPY_BYTES_MAX && distance <= SHORT_COPY_DISTANCE_MAX) {
      output[end++] = ((distance >> 8) << 5) | ((size - 4) << 2) | 1
      output[end++] = distance
    } else {
      output[end++] = ((size - 1) << 2) | 2
      output[end++] = distance
      output[end++] = distance >> 8
    }
    left -= size
  }
  return end
}

/**
 * Decodes one block.
 *
 * @param bytesMax most plain bytes that it may have; so much memory a damaged length can take
 * @returns bytes that share no memory with others
 * @throws SnappyError
 */
export function decodeBlock(block: Uint8Array, bytesMax: number): Buffer {
  const { value: length, end } = readVarint(block)
  if (length > bytesMax) throw new SnappyError(`a block is of ${length} bytes, more than ${bytesMax}`)
  const output = Buffer.allocUnsafeSlow(length)
  let from = end
  let to = 0
  while (from < block.length) {
    const tag = byteAt(block, from++)
    if ((tag & 3) === 0) {
      const lengthBytes = Math.max(0, (tag >> 2) - LITERAL_BYTES_OF_TAG_MAX + 1)
      const size = (lengthBytes === 0 ? tag >> 2 : readLittleEndian(block, from, lengthBytes)) + 1
      from += lengthBytes
      if (from + size > block.length || to + size > length) throw new SnappyError('a literal is too long')
      copyLiteral(output, to, block, from, size)
      from += size
      to += size
      continue
    }
    const isShort = (tag & 3) === 1
    const distanceBytes = isShort ? 1 : (tag & 3) === 2 ? 2 : 4
    const size = isShort ? ((tag >> 2) & 7) + MATCH_BYTES_MIN : (tag >> 2) + 1
    const distance = readLittleEndian(block, from, distanceBytes) + (isShort ? (tag >> 5) << 8 : 0)
    from += distanceBytes
    if (distance === 0 || distance > to || to + size > length) throw new SnappyError('a copy leads out of the block')
    copyFromBefore(output, to, distance, size)
    to += size
  }
  if (to !== length) throw new SnappyError(`a block gives ${to} bytes instead of ${length}`)
  return output
}

function copyLiteral(output: Uint8Array, to: number, block: Uint8Array, from: number, size: number): void {
  if (size >= CALL_BYTES_MIN) output.set(block.subarray(from, from + size), to)
  else for (let index = 0; index < size; index++) output[to + index] = block[from + index] ?? 0
}

/** A copy may overlap what it makes: then it repeats itself, so it goes byte by byte. */
function copyFromBefore(output: Uint8Array, to: number, distance: number, size: number): void {
  const end = to + size
  if (size >= CALL_BYTES_MIN && distance >= size) output.copyWithin(to, to - distance, end - distance)
  else for (let at = to; at < end; at++) output[at] = output[at - distance] ?? 0
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
