import { Random } from '../../interop/faults/power-cut/random.ts'

/** Every choice of a simulation, out of one seed. */
export class Dice {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed)
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    return this.#random.below(count)
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.#random.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.#random.chance(probability)
  }

  pick<T>(items: readonly T[]): T {
    const index = this.#random.below(items.length)
    if (items.length === 0) throw new RangeError('nothing to pick from')
    return items[index] as T // the index is in range
  }

  /** One of the kinds, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const kinds = Object.keys(weights) as K[]
    let left = this.#random.next() * kinds.reduce((sum, kind) => sum + weights[kind], 0)
    for (const kind of kinds) {
      left -= weights[kind]
      if (left < 0) return kind
    }
    return this.pick(kinds)
  }
}
