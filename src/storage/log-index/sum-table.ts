const CAPACITY_MIN = 1024
const NONE = -1
/** So many can be kept in their order while others are looked at. */
const FEW = 1000

/** Where a key was met first. */
export interface SumSource {
  readonly part: number
  readonly position: number
}

/**
 * Two sums by key, which is a pair of int32. For millions of keys.
 *
 * perf: columns and a table of open addresses; a Map of objects takes ten times as long.
 */
export class SumTable {
  #size = 0
  #hi: Int32Array
  #lo: Int32Array
  #major: Float64Array
  #minor: Float64Array
  #part: Int32Array
  #position: Int32Array
  /** Twice as many as there may be keys; their number is a power of 2. */
  #slots: Int32Array

  /** @param keyCountMax as many keys as there may be; more than that are taken as well */
  constructor(keyCountMax: number) {
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(CAPACITY_MIN, keyCountMax + 1)))
    this.#hi = new Int32Array(capacity)
    this.#lo = new Int32Array(capacity)
    this.#major = new Float64Array(capacity)
    this.#minor = new Float64Array(capacity)
    this.#part = new Int32Array(capacity)
    this.#position = new Int32Array(capacity)
    this.#slots = new Int32Array(capacity * 2).fill(NONE)
  }

  get size(): number {
    return this.#size
  }

  /** Adds to both sums of a key. Where it is new, it is noted from where it came. */
  add(hi: number, lo: number, major: number, minor: number, part: number, position: number): void {
    const slot = this.#slotOf(hi, lo)
    const entry = this.#slots[slot] ?? NONE
    if (entry !== NONE) {
      this.#major[entry] = (this.#major[entry] ?? 0) + major
      this.#minor[entry] = (this.#minor[entry] ?? 0) + minor
      return
    }
    const next = this.#size++
    this.#slots[slot] = next
    this.#hi[next] = hi
    this.#lo[next] = lo
    this.#major[next] = major
    this.#minor[next] = minor
    this.#part[next] = part
    this.#position[next] = position
    if (this.#size === this.#hi.length) this.#grow()
  }

  /** The keys with the greatest first sum, then second sum, then those that came first, at most so many. */
  top(count: number): { readonly hi: number; readonly lo: number; readonly source: SumSource }[] {
    return this.#best(count).map((entry) => ({
      hi: this.#hi[entry] ?? 0,
      lo: this.#lo[entry] ?? 0,
      source: { part: this.#part[entry] ?? 0, position: this.#position[entry] ?? 0 }
    }))
  }

  #best(count: number): readonly number[] {
    if (count > FEW)
      return Array.from({ length: this.#size }, (_, entry) => entry)
        .sort(this.#compare)
        .slice(0, count)
    const best: number[] = []
    for (let entry = 0; entry < this.#size; entry++) {
      const last = best[count - 1]
      if (last !== undefined && this.#compare(last, entry) <= 0) continue
      let place = best.length
      while (place > 0 && this.#compare(best[place - 1] ?? 0, entry) > 0) place--
      best.splice(place, 0, entry)
      best.length = Math.min(best.length, count)
    }
    return best
  }

  readonly #compare = (one: number, other: number): number =>
    (this.#major[other] ?? 0) - (this.#major[one] ?? 0) ||
    (this.#minor[other] ?? 0) - (this.#minor[one] ?? 0) ||
    one - other

  /** The slot that has the key, or the free one where it belongs. */
  #slotOf(hi: number, lo: number): number {
    const mask = this.#slots.length - 1
    let slot = mixed(hi, lo) & mask
    for (;;) {
      const entry = this.#slots[slot] ?? NONE
      if (entry === NONE || (this.#hi[entry] === hi && this.#lo[entry] === lo)) return slot
      slot = (slot + 1) & mask
    }
  }

  #grow(): void {
    const capacity = this.#hi.length * 2
    const grown = <A extends { set(other: A): void }>(next: A, old: A): A => {
      next.set(old)
      return next
    }
    this.#hi = grown(new Int32Array(capacity), this.#hi)
    this.#lo = grown(new Int32Array(capacity), this.#lo)
    this.#major = grown(new Float64Array(capacity), this.#major)
    this.#minor = grown(new Float64Array(capacity), this.#minor)
    this.#part = grown(new Int32Array(capacity), this.#part)
    this.#position = grown(new Int32Array(capacity), this.#position)
    this.#slots = new Int32Array(capacity * 2).fill(NONE)
    for (let entry = 0; entry < this.#size; entry++) {
      this.#slots[this.#slotOf(this.#hi[entry] ?? 0, this.#lo[entry] ?? 0)] = entry
    }
  }
}

function mixed(hi: number, lo: number): number {
  const product = Math.imul(hi ^ Math.imul(lo, 0x9e3779b1), 0x85ebca6b)
  return product ^ (product >>> 15)
}
