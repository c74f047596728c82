/**
 * Map from a 64-bit key held as (hi, lo) to a value.
 * perf: session ids share few high words (server id and start time), so two small Maps beat bigint or string keys.
 */
export class Int64Map<V> {
  readonly #byHi = new Map<number, Map<number, V>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(hi: number, lo: number): V | undefined {
    return this.#byHi.get(hi)?.get(lo)
  }

  has(hi: number, lo: number): boolean {
    return this.#byHi.get(hi)?.has(lo) ?? false
  }

  set(hi: number, lo: number, value: V): void {
    let row = this.#byHi.get(hi)
    if (row === undefined) {
      row = new Map()
      this.#byHi.set(hi, row)
    }
    if (!row.has(lo)) this.#size++
    row.set(lo, value)
  }

  delete(hi: number, lo: number): boolean {
    const row = this.#byHi.get(hi)
    if (row === undefined || !row.delete(lo)) return false
    if (row.size === 0) this.#byHi.delete(hi)
    this.#size--
    return true
  }

  *values(): IterableIterator<V> {
    for (const row of this.#byHi.values()) yield* row.values()
  }

  forEach(visit: (hi: number, lo: number, value: V) => void): void {
    for (const [hi, row] of this.#byHi) for (const [lo, value] of row) visit(hi, lo, value)
  }
}
