/**
 * A value of a string or buffer field: text (sent as UTF-8), null (length -1), raw bytes, or `fill` times the byte 'x'.
 * Raw bytes let a request carry what no string can: invalid UTF-8, lone surrogates.
 */
export type Blob = string | null | { readonly hex: string } | { readonly fill: number }

/**
 * Jute encoder of this tool. Written by hand and apart from src/ on purpose: it must not share a mistake with the
 * server that it judges.
 */
export class WireWriter {
  #buffer = Buffer.allocUnsafe(256)
  #length = 0

  byte(value: number): this {
    this.#room(1)
    this.#buffer[this.#length++] = value & 0xff
    return this
  }

  int(value: number): this {
    this.#room(4)
    this.#length = this.#buffer.writeInt32BE(value | 0, this.#length)
    return this
  }

  long(value: bigint): this {
    this.#room(8)
    this.#length = this.#buffer.writeBigInt64BE(BigInt.asIntN(64, value), this.#length)
    return this
  }

  blob(value: Blob): this {
    if (value === null) return this.int(-1)
    const bytes = blobBytes(value)
    return this.int(bytes.length).raw(bytes)
  }

  raw(bytes: Uint8Array): this {
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  vector<T>(items: readonly T[] | null, write: (item: T) => void): this {
    if (items === null) return this.int(-1)
    this.int(items.length)
    for (const item of items) write(item)
    return this
  }

  /** What was written, copied. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length))
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + bytes))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}

/** The bytes that a non-null blob stands for. */
export function blobBytes(value: Exclude<Blob, null>): Buffer {
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if ('hex' in value) return Buffer.from(value.hex, 'hex')
  return Buffer.alloc(value.fill, 0x78)
}

/** `payload` with its four bytes of length in front. */
export function frame(payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(4 + payload.length)
  out.writeInt32BE(payload.length, 0)
  out.set(payload, 4)
  return out
}
