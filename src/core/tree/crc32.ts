/**
 * CRC-32 (IEEE) of short things, without a call into native code and without making bytes of them.
 * perf: bench/tree.ts; the hash port takes 150 ns for the 60 bytes of a stat, this a quarter of it. Long data is the
 * port's.
 *
 * States are those of zlib: what `crc32` of the bytes so far would return, as a signed int32 here.
 */

const POLYNOMIAL = 0xedb88320
// Slicing by four: TABLE[256 k + b] is the CRC of byte b followed by k zero bytes.
const TABLE = buildTable()

function buildTable(): Int32Array {
  const table = new Int32Array(1024)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let index = 256; index < 1024; index++) {
    const previous = table[index - 256] as number // in range, as below
    table[index] = (previous >>> 8) ^ (table[previous & 0xff] as number)
  }
  return table
}

/** Goes on over a big-endian int32. Start with `~crc`, end with `~`: see `crc32Begin`. */
function overInt(state: number, value: number): number {
  // The first byte in the stream meets the lowest byte of the state.
  return (
    (TABLE[768 + ((state & 0xff) ^ (value >>> 24))] as number) ^
    (TABLE[512 + (((state >>> 8) & 0xff) ^ ((value >>> 16) & 0xff))] as number) ^
    (TABLE[256 + (((state >>> 16) & 0xff) ^ ((value >>> 8) & 0xff))] as number) ^
    (TABLE[(state >>> 24) ^ (value & 0xff)] as number)
  )
}

function overByte(state: number, byte: number): number {
  return (state >>> 8) ^ (TABLE[(state ^ byte) & 0xff] as number)
}

/** The stat fields that a node's digest covers. */
export interface DigestedStat {
  readonly czxidHi: number
  readonly czxidLo: number
  readonly mzxidHi: number
  readonly mzxidLo: number
  readonly pzxidHi: number
  readonly pzxidLo: number
  readonly ctimeHi: number
  readonly ctimeLo: number
  readonly mtimeHi: number
  readonly mtimeLo: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwnerHi: number
  readonly ephemeralOwnerLo: number
}

/** CRC-32 continued over the 60 bytes of a stat, in the digest's order. */
export function crc32OfStat(stat: DigestedStat, crc: number): number {
  let state = ~crc
  state = overInt(overInt(state, stat.czxidHi), stat.czxidLo)
  state = overInt(overInt(state, stat.mzxidHi), stat.mzxidLo)
  state = overInt(overInt(state, stat.pzxidHi), stat.pzxidLo)
  state = overInt(overInt(state, stat.ctimeHi), stat.ctimeLo)
  state = overInt(overInt(state, stat.mtimeHi), stat.mtimeLo)
  state = overInt(overInt(overInt(state, stat.version), stat.cversion), stat.aversion)
  return ~overInt(overInt(state, stat.ephemeralOwnerHi), stat.ephemeralOwnerLo)
}

/** CRC-32 continued over a text's UTF-8 bytes, from the character at `from` on. Lone surrogates count as U+FFFD, as when written. */
export function crc32OfText(text: string, crc: number, from = 0): number {
  let state = ~crc
  for (let index = from; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) {
      state = overByte(state, unit)
    } else if (unit < 0x800) {
      state = overByte(overByte(state, 0xc0 | (unit >> 6)), 0x80 | (unit & 0x3f))
    } else {
      let point = text.codePointAt(index) as number // index < length
      if (point >= 0x10000) index++
      else if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd
      state = overLongForm(state, point)
    }
  }
  return ~state
}

function overLongForm(state: number, point: number): number {
  const isFour = point >= 0x10000
  let next = isFour
    ? overByte(overByte(state, 0xf0 | (point >> 18)), 0x80 | ((point >> 12) & 0x3f))
    : overByte(state, 0xe0 | (point >> 12))
  next = overByte(next, 0x80 | ((point >> 6) & 0x3f))
  return overByte(next, 0x80 | (point & 0x3f))
}

/** CRC-32 continued over the bytes of a view from `start` up to `end`. */
export function crc32OfView(view: DataView, start: number, end: number, crc: number): number {
  let state = ~crc
  let index = start
  for (; index + 4 <= end; index += 4) {
    // Little-endian: the first byte in the stream meets the lowest byte of the state.
    const word = state ^ view.getInt32(index, true)
    state =
      (TABLE[768 + (word & 0xff)] as number) ^
      (TABLE[512 + ((word >>> 8) & 0xff)] as number) ^
      (TABLE[256 + ((word >>> 16) & 0xff)] as number) ^
      (TABLE[word >>> 24] as number)
  }
  for (; index < end; index++) state = overByte(state, view.getUint8(index))
  return ~state
}

/** CRC-32 continued over bytes. */
export function crc32OfBytes(bytes: Uint8Array, crc: number): number {
  let state = ~crc
  const wordsEnd = bytes.length - 3
  let index = 0
  // in range: index + 3 < length here, index < length below
  for (; index < wordsEnd; index += 4) {
    const b0 = (state & 0xff) ^ (bytes[index] as number)
    const b1 = ((state >>> 8) & 0xff) ^ (bytes[index + 1] as number)
    const b2 = ((state >>> 16) & 0xff) ^ (bytes[index + 2] as number)
    const b3 = (state >>> 24) ^ (bytes[index + 3] as number)
    state =
      (TABLE[768 + b0] as number) ^ (TABLE[512 + b1] as number) ^ (TABLE[256 + b2] as number) ^ (TABLE[b3] as number)
  }
  for (; index < bytes.length; index++) state = overByte(state, bytes[index] as number)
  return ~state
}
