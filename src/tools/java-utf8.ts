/** A surrogate that is encoded by itself, or the beginning of one: one wrong character to Java, two or three to others. */
const LONE_SURROGATE = /\xed[\xa0-\xbf][\x80-\xbf]?/

/** Bytes as text, with Java's `new String(bytes, UTF_8)` for bytes that are no UTF-8. */
export function javaText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const text = buffer.toString('utf8')
  if (!text.includes('\ufffd')) return text
  return buffer
    .toString('latin1')
    .split(LONE_SURROGATE)
    .map((part) => Buffer.from(part, 'latin1').toString('utf8'))
    .join('\ufffd')
}
