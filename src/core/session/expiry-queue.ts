/** What an element of an ExpiryQueue carries for it. Only the queue writes these fields; an element is in one queue. */
export interface ExpiryEntry {
  /** Number of the bucket, counted in intervals of the queue's own clock; NOT_QUEUED outside of the queue. */
  expiryBucket: number
  /** Place within the bucket. */
  expiryIndex: number
}

export const NOT_QUEUED = -1

/**
 * Elements with deadlines, in buckets of one interval (tickTime): a deadline is rounded up to the next multiple of the
 * interval, strictly, and a bucket comes due as a whole. So an element expires between its timeout and one interval
 * more after it was last heard of, and most updates find it in the right bucket already and move nothing.
 *
 * The queue keeps a clock of its own, which stands still for the time that is credited by `postpone`.
 *
 * All operations but `expired` and `forEachBucket` take constant time.
 * @see ExpiryQueue, which rounds and polls so
 */
export class ExpiryQueue<E extends ExpiryEntry> {
  readonly #intervalMs: number
  readonly #buckets = new Map<number, E[]>()
  /** The first bucket that has not been drained. */
  #nextBucket: number
  #postponedMs = 0
  #size = 0

  constructor(intervalMs: number, nowMs: number) {
    this.#intervalMs = intervalMs
    this.#nextBucket = Math.floor(nowMs / intervalMs) + 1
  }

  /** Number of elements. */
  get size(): number {
    return this.#size
  }

  /** Number of buckets, emptied ones included until they are due, as `dump` counts them. */
  get bucketCount(): number {
    return this.#buckets.size
  }

  /** When `expired` may next have something to give: the end of the current interval; Infinity if nothing is queued. */
  get nextExpiryMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#deadlineMs(this.#nextBucket)
  }

  /** Gives the element the deadline `nowMs + timeoutMs`, earlier or later than the one that it had, if any. */
  update(entry: E, timeoutMs: number, nowMs: number): void {
    const bucket = Math.max(
      Math.floor((nowMs - this.#postponedMs + timeoutMs) / this.#intervalMs) + 1,
      this.#nextBucket
    )
    if (bucket === entry.expiryBucket) return
    this.remove(entry)
    let entries = this.#buckets.get(bucket)
    if (entries === undefined) {
      entries = []
      this.#buckets.set(bucket, entries)
    }
    entry.expiryBucket = bucket
    entry.expiryIndex = entries.length
    entries.push(entry)
    this.#size++
  }

  /** Takes an element out, if it is in. */
  remove(entry: E): void {
    if (entry.expiryBucket === NOT_QUEUED) return
    const entries = this.#buckets.get(entry.expiryBucket)
    const last = entries?.pop()
    if (entries === undefined || last === undefined) throw new Error('expiry queue: entry of another queue')
    if (last !== entry) {
      entries[entry.expiryIndex] = last
      last.expiryIndex = entry.expiryIndex
    }
    entry.expiryBucket = NOT_QUEUED
    this.#size--
  }

  /**
   * Takes out the elements whose deadline is `nowMs` or before.
   *
   * @param countMax at most so many; the others stay due and come with the next call, unless updated before
   */
  expired(nowMs: number, countMax: number = Number.POSITIVE_INFINITY): E[] {
    const out: E[] = []
    const lastDue = Math.floor((nowMs - this.#postponedMs) / this.#intervalMs)
    while (this.#nextBucket <= lastDue) {
      if (this.#buckets.size === 0) {
        this.#nextBucket = lastDue + 1
        break
      }
      if (!this.#drainBucket(this.#nextBucket, out, countMax)) break
      this.#buckets.delete(this.#nextBucket)
      this.#nextBucket++
    }
    return out
  }

  /**
   * Moves all deadlines by `deltaMs`: the time for which the process itself stood still and could not read the signs of
   * life that were waiting for it.
   */
  postpone(deltaMs: number): void {
    this.#postponedMs += deltaMs
  }

  /** Visits the buckets by deadline, emptied ones included, for `dump`. */
  forEachBucket(visit: (deadlineMs: number, entries: readonly E[]) => void): void {
    const sorted = [...this.#buckets].sort(([a], [b]) => a - b)
    for (const [bucket, entries] of sorted) visit(this.#deadlineMs(bucket), entries)
  }

  /** Deadline of a queued element, rounded as it is. */
  deadlineMs(entry: E): number {
    return this.#deadlineMs(entry.expiryBucket)
  }

  #deadlineMs(bucket: number): number {
    return bucket * this.#intervalMs + this.#postponedMs
  }

  /** @returns false if `out` is full before the bucket is empty */
  #drainBucket(bucket: number, out: E[], countMax: number): boolean {
    const entries = this.#buckets.get(bucket)
    while (entries !== undefined && entries.length > 0) {
      if (out.length >= countMax) return false
      const entry = entries.pop()
      if (entry === undefined) break
      entry.expiryBucket = NOT_QUEUED
      this.#size--
      out.push(entry)
    }
    return true
  }
}
