/**
 * Map from path to node.
 * perf: bench/tree.ts; one Map of a million entries stops everything for some 100 ms whenever it doubles, so there are
 * many, each of which takes a fraction of that at its own time.
 */
export class PathTable<V> {
  readonly #shards: Map<string, V>[] = Array.from({ length: SHARD_COUNT }, () => new Map<string, V>())
  #size = 0

  get size(): number {
    return this.#size
  }

  get(path: string): V | undefined {
    return this.#shardOf(path).get(path)
  }

  /** Adds a path. The size stays the same if it is there already; its value is replaced then. */
  add(path: string, value: V): void {
    const shard = this.#shardOf(path)
    const sizeBefore = shard.size
    shard.set(path, value)
    this.#size += shard.size - sizeBefore
  }

  /** Removes a path that is there. */
  remove(path: string): void {
    this.#shardOf(path).delete(path)
    this.#size--
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear()
    this.#size = 0
  }

  /** By the last three characters, in which siblings differ most. */
  #shardOf(path: string): Map<string, V> {
    const last = path.length - 1
    const mix = last < 2 ? last : path.charCodeAt(last) + 7 * path.charCodeAt(last - 1) + 31 * path.charCodeAt(last - 2)
    return this.#shards[mix & (SHARD_COUNT - 1)] as Map<string, V> // the mask keeps it in range
  }
}

const SHARD_COUNT = 64
