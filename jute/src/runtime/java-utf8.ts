/**
 * Text of a byte range, malformed bytes as U+FFFD, with as many of them as Java's UTF-8 decoder gives.
 *
 * Java and the WHATWG decoder of Node agree but for one case: the three-byte form of a surrogate (ED A0..BF xx) is one
 * U+FFFD in Java and two or three in Node. That form is what Java's Jute writer emits for characters outside the basic
 * plane, so it is met in practice.
 */
export function decodeJavaUtf8(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end)
  if (!text.includes('\uFFFD')) return text
  return replaceSurrogates(bytes.subarray(start, end)).toString('utf8')
}

/** The bytes with each encoded surrogate, whole or cut short, replaced by the three bytes of U+FFFD. */
function replaceSurrogates(bytes: Buffer): Buffer {
  const replaced = Buffer.allocUnsafe(bytes.length + (bytes.length >> 1) + 1) // two bytes may become three
  let length = 0
  for (let index = 0; index < bytes.length; ) {
    const second = bytes[index + 1] ?? 0
    if (bytes[index] === 0xed && second >= 0xa0 && second <= 0xbf) {
      length += replaced.write('\uFFFD', length)
      index += ((bytes[index + 2] ?? 0) & 0xc0) === 0x80 ? 3 : 2
    } else {
      replaced[length++] = bytes[index++] as number // index < bytes.length
    }
  }
  return replaced.subarray(0, length)
}
