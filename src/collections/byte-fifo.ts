const SLAB_BYTES = 256 * 1024
const CAPACITY_MIN = 64
/** Of each item: its key (int64, big end first), number of its slab, where it begins there, its length. */
const FIELDS = 5
const SLAB = 2
const START = 3
const LENGTH = 4

/**
 * First-in first-out queue of byte strings, each with an int64 for a key, that copies them into slabs outside the collected
 * heap. Items are addressed by their place, 0 = the oldest.
 *
 * perf: five numbers an item and no object: of many thousand items that stay for a while, each object would survive two
 * scavenges, and die where only a full collection finds it (docs/performance.md, three servers).
 */
export class ByteFifo {
  /** Used round and round from `#head` on; its capacity is a power of 2. */
  #items = new Int32Array(CAPACITY_MIN * FIELDS)
  #head = 0
  #size = 0
  #bytes = 0
  /** Slabs from number `#firstSlab` on; the last one is being filled. */
  #slabs: Uint8Array[] = []
  #firstSlab = 0
  #used = 0
  #spare: Uint8Array | null = null

  get size(): number {
    return this.#size
  }

  /** Bytes of all items. */
  get bytes(): number {
    return this.#bytes
  }

  /** Copies the bytes behind all others. */
  push(keyHi: number, keyLo: number, bytes: Uint8Array): void {
    const { length } = bytes
    const last = this.#slabs.at(-1)
    const slab = last === undefined || this.#used + length > last.length ? this.#addSlab(length) : last
    slab.set(bytes, this.#used)
    if (this.#size * FIELDS === this.#items.length) this.#grow()
    const at = this.#at(this.#size)
    this.#items[at] = keyHi
    this.#items[at + 1] = keyLo
    this.#items[at + SLAB] = this.#firstSlab + this.#slabs.length - 1
    this.#items[at + START] = this.#used
    this.#items[at + LENGTH] = length
    this.#used += length
    this.#bytes += length
    this.#size++
  }

  /**
   * The item at a place: a view that is good until the queue is changed.
   *
   * @throws RangeError if there is none
   */
  get(place: number): Uint8Array {
    const at = this.#at(place)
    const start = this.#field(at + START)
    const slab = this.#slabs[this.#field(at + SLAB) - this.#firstSlab]
    if (place < 0 || place >= this.#size || slab === undefined)
      throw new RangeError(`no item ${place} of ${this.#size}`)
    return slab.subarray(start, start + this.#field(at + LENGTH))
  }

  /** Upper half of an item's key. The place must be one of an item, as in `keyLo`. */
  keyHi(place: number): number {
    return this.#field(this.#at(place))
  }

  keyLo(place: number): number {
    return this.#field(this.#at(place) + 1)
  }

  /** Drops the oldest item, if there is one. */
  shift(): void {
    if (this.#size === 0) return
    this.#bytes -= this.#field(this.#at(0) + LENGTH)
    this.#head = (this.#head + 1) & (this.#items.length / FIELDS - 1)
    this.#size--
    if (this.#size === 0) return this.clear()
    const oldest = this.#field(this.#at(0) + SLAB)
    while (this.#firstSlab < oldest) {
      const slab = this.#slabs.shift()
      this.#firstSlab++
      if (slab?.length === SLAB_BYTES) this.#spare = slab
    }
  }

  /** Drops the newest items, so that `size` are left. */
  truncate(size: number): void {
    if (size >= this.#size) return
    if (size <= 0) return this.clear()
    for (let place = size; place < this.#size; place++) this.#bytes -= this.#field(this.#at(place) + LENGTH)
    this.#size = size
    const newest = this.#at(size - 1)
    this.#slabs.length = this.#field(newest + SLAB) - this.#firstSlab + 1
    this.#used = this.#field(newest + START) + this.#field(newest + LENGTH)
  }

  /** Drops everything; one slab is kept for what comes. */
  clear(): void {
    const slab = this.#slabs.find(({ length }) => length === SLAB_BYTES)
    if (slab !== undefined) this.#spare = slab
    this.#firstSlab += this.#slabs.length
    this.#slabs = []
    this.#used = 0
    this.#head = 0
    this.#size = 0
    this.#bytes = 0
  }

  #addSlab(bytes: number): Uint8Array {
    const spare = bytes <= SLAB_BYTES ? this.#spare : null
    if (spare !== null) this.#spare = null
    const slab = spare ?? new Uint8Array(Math.max(SLAB_BYTES, bytes))
    this.#slabs.push(slab)
    this.#used = 0
    return slab
  }

  #grow(): void {
    const { length } = this.#items
    const grown = new Int32Array(2 * length)
    const first = this.#head * FIELDS
    grown.set(this.#items.subarray(first))
    grown.set(this.#items.subarray(0, first), length - first)
    this.#items = grown
    this.#head = 0
  }

  #at(place: number): number {
    return ((this.#head + place) & (this.#items.length / FIELDS - 1)) * FIELDS
  }

  #field(at: number): number {
    return this.#items[at] ?? 0
  }
}
