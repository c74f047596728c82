/** Seeded pseudo-random numbers (xoshiro128** seeded by a hash of the text); the same text gives the same sequence. */
export class Random {
  readonly #state: Uint32Array

  constructor(seed: string) {
    this.#state = new Uint32Array(4)
    let hash = 0x811c9dc5
    for (let word = 0; word < 4; word++) {
      for (const char of `${seed}/${word}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193)
      hash ^= hash >>> 15
      this.#state[word] = hash === 0 ? 0x9e3779b9 : hash
    }
    for (let warmUp = 0; warmUp < 16; warmUp++) this.#next()
  }

  /** An integer in 0 .. bound - 1. */
  below(bound: number): number {
    return Math.floor((this.#next() / 0x1_0000_0000) * bound)
  }

  /** An integer in low .. high. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.#next() / 0x1_0000_0000 < probability
  }

  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)]
    if (item === undefined && list.length === 0) throw new RangeError('pick from an empty list')
    return item as T
  }

  /** One of the values, each as likely as its weight says. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let point = (this.#next() / 0x1_0000_0000) * choices.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of choices) {
      point -= weight
      if (point < 0) return value
    }
    return this.pick(choices)[1]
  }

  hex(bytes: number): string {
    let text = ''
    for (let at = 0; at < bytes; at++) text += this.below(256).toString(16).padStart(2, '0')
    return text
  }

  #next(): number {
    const s = this.#state
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = s
    const result = Math.imul(rotate(Math.imul(s1, 5), 7), 9) >>> 0
    const shifted = s1 << 9
    s[2] = s2 ^ s0
    s[3] = s3 ^ s1
    s[1] = s1 ^ (s[2] ?? 0)
    s[0] = s0 ^ (s[3] ?? 0)
    s[2] = (s[2] ?? 0) ^ shifted
    s[3] = rotate(s[3] ?? 0, 11)
    return result
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
