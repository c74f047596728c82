const SLAB_SHIFT = 11
const SLAB_MASK = (1 << SLAB_SHIFT) - 1

/** No record. The same number as NO_NODE. */
export const NONE = -1

/**
 * Records of a fixed number of int32 fields, numbered from 0, outside the garbage-collected heap, in slabs that are never
 * copied. The number that was given back last is the first to be given out again.
 *
 * perf: bench/tree.ts; who reads several fields of a record takes its slab once: `slab(record)[at(record) + FIELD]`.
 */
export class IntRecords {
  readonly #fieldCount: number
  #slabs: Int32Array[] = []
  /** Linked through field 0. */
  #firstFree = NONE
  #limit = 0

  constructor(fieldCount: number) {
    this.#fieldCount = fieldCount
  }

  /** One more than the greatest number in use or free. */
  get limit(): number {
    return this.#limit
  }

  /** Bytes of all slabs. */
  get heldBytes(): number {
    return (this.#slabs.length << SLAB_SHIFT) * this.#fieldCount * 4
  }

  /** Gives a record, whose fields hold anything. */
  allocate(): number {
    const free = this.#firstFree
    if (free !== NONE) {
      this.#firstFree = this.get(free, 0)
      return free
    }
    const record = this.#limit++
    if ((record & SLAB_MASK) === 0) this.#slabs.push(new Int32Array(this.#fieldCount << SLAB_SHIFT))
    return record
  }

  /** Takes a record back; its field 0 is lost. */
  release(record: number): void {
    this.set(record, 0, this.#firstFree)
    this.#firstFree = record
  }

  clear(): void {
    this.#slabs = []
    this.#firstFree = NONE
    this.#limit = 0
  }

  // The casts hold for every record that `allocate` gave.

  /** The array in which a record lies. */
  slab(record: number): Int32Array {
    return this.#slabs[record >>> SLAB_SHIFT] as Int32Array
  }

  /** Index in its slab at which a record begins. */
  at(record: number): number {
    return (record & SLAB_MASK) * this.#fieldCount
  }

  get(record: number, field: number): number {
    return this.slab(record)[this.at(record) + field] as number
  }

  set(record: number, field: number, value: number): void {
    this.slab(record)[this.at(record) + field] = value
  }
}
