import { putDouble, putFloat, putInt, putLong } from './fixed-width.ts'

/** perf: longest text for which a loop is faster than native code; see jute/bench/codec.ts. */
const LOOP_LENGTH_MAX = 16

/**
 * Appends Jute items to a buffer that grows by doubling. Made once and `reset` for each use.
 *
 * `buffer` and `offset` may be used directly by code that has called `ensure`; a write may replace `buffer`.
 */
export class JuteWriter {
  buffer: Buffer
  /** Where the next item goes; also the count of bytes written. */
  offset: number

  constructor(sizeBytes = 1024) {
    this.buffer = Buffer.allocUnsafeSlow(sizeBytes)
    this.offset = 0
  }

  /** Forgets what was written and keeps the memory: views given out by `bytes` are overwritten by what follows. */
  reset(): this {
    this.offset = 0
    return this
  }

  /** Makes room for `sizeBytes` more bytes at `offset`. */
  ensure(sizeBytes: number): void {
    if (this.offset + sizeBytes > this.buffer.length) this.#grow(sizeBytes)
  }

  /** Makes room for `sizeBytes` bytes, moves past them, and returns where they begin. The caller fills them in. */
  claim(sizeBytes: number): number {
    this.ensure(sizeBytes)
    const offset = this.offset
    this.offset = offset + sizeBytes
    return offset
  }

  writeBool(value: boolean): void {
    const offset = this.claim(1)
    this.buffer[offset] = value ? 1 : 0
  }

  /** Writes the low 8 bits. */
  writeByte(value: number): void {
    const offset = this.claim(1)
    this.buffer[offset] = value
  }

  /** Writes the low 32 bits. */
  writeInt(value: number): void {
    const offset = this.claim(4)
    putInt(this.buffer, offset, value)
  }

  /** Writes the low 64 bits. */
  writeLong(value: bigint): void {
    const offset = this.claim(8)
    putLong(this.buffer, offset, value)
  }

  /** Writes a long given as its high and low 32 bits. */
  writeInt64(hi: number, lo: number): void {
    const offset = this.claim(8)
    putInt(this.buffer, offset, hi)
    putInt(this.buffer, offset + 4, lo)
  }

  writeFloat(value: number): void {
    const offset = this.claim(4)
    putFloat(this.buffer, offset, value)
  }

  writeDouble(value: number): void {
    const offset = this.claim(8)
    putDouble(this.buffer, offset, value)
  }

  writeBuffer(value: Uint8Array | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    const offset = this.claim(4 + value.length)
    putInt(this.buffer, offset, value.length)
    this.buffer.set(value, offset + 4)
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  writeString(value: string | null): void {
    if (value === null) {
      this.writeInt(-1)
      return
    }
    this.ensure(4 + 3 * value.length) // a UTF-16 unit takes at most 3 bytes
    const start = this.offset + 4
    const length = writeUtf8(this.buffer, start, value)
    putInt(this.buffer, this.offset, length)
    this.offset = start + length
  }

  /** Appends bytes as they are, without a length. */
  writeBytes(raw: Uint8Array): void {
    const offset = this.claim(raw.length)
    this.buffer.set(raw, offset)
  }

  /** A view of what was written, valid until the next write or `reset`. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.offset)
  }

  /** A copy of what was written. */
  copyBytes(): Buffer {
    return Buffer.from(this.bytes())
  }

  #grow(sizeBytes: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.buffer.length, this.offset + sizeBytes))
    this.buffer.copy(grown, 0, 0, this.offset)
    this.buffer = grown
  }
}

/** Writes the text at `start` and returns the count of bytes. The caller has made room for the worst case. */
function writeUtf8(buffer: Buffer, start: number, value: string): number {
  const length = value.length
  if (length > LOOP_LENGTH_MAX) return buffer.write(value, start)
  for (let index = 0; index < length; index++) {
    const code = value.charCodeAt(index)
    if (code > 0x7f) return buffer.write(value, start)
    buffer[start + index] = code
  }
  return length
}
