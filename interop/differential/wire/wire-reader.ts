/** Thrown when an answer ends before its record does, or states a length that cannot be. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

/** U+FFFD in UTF-8, a character for each byte. */
const REPLACEMENT = '\xef\xbf\xbd'

/** Jute decoder of this tool; see WireWriter for why it is its own. */
export class WireReader {
  readonly bytes: Buffer
  offset = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  get left(): number {
    return this.bytes.length - this.offset
  }

  byte(): number {
    return this.#take(1).readUInt8(0)
  }

  int(): number {
    return this.#take(4).readInt32BE(0)
  }

  long(): bigint {
    return this.#take(8).readBigInt64BE(0)
  }

  /** Hexadecimal text of the buffer, or null. */
  hex(): string | null {
    const length = this.int()
    if (length === -1) return null
    return this.#take(length).toString('hex')
  }

  /**
   * A string; bytes that are not UTF-8 show as `hex:…`, so that two ways of being wrong stay different.
   *
   * Characters beyond the BMP show as two U+FFFD: Apache ZooKeeper writes each half of the surrogate pair as three
   * bytes of its own, which nothing reads back, and where a string passed a multi it gives two U+FFFD. zoonode gives
   * such text back as it was sent; the comparison takes the three forms for one.
   */
  text(): string | null {
    const length = this.int()
    if (length === -1) return null
    const bytes = this.#take(length)
    const text = bytes.toString('utf8')
    if (!/[\ufffd\u{10000}-\u{10ffff}]/u.test(text)) return text
    const halves = Buffer.from(bytes.toString('latin1').replace(/\xed[\xa0-\xbf][\x80-\xbf]/g, REPLACEMENT), 'latin1')
    const plain = halves.toString('utf8').replace(/[\u{10000}-\u{10ffff}]/gu, '\ufffd\ufffd')
    return `hex:${Buffer.from(plain, 'utf8').toString('hex')}`
  }

  vector<T>(read: () => T): T[] | null {
    const count = this.int()
    if (count === -1) return null
    if (count < 0 || count > this.left) throw new WireError(`vector of ${count} elements with ${this.left} bytes left`)
    return Array.from({ length: count }, read)
  }

  #take(bytes: number): Buffer {
    if (bytes < 0 || bytes > this.left)
      throw new WireError(`${bytes} bytes wanted at ${this.offset}, ${this.left} left`)
    const part = this.bytes.subarray(this.offset, this.offset + bytes)
    this.offset += bytes
    return part
  }
}
