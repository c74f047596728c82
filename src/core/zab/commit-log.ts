import { ByteFifo } from '../../collections/byte-fifo.ts'
import { compareInt64, toHex } from '../../protocol/int64.ts'

/** A transaction's id. */
export interface Zxid {
  readonly hi: number
  readonly lo: number
}

/**
 * The last committed transactions in memory (upstream's committedLog): learners that are not far behind are brought up
 * from here. It has no gap: whoever adds to it adds everything that is committed, or starts over with `endAt`.
 */
export class CommitLog {
  readonly #countMax: number
  readonly #bytesMax: number
  /** In order of zxid, which is the key. */
  readonly #entries = new ByteFifo()

  /**
   * Holds the larger of two windows: entries are dropped, oldest first, while there are more than `countMax` of them
   * *and* they take more than `bytesMax` bytes together. The newest one always stays.
   */
  constructor(countMax: number, bytesMax: number) {
    this.#countMax = Math.max(1, countMax)
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#entries.size
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get sizeBytes(): number {
    return this.#entries.bytes
  }

  /** Zxid of the oldest entry, as are the following three; all 0 while it is empty. */
  get minHi(): number {
    return this.isEmpty ? 0 : this.#entries.keyHi(0)
  }

  get minLo(): number {
    return this.isEmpty ? 0 : this.#entries.keyLo(0)
  }

  get maxHi(): number {
    return this.isEmpty ? 0 : this.#entries.keyHi(this.count - 1)
  }

  get maxLo(): number {
    return this.isEmpty ? 0 : this.#entries.keyLo(this.count - 1)
  }

  /**
   * Adds the transaction committed next. `bytes` (header, record, digest) are copied.
   *
   * @throws Error if its zxid is not greater than all before: our own mistake
   */
  add(zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    if (!this.isEmpty && compareInt64(zxidHi, zxidLo, this.maxHi, this.maxLo) <= 0) {
      throw new Error(`committed 0x${toHex(zxidHi, zxidLo)} after 0x${toHex(this.maxHi, this.maxLo)}`)
    }
    this.#entries.push(zxidHi, zxidLo, bytes)
    while (this.count > this.#countMax && this.sizeBytes > this.#bytesMax) this.#entries.shift()
  }

  /**
   * Visits the entries with a greater zxid, in order, until `visit` returns false.
   * Cost: the logarithm of the count, and the visits. The log must not be changed by them, and the bytes are theirs only
   * during the visit.
   */
  forEachAfter(
    zxidHi: number,
    zxidLo: number,
    visit: (zxidHi: number, zxidLo: number, bytes: Uint8Array) => boolean
  ): void {
    const entries = this.#entries
    for (let place = this.#firstAfter(zxidHi, zxidLo); place < entries.size; place++) {
      if (!visit(entries.keyHi(place), entries.keyLo(place), entries.get(place))) return
    }
  }

  /** Zxid of the newest entry that is not greater; null if there is none. */
  floor(zxidHi: number, zxidLo: number): Zxid | null {
    return this.#zxidAt(this.#firstAfter(zxidHi, zxidLo) - 1)
  }

  /** Zxid of the oldest entry that is greater; null if there is none. */
  after(zxidHi: number, zxidLo: number): Zxid | null {
    return this.#zxidAt(this.#firstAfter(zxidHi, zxidLo))
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Forgets the entries with a greater zxid. */
  truncateAfter(zxidHi: number, zxidLo: number): void {
    this.#entries.truncate(this.#firstAfter(zxidHi, zxidLo))
  }

  /**
   * The history goes on after this zxid: greater entries are forgotten, and if the log does not reach there, all are, so
   * that no gap can come about.
   */
  endAt(zxidHi: number, zxidLo: number): void {
    this.truncateAfter(zxidHi, zxidLo)
    if (compareInt64(this.maxHi, this.maxLo, zxidHi, zxidLo) !== 0) this.clear()
  }

  /** Place of the first entry with a greater zxid; the count if there is none. */
  #firstAfter(zxidHi: number, zxidLo: number): number {
    const entries = this.#entries
    let low = 0
    let high = entries.size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareInt64(entries.keyHi(middle), entries.keyLo(middle), zxidHi, zxidLo) > 0) high = middle
      else low = middle + 1
    }
    return low
  }

  #zxidAt(place: number): Zxid | null {
    if (place < 0 || place >= this.count) return null
    return { hi: this.#entries.keyHi(place), lo: this.#entries.keyLo(place) }
  }
}
