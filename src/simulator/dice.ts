/** Every choice of a simulation, out of one seed (sfc32). */
export class Dice {
  #a: number
  #b: number
  #c = 0x9e3779b9
  #counter = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 4294967296) | 0
    for (let left = 12; left > 0; left--) this.next()
  }

  /** A number in [0, 1). */
  next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return (sum >>> 0) / 4294967296
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count)
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** A number from `low` up to `high`. */
  within([low, high]: readonly [number, number]): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A waiting time of this mean, as between events that know nothing of each other. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[this.below(items.length)] as T // the index is in range
  }

  /** One of the kinds, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const kinds = Object.keys(weights) as K[]
    let left = this.next() * kinds.reduce((sum, kind) => sum + weights[kind], 0)
    for (const kind of kinds) {
      left -= weights[kind]
      if (left < 0) return kind
    }
    return this.pick(kinds)
  }

  /** A copy in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items]
    for (let index = copy.length - 1; index > 0; index--) {
      const other = this.below(index + 1)
      const kept = copy[index] as T // both in range
      copy[index] = copy[other] as T
      copy[other] = kept
    }
    return copy
  }
}
