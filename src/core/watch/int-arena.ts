const SLAB_SHIFT = 12
const SLAB_MASK = (1 << SLAB_SHIFT) - 1

/** int32 fields of a record. */
const FIELD_COUNT_SHIFT = 3

/** No record. */
export const NONE = -1

/**
 * Records of eight int32 fields and one text, numbered from 0, with a free list.
 *
 * perf: the fields lie outside the garbage-collected heap (bench/watch-table.ts), in slabs that are never copied; objects
 * of the same fields take three times the room, and every full collection traces each of them.
 */
export class IntArena {
  #fields: Int32Array[] = []
  #texts: string[][] = []
  /** Linked through field 0. */
  #firstFree = NONE
  /** Records that were ever given out since the arena was empty. */
  #usedCount = 0
  #liveCount = 0

  /** Number of records in use. */
  get liveCount(): number {
    return this.#liveCount
  }

  /** Gives a record, whose fields hold anything. The text is kept, not copied. */
  allocate(text: string): number {
    let record = this.#firstFree
    if (record === NONE) {
      record = this.#usedCount++
      if ((record & SLAB_MASK) === 0) this.#addSlab()
    } else {
      this.#firstFree = this.get(record, 0)
    }
    this.#setText(record, text)
    this.#liveCount++
    return record
  }

  /** Takes a record back. Its memory serves for others, and is given up once the last one is back. */
  release(record: number): void {
    this.#liveCount--
    if (this.#liveCount === 0) {
      this.#fields = []
      this.#texts = []
      this.#firstFree = NONE
      this.#usedCount = 0
      return
    }
    this.#setText(record, '')
    this.set(record, 0, this.#firstFree)
    this.#firstFree = record
  }

  // The casts below hold for every record that `allocate` gave.

  get(record: number, field: number): number {
    const slab = this.#fields[record >>> SLAB_SHIFT] as Int32Array
    return slab[((record & SLAB_MASK) << FIELD_COUNT_SHIFT) + field] as number
  }

  set(record: number, field: number, value: number): void {
    const slab = this.#fields[record >>> SLAB_SHIFT] as Int32Array
    slab[((record & SLAB_MASK) << FIELD_COUNT_SHIFT) + field] = value
  }

  text(record: number): string {
    const slab = this.#texts[record >>> SLAB_SHIFT] as string[]
    return slab[record & SLAB_MASK] as string
  }

  #setText(record: number, text: string): void {
    const slab = this.#texts[record >>> SLAB_SHIFT] as string[]
    slab[record & SLAB_MASK] = text
  }

  #addSlab(): void {
    this.#fields.push(new Int32Array(1 << (SLAB_SHIFT + FIELD_COUNT_SHIFT)))
    this.#texts.push([])
  }
}
