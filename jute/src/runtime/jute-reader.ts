import { getDouble, getFloat, getInt, getLong } from './fixed-width.ts'
import { decodeJavaUtf8 } from './java-utf8.ts'
import { JuteError } from './jute-error.ts'
import { decodeShortAscii, SHORT_ASCII_LENGTH_MAX } from './short-ascii.ts'

/** Largest buffer or string accepted unless told otherwise: jute.maxbuffer plus its default extra size, in bytes. */
export const LENGTH_MAX_DEFAULT = 2 * 1048575

/** How deep records of recursive types may nest: far from the end of the stack. */
const DEPTH_MAX = 64

const NOTHING = Buffer.alloc(0)

/**
 * Reads Jute items one after the other from a range of a buffer. Made once and `reset` for each range.
 *
 * Every read checks the bounds and throws `JuteError` before anything is allocated; `field` names the item in that error.
 */
export class JuteReader {
  buffer: Buffer
  /** Where the next item begins. */
  offset: number
  /** Where the range ends; no byte from here on is read. */
  end: number
  /** Largest length of a buffer or string that is accepted, in bytes. */
  lengthMax: number
  #depth = 0

  constructor(buffer: Buffer = NOTHING, lengthMax = LENGTH_MAX_DEFAULT) {
    this.buffer = buffer
    this.offset = 0
    this.end = buffer.length
    this.lengthMax = lengthMax
  }

  /**
   * Starts over on the bytes `start` to `end` of `buffer`.
   *
   * @throws RangeError if that is not a range of the buffer
   */
  reset(buffer: Buffer, start = 0, end = buffer.length): this {
    if (!(start >= 0 && start <= end && end <= buffer.length)) {
      throw new RangeError(`${start} to ${end} is not a range of a buffer of ${buffer.length} bytes`)
    }
    this.buffer = buffer
    this.offset = start
    this.end = end
    this.#depth = 0
    return this
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.end - this.offset
  }

  /** Moves past `sizeBytes` bytes and returns where they began. The caller reads them from `buffer` unchecked. */
  claim(sizeBytes: number, field = ''): number {
    const offset = this.offset
    const next = offset + sizeBytes
    if (next > this.end) throw underflow(this, sizeBytes, field)
    this.offset = next
    return offset
  }

  /** Any byte but 0 is true. */
  readBool(field = ''): boolean {
    return this.buffer[this.claim(1, field)] !== 0
  }

  /** Signed, -128 to 127. */
  readByte(field = ''): number {
    return ((this.buffer[this.claim(1, field)] as number) << 24) >> 24 // in bounds: claimed
  }

  readInt(field = ''): number {
    const offset = this.claim(4, field)
    return getInt(this.buffer, offset)
  }

  readLong(field = ''): bigint {
    const offset = this.claim(8, field)
    return getLong(this.buffer, offset)
  }

  readFloat(field = ''): number {
    const offset = this.claim(4, field)
    return getFloat(this.buffer, offset)
  }

  readDouble(field = ''): number {
    const offset = this.claim(8, field)
    return getDouble(this.buffer, offset)
  }

  /** A view into the input, not a copy: it changes and stays alive with the input. Null is length -1. */
  readBuffer(field = ''): Uint8Array | null {
    const length = this.#readLength(field)
    if (length < 0) return null
    const start = this.offset
    this.offset = start + length
    return this.buffer.subarray(start, start + length)
  }

  /** UTF-8; malformed bytes become U+FFFD as in Java. Null is length -1. */
  readString(field = ''): string | null {
    const length = this.#readLength(field)
    if (length < 0) return null
    const start = this.offset
    this.offset = start + length
    if (length <= SHORT_ASCII_LENGTH_MAX) {
      const text = decodeShortAscii(this.buffer, start, length)
      if (text !== null) return text
    }
    return decodeJavaUtf8(this.buffer, start, start + length)
  }

  /**
   * Count of a vector's items; -1 is the null vector. Other negative counts are taken as 0, as Java takes them.
   *
   * A count that cannot fit in the bytes left is refused here, so a loop over it ends soon whatever the input claims.
   *
   * @param itemSizeBytesMin least bytes an item takes, at least 1
   */
  readVectorLength(field = '', itemSizeBytesMin = 1): number {
    const count = this.readInt(field)
    if (count < 0) return count === -1 ? -1 : 0
    if (count * itemSizeBytesMin > this.end - this.offset) throw underflow(this, count * itemSizeBytesMin, field)
    return count
  }

  /** Enters a record of a type that can hold its own kind; each needs a `leave`, unless an error is thrown. */
  enter(field = ''): void {
    if (this.#depth >= DEPTH_MAX) {
      throw new JuteError('NESTED_TOO_DEEP', `nested deeper than ${DEPTH_MAX}`, this.offset, field)
    }
    this.#depth++
  }

  leave(): void {
    this.#depth--
  }

  /** Goes back to an offset read before, outside of any record. */
  rewind(offset: number): void {
    this.offset = offset
    this.#depth = 0
  }

  skip(sizeBytes: number, field = ''): void {
    this.claim(sizeBytes, field)
  }

  /** Moves past a buffer or a string. */
  skipBuffer(field = ''): void {
    const length = this.#readLength(field)
    if (length > 0) this.offset += length
  }

  /** A length within the limit and the bytes left, or -1. */
  #readLength(field: string): number {
    const length = this.readInt(field)
    if (length === -1) return -1
    if (length < 0 || length > this.lengthMax) throw unreasonableLength(this, length, field)
    if (length > this.end - this.offset) throw underflow(this, length, field)
    return length
  }
}

// Outside the class and never inlined into the readers, whose fast paths stay small.
function underflow(reader: JuteReader, sizeBytes: number, field: string): JuteError {
  const problem = `${sizeBytes} bytes needed, ${reader.end - reader.offset} left`
  return new JuteError('UNDERFLOW', problem, reader.offset, field)
}

function unreasonableLength(reader: JuteReader, length: number, field: string): JuteError {
  return new JuteError(
    'UNREASONABLE_LENGTH',
    `unreasonable length ${length}, limit ${reader.lengthMax}`,
    reader.offset - 4,
    field
  )
}
