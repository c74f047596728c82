const CAPACITY_MIN = 8
/** An empty queue keeps at most this many places for what comes next. */
const CAPACITY_KEPT_MAX = 4096

/**
 * First-in first-out queue with O(1) `push` and `shift` (amortised where it grows), which lets go of what left it.
 *
 * perf: a ring that is used again and again. Arrays that come and go with each step would survive a scavenge together
 * with all that is in them (docs/performance.md, set).
 */
export class Fifo<T> {
  /** Its length is a power of 2; or 0, until there is something to keep: most queues of idle connections never have. */
  #items: (T | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow()
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item
    this.#size++
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    this.#size--
    if (this.#size === 0 && this.#items.length > CAPACITY_KEPT_MAX) this.clear()
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
    this.#size = 0
  }

  #grow(): void {
    const { length } = this.#items
    const grown: (T | undefined)[] = new Array(Math.max(CAPACITY_MIN, 2 * length)).fill(undefined)
    for (let index = 0; index < length; index++) grown[index] = this.#items[(this.#head + index) & (length - 1)]
    this.#items = grown
    this.#head = 0
  }
}
