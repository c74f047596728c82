const SLAB_SHIFT = 12
const SLAB_MASK = (1 << SLAB_SHIFT) - 1

/** No record. */
export const NONE = -1

/**
 * Records of a fixed number of int32 fields and one text, numbered from 0, with a free list.
 *
 * perf: the fields lie outside the garbage-collected heap (bench/watch-table.ts), in slabs that are never copied; an
 * object of the same fields takes four times the room, and each one is traced by every full collection.
 */
export class IntArena {
  readonly #fieldCount: number
  #fields: Int32Array[] = []
  #texts: string[][] = []
  #firstFree = NONE
  /** Records that were ever given out since the arena was empty. */
  #usedCount = 0
  #liveCount = 0

  constructor(fieldCount: number) {
    this.#fieldCount = fieldCount
  }

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

  /** Takes a record back. Once the last one is back, so is the memory. */
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

  // The casts below hold for every record that `allocate` gave; a check on each access would cost a third of the time.

  get(record: number, field: number): number {
    const slab = this.#fields[record >>> SLAB_SHIFT] as Int32Array
    return slab[(record & SLAB_MASK) * this.#fieldCount + field] as number
  }

  set(record: number, field: number, value: number): void {
    const slab = this.#fields[record >>> SLAB_SHIFT] as Int32Array
    slab[(record & SLAB_MASK) * this.#fieldCount + field] = value
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
    this.#fields.push(new Int32Array(this.#fieldCount << SLAB_SHIFT))
    this.#texts.push([])
  }
}
