import { NONE } from './int-arena.ts'

const SHARD_COUNT = 64

/**
 * Map from a path to a record.
 *
 * perf: one Map of a million strings stands still for 100 to 300 ms each time that it doubles; 64 small ones take a few
 * milliseconds each, and at different times (bench/watch-table.ts). Maps hash strings with a secret seed, so paths made
 * to collide can at worst meet in one shard, which then is as slow to grow as one Map.
 */
export class PathMap {
  readonly #shards: Map<string, number>[] = Array.from({ length: SHARD_COUNT }, () => new Map())
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The record of a path, or NONE. */
  get(path: string): number {
    return this.#shard(path).get(path) ?? NONE
  }

  /** Adds a path that is not in the map. */
  add(path: string, record: number): void {
    this.#shard(path).set(path, record)
    this.#size++
  }

  /** Changes the record of a path that is in the map. */
  replace(path: string, record: number): void {
    this.#shard(path).set(path, record)
  }

  /** Removes a path that is in the map. */
  delete(path: string): void {
    this.#shard(path).delete(path)
    this.#size--
  }

  forEach(visit: (path: string, record: number) => void): void {
    for (const shard of this.#shards) {
      for (const [path, record] of shard) visit(path, record)
    }
  }

  /** Siblings differ in their last characters, families in length and in the middle; NaN of an empty path counts as 0. */
  #shard(path: string): Map<string, number> {
    const length = path.length
    const mix =
      path.charCodeAt(length - 1) +
      path.charCodeAt(length - 2) * 7 +
      path.charCodeAt(length >>> 1) * 13 +
      path.charCodeAt(length >>> 2) * 29 +
      length * 37
    return this.#shards[mix & (SHARD_COUNT - 1)] as Map<string, number>
  }
}
