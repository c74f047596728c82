interface Entry {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** What is to happen, by the world's time: a heap. What is due at the same time happens in the order of its entry. */
export class Agenda {
  /** The world's time, ms. */
  nowMs = 0
  #order = 0
  readonly #heap: Entry[] = []

  /** Something happens after so many ms. */
  after(delayMs: number, run: () => void): void {
    this.#push({ atMs: this.nowMs + delayMs, order: this.#order++, run })
  }

  /** Lets the next thing happen, unless it is later than this. @returns whether there was one */
  runNext(untilMs: number): boolean {
    const [first] = this.#heap
    if (first === undefined || first.atMs > untilMs) return false
    this.#pop()
    this.nowMs = first.atMs
    first.run()
    return true
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = heap[above] as Entry // in range
      if (!isBefore(entry, other)) break
      heap[at] = other
      at = above
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= heap.length) break
      const right = heap[below + 1]
      if (right !== undefined && isBefore(right, heap[below] as Entry)) below++
      const child = heap[below] as Entry // in range
      if (!isBefore(child, last)) break
      heap[at] = child
      at = below
    }
    heap[at] = last
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order
}
