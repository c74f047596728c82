const MODULUS = 65_521
/** So many bytes can be summed before either sum could pass 2^32 (the bound that RFC 1950's zlib uses). */
const BYTES_BETWEEN_REDUCTIONS = 5552

/** The Adler-32 of the bytes seen so far (RFC 1950, section 9), with which Apache's files are sealed. */
export class Adler32 {
  #low = 1
  #high = 0

  /** The checksum as an unsigned 32-bit number. */
  get value(): number {
    return ((this.#high << 16) | this.#low) >>> 0
  }

  update(bytes: Uint8Array): this {
    let low = this.#low
    let high = this.#high
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(at + BYTES_BETWEEN_REDUCTIONS, bytes.length)
      for (; at < end; at++) {
        low += bytes[at] ?? 0
        high += low
      }
      low %= MODULUS
      high %= MODULUS
    }
    this.#low = low
    this.#high = high
    return this
  }
}

export function adler32(bytes: Uint8Array): number {
  return new Adler32().update(bytes).value
}
