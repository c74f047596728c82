import { compareInt64, toHex } from '../../protocol/int64.ts'

/** A transaction's id. */
export interface Zxid {
  readonly hi: number
  readonly lo: number
}

interface Entry extends Zxid {
  readonly bytes: Uint8Array
}

/** Dropped entries at the front of the array that are put up with before they are cut off. */
const GAP_COUNT = 1024

/**
 * The last committed transactions in memory (upstream's committedLog): learners that are not far behind are brought up
 * from here. It has no gap: whoever adds to it adds everything that is committed, or starts over with `endAt`.
 */
export class CommitLog {
  readonly #countMax: number
  readonly #bytesMax: number
  /** In order of zxid from `#head` on; emptied slots before. */
  #entries: (Entry | null)[] = []
  #head = 0
  #sizeBytes = 0

  /**
   * Holds the larger of two windows: entries are dropped, oldest first, while there are more than `countMax` of them
   * *and* they take more than `bytesMax` bytes together. The newest one always stays.
   */
  constructor(countMax: number, bytesMax: number) {
    this.#countMax = Math.max(1, countMax)
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#entries.length - this.#head
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Zxid of the oldest entry, as are the following three; all 0 while it is empty. */
  get minHi(): number {
    return this.#at(this.#head)?.hi ?? 0
  }

  get minLo(): number {
    return this.#at(this.#head)?.lo ?? 0
  }

  get maxHi(): number {
    return this.#at(this.#entries.length - 1)?.hi ?? 0
  }

  get maxLo(): number {
    return this.#at(this.#entries.length - 1)?.lo ?? 0
  }

  /**
   * Adds the transaction committed next. `bytes` (header, record, digest) are kept, not copied.
   *
   * @throws Error if its zxid is not greater than all before: our own mistake
   */
  add(zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    if (!this.isEmpty && compareInt64(zxidHi, zxidLo, this.maxHi, this.maxLo) <= 0) {
      throw new Error(`committed 0x${toHex(zxidHi, zxidLo)} after 0x${toHex(this.maxHi, this.maxLo)}`)
    }
    this.#entries.push({ hi: zxidHi, lo: zxidLo, bytes })
    this.#sizeBytes += bytes.length
    while (this.count > this.#countMax && this.#sizeBytes > this.#bytesMax) this.#dropOldest()
  }

  /**
   * Visits the entries with a greater zxid, in order, until `visit` returns false.
   * Cost: the logarithm of the count, and the visits. The log must not be changed by them.
   */
  forEachAfter(
    zxidHi: number,
    zxidLo: number,
    visit: (zxidHi: number, zxidLo: number, bytes: Uint8Array) => boolean
  ): void {
    for (let index = this.#firstAfter(zxidHi, zxidLo); index < this.#entries.length; index++) {
      const entry = this.#at(index)
      if (entry === null || !visit(entry.hi, entry.lo, entry.bytes)) return
    }
  }

  /** Zxid of the newest entry that is not greater; null if there is none. */
  floor(zxidHi: number, zxidLo: number): Zxid | null {
    return this.#at(this.#firstAfter(zxidHi, zxidLo) - 1)
  }

  /** Zxid of the oldest entry that is greater; null if there is none. */
  after(zxidHi: number, zxidLo: number): Zxid | null {
    return this.#at(this.#firstAfter(zxidHi, zxidLo))
  }

  clear(): void {
    this.#entries = []
    this.#head = 0
    this.#sizeBytes = 0
  }

  /** Forgets the entries with a greater zxid. */
  truncateAfter(zxidHi: number, zxidLo: number): void {
    const first = this.#firstAfter(zxidHi, zxidLo)
    for (let index = first; index < this.#entries.length; index++) this.#sizeBytes -= this.#at(index)?.bytes.length ?? 0
    this.#entries.length = first
    if (this.isEmpty) this.clear()
  }

  /**
   * The history goes on after this zxid: greater entries are forgotten, and if the log does not reach there, all are, so
   * that no gap can come about.
   */
  endAt(zxidHi: number, zxidLo: number): void {
    this.truncateAfter(zxidHi, zxidLo)
    if (compareInt64(this.maxHi, this.maxLo, zxidHi, zxidLo) !== 0) this.clear()
  }

  #dropOldest(): void {
    this.#sizeBytes -= this.#at(this.#head)?.bytes.length ?? 0
    this.#entries[this.#head] = null
    this.#head++
    if (this.#head >= GAP_COUNT && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head)
      this.#head = 0
    }
  }

  /** Index of the first entry with a greater zxid; the length if there is none. */
  #firstAfter(zxidHi: number, zxidLo: number): number {
    let low = this.#head
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#at(middle)
      if (entry !== null && compareInt64(entry.hi, entry.lo, zxidHi, zxidLo) > 0) high = middle
      else low = middle + 1
    }
    return low
  }

  #at(index: number): Entry | null {
    return this.#entries[index] ?? null
  }
}
