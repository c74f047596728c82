/** Bits for each hash that is expected: one in 32 that is new is taken for seen on the average, one in 16 at the end. */
const BITS_PER_HASH = 16
const BIT_COUNT_MIN = 1 << 16
const BIT_COUNT_MAX = 2 ** 30

/** Which hashes have come, in bits: whoever is told "perhaps" has to look, which is what this spares for the others. */
export class SeenHashes {
  readonly #words: Int32Array
  readonly #mask: number

  /** @param expectedCount of hashes; when more come, "perhaps" comes more often */
  constructor(expectedCount: number) {
    let bitCount = BIT_COUNT_MIN
    while (bitCount < expectedCount * BITS_PER_HASH && bitCount < BIT_COUNT_MAX) bitCount *= 2
    this.#words = new Int32Array(bitCount >>> 5)
    this.#mask = bitCount - 1
  }

  /** Enters a hash, and tells whether it has perhaps come before; false is certain. */
  add(hash: number): boolean {
    const bit = hash & this.#mask
    const word = this.#words[bit >>> 5] as number // in range, by the mask
    const flag = 1 << (bit & 31)
    if ((word & flag) !== 0) return true
    this.#words[bit >>> 5] = word | flag
    return false
  }
}
