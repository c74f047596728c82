const CAPACITY_MIN = 16
/** An empty table keeps at most this many places. */
const CAPACITY_KEPT_MAX = 4096

/**
 * Map from a 64-bit key held as (hi, lo) to a value; in no set order.
 *
 * perf: open addressing, not Maps. Sessions and connections come and go, and a Map then makes itself a new table again and
 * again; each old one refers to the next, and once one is in the old generation, all that the later ones
 * ever held survives every scavenge (bench/load, sessions).
 */
export class Int64Map<V> {
  #his = new Int32Array(CAPACITY_MIN)
  #los = new Int32Array(CAPACITY_MIN)
  /** As many as keys, a power of 2; undefined where there is no key. */
  #values: (V | undefined)[] = new Array(CAPACITY_MIN).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(hi: number, lo: number): V | undefined {
    return this.#values[this.#placeOf(hi, lo)]
  }

  has(hi: number, lo: number): boolean {
    return this.get(hi, lo) !== undefined
  }

  set(hi: number, lo: number, value: V): void {
    let place = this.#placeOf(hi, lo)
    if (this.#values[place] === undefined) {
      // At most half full: a search ends after one or two places.
      if (2 * ++this.#size > this.#values.length) {
        this.#resize(2 * this.#values.length)
        place = this.#placeOf(hi, lo)
      }
      this.#his[place] = hi
      this.#los[place] = lo
    }
    this.#values[place] = value
  }

  delete(hi: number, lo: number): boolean {
    const place = this.#placeOf(hi, lo)
    if (this.#values[place] === undefined) return false
    this.#size--
    if (this.#size === 0 && this.#values.length > CAPACITY_KEPT_MAX) this.#resize(CAPACITY_MIN)
    else this.#close(place)
    return true
  }

  /** The values as they are now, in no set order. */
  values(): V[] {
    return this.#values.filter((value) => value !== undefined)
  }

  /** Visits what is in the map now. `visit` may change the map. */
  forEach(visit: (hi: number, lo: number, value: V) => void): void {
    const [his, los, values] = [this.#his.slice(), this.#los.slice(), this.#values.slice()]
    for (let place = 0; place < values.length; place++) {
      const value = values[place]
      if (value !== undefined) visit(his[place] as number, los[place] as number, value) // in range
    }
  }

  /** The place of a key, or the one that it would get. */
  #placeOf(hi: number, lo: number): number {
    const mask = this.#values.length - 1
    let place = hashOf(hi, lo) & mask
    while (this.#values[place] !== undefined && (this.#los[place] !== lo || this.#his[place] !== hi)) {
      place = (place + 1) & mask
    }
    return place
  }

  /** Empties a place, and moves those behind it up that would not be found any more. */
  #close(emptied: number): void {
    const mask = this.#values.length - 1
    let hole = emptied
    for (let place = (hole + 1) & mask; this.#values[place] !== undefined; place = (place + 1) & mask) {
      const wanted = hashOf(this.#his[place] as number, this.#los[place] as number) & mask
      if (((place - wanted) & mask) < ((place - hole) & mask)) continue
      this.#his[hole] = this.#his[place] as number
      this.#los[hole] = this.#los[place] as number
      this.#values[hole] = this.#values[place]
      hole = place
    }
    this.#values[hole] = undefined
  }

  #resize(capacity: number): void {
    const [his, los, values] = [this.#his, this.#los, this.#values]
    this.#his = new Int32Array(capacity)
    this.#los = new Int32Array(capacity)
    this.#values = new Array(capacity).fill(undefined)
    for (let from = 0; from < values.length; from++) {
      if (values[from] === undefined) continue
      const place = this.#placeOf(his[from] as number, los[from] as number)
      this.#his[place] = his[from] as number
      this.#los[place] = los[from] as number
      this.#values[place] = values[from]
    }
  }
}

/** Ids count up or come from clocks: neighbours must not lie side by side. */
function hashOf(hi: number, lo: number): number {
  const mixed = Math.imul(lo ^ Math.imul(hi, 0x85ebca6b), 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
