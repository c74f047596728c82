import type { ChangeRecord } from './change-record.ts'

const BUCKETS_MIN = 256
/** An empty table keeps at most this many buckets. */
const BUCKETS_KEPT_MAX = 8192

/**
 * The newest pending change of each path, chained through the records themselves.
 *
 * perf: not a Map. What is pending comes and goes, so that a Map makes itself a new table every few hundred changes; each
 * old one refers to the next, and once one of them is in the old generation, all later ones, with everything pending
 * in them, survive every scavenge (bench/load, set: 240 bytes a set, and half of the time of scavenges).
 *
 * Hashes are those that the tree looks paths up by.
 */
export class PendingRecords {
  /** Its length is a power of 2. */
  #buckets: (ChangeRecord | null)[] = new Array(BUCKETS_MIN).fill(null)
  #size = 0

  /** @param hash of the path: the same for all calls with it */
  get(path: string, hash: number): ChangeRecord | undefined {
    for (let record = this.#head(hash); record !== null; record = record.chained) {
      if (record.hash === hash && record.path === path) return record
    }
    return undefined
  }

  /**
   * Enters a record that is in no table, in the place of the one that its path had.
   * @returns the one before, which is in no table now
   */
  set(record: ChangeRecord): ChangeRecord | undefined {
    const bucket = record.hash & (this.#buckets.length - 1)
    const before = this.#takeOut(record.hash, record.path)
    record.chained = this.#buckets[bucket] as ChangeRecord | null
    this.#buckets[bucket] = record
    if (before === undefined && ++this.#size > this.#buckets.length) this.#resize(2 * this.#buckets.length)
    return before
  }

  /** Takes this very record out; false if it is not the newest one of its path, and nothing has been done. */
  deleteIf(record: ChangeRecord): boolean {
    if (this.get(record.path, record.hash) !== record) return false
    this.#takeOut(record.hash, record.path)
    this.#size--
    if (this.#size === 0 && this.#buckets.length > BUCKETS_KEPT_MAX) this.#resize(BUCKETS_MIN)
    return true
  }

  #head(hash: number): ChangeRecord | null {
    return this.#buckets[hash & (this.#buckets.length - 1)] as ChangeRecord | null
  }

  #takeOut(hash: number, path: string): ChangeRecord | undefined {
    const bucket = hash & (this.#buckets.length - 1)
    let before: ChangeRecord | null = null
    for (let one = this.#buckets[bucket] as ChangeRecord | null; one !== null; one = one.chained) {
      if (one.hash === hash && one.path === path) {
        if (before === null) this.#buckets[bucket] = one.chained
        else before.chained = one.chained
        // A record that is dead must not keep others alive.
        one.chained = null
        return one
      }
      before = one
    }
    return undefined
  }

  #resize(bucketCount: number): void {
    const before = this.#buckets
    this.#buckets = new Array(bucketCount).fill(null)
    for (let record of before) {
      while (record !== null) {
        const next: ChangeRecord | null = record.chained
        const bucket = record.hash & (bucketCount - 1)
        record.chained = this.#buckets[bucket] as ChangeRecord | null
        this.#buckets[bucket] = record
        record = next
      }
    }
  }
}
