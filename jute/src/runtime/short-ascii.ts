/** Longest text for which `decodeShortAscii` is faster than native code, and its result one flat string. */
export const SHORT_ASCII_LENGTH_MAX = 12

/**
 * Text of a few ASCII bytes, or null if one of them is not ASCII.
 *
 * perf: jute/bench/codec.ts; 20 to 50 ns for what `buffer.toString` takes 70 to 80 ns for, most of it the call.
 */
export function decodeShortAscii(bytes: Uint8Array, start: number, length: number): string | null {
  let text = ''
  let index = start
  for (const end = start + (length & ~3); index < end; index += 4) {
    // All indexes are in bounds: the caller has checked `length`.
    const first = bytes[index] as number
    const second = bytes[index + 1] as number
    const third = bytes[index + 2] as number
    const fourth = bytes[index + 3] as number
    if ((first | second | third | fourth) > 0x7f) return null
    text += String.fromCharCode(first, second, third, fourth)
  }
  for (const end = start + length; index < end; index++) {
    const code = bytes[index] as number
    if (code > 0x7f) return null
    text += String.fromCharCode(code)
  }
  return text
}
