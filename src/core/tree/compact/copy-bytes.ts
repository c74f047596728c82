/** perf: bench/tree.ts; below this a loop is faster than native code and the view that it needs. */
const LOOP_LENGTH_MAX = 32

/** Copies `length` bytes between memories that do not overlap. */
export function copyBytes(from: Buffer, start: number, to: Buffer, toStart: number, length: number): void {
  if (length > LOOP_LENGTH_MAX) {
    to.set(new Uint8Array(from.buffer, from.byteOffset + start, length), toStart)
    return
  }
  for (let index = 0; index < length; index++) to[toStart + index] = from[start + index] as number // in range
}

/** From here on native code is faster than a loop over words, with the view that it needs and the collector has to clear away. */
const WORD_LOOP_LENGTH_MAX = 256

/**
 * The same from a view of `from` into memory that is there as words, too: these are copied as a whole.
 *
 * @param words the same memory as `to`; fewer than that are in there where it is of no use
 */
export function copyWords(
  from: Buffer,
  view: DataView,
  start: number,
  to: Buffer,
  words: Int32Array,
  toStart: number,
  length: number
): void {
  const toEnd = toStart + length
  if (length > WORD_LOOP_LENGTH_MAX || toEnd > words.length << 2) {
    copyBytes(from, start, to, toStart, length)
    return
  }
  let index = start
  let toIndex = toStart
  for (; (toIndex & 3) !== 0 && toIndex < toEnd; toIndex++) to[toIndex] = from[index++] as number // in range
  const wordsEnd = toEnd >>> 2
  for (let word = toIndex >>> 2; word < wordsEnd; word++) {
    words[word] = view.getInt32(index, IS_LITTLE_ENDIAN)
    index += 4
  }
  for (toIndex = Math.max(toIndex, wordsEnd << 2); toIndex < toEnd; toIndex++) to[toIndex] = from[index++] as number
}

const IS_LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1
