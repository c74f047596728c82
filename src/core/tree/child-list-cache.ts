/** A node with fewer children is listed anew each time. */
const CACHED_CHILD_COUNT_MIN = 256
/** When more than this is held, the lists longest here go, though the newest stays whatever its size. */
const BYTES_MAX = 32 << 20

/**
 * The serialised child lists of big nodes, until they change.
 * perf: bench/tree.ts; many clients list the same node after one event, and each time 100,000 names would be encoded.
 */
export class ChildListCache {
  readonly #lists = new Map<number, Buffer>()
  #bytes = 0

  get(node: number): Buffer | undefined {
    return this.#lists.size === 0 ? undefined : this.#lists.get(node)
  }

  /** Keeps a copy of a list that has just been written, if it is worth it. */
  offer(node: number, childCount: number, list: Uint8Array): void {
    if (childCount < CACHED_CHILD_COUNT_MIN) return
    this.forget(node)
    this.#lists.set(node, Buffer.from(list))
    this.#bytes += list.length
    for (const [oldest] of this.#lists) {
      if (this.#bytes <= BYTES_MAX || oldest === node) break
      this.forget(oldest)
    }
  }

  /** To be called with every change to a node's children, and when it goes. */
  forget(node: number): void {
    if (this.#lists.size === 0) return
    const list = this.#lists.get(node)
    if (list === undefined) return
    this.#bytes -= list.length
    this.#lists.delete(node)
  }

  clear(): void {
    this.#lists.clear()
    this.#bytes = 0
  }
}
