const SLAB_BYTES = 64 * 1024
/** Longer data has memory of its own. */
const SHARED_BYTES_MAX = 4096

/**
 * Copies of what requests bring along, for as long as their transactions are under way. Short ones lie side by side in
 * slabs, which are let go of with the last of them.
 */
export class DataCopies {
  #slab = new ArrayBuffer(SLAB_BYTES)
  #used = 0

  /** Bytes that outlive the input they were read from. */
  copyOf(data: Uint8Array | null): Uint8Array | null {
    if (data === null) return null
    const { length } = data
    if (length > SHARED_BYTES_MAX) return new Uint8Array(data)
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new ArrayBuffer(SLAB_BYTES)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#slab, this.#used, length)
    copy.set(data)
    this.#used += length
    return copy
  }
}
