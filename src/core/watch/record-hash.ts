import { type IntArena, NONE } from './int-arena.ts'

const SLAB_SHIFT = 10
const SLAB_SIZE = 1 << SLAB_SHIFT
const SLAB_MASK = SLAB_SIZE - 1
/** Buckets that are passed over without a word. */
const EMPTY_BUCKETS_MAX = 256

/**
 * Hash table of records of an arena, chained through one of their fields. Keys are the caller's: it follows the chain of
 * a hash and compares.
 *
 * It grows by linear hashing: each record that is added splits one bucket, and nothing is ever copied.
 * perf: a Map of a million strings stands still for 100 to 300 ms each time that it doubles, and every n one-shot watches
 * that come and go again make it rehash all n (bench/watch-table.ts).
 */
export class RecordHash {
  readonly #arena: IntArena
  readonly #nextField: number
  readonly #hashOf: (record: number) => number
  readonly #buckets: Int32Array[] = [new Int32Array(SLAB_SIZE).fill(NONE)]
  #size = 0
  /** Buckets below this one were split in this round, and have their other half `#roundSize` further on. */
  #nextSplit = 0
  /** Number of buckets when the round began: a power of 2. */
  #roundSize = SLAB_SIZE

  /**
   * @param nextField the field of a record that this table links chains through
   * @param hashOf    the hash of a record: any int32, well mixed in its low bits
   */
  constructor(arena: IntArena, nextField: number, hashOf: (record: number) => number) {
    this.#arena = arena
    this.#nextField = nextField
    this.#hashOf = hashOf
  }

  get size(): number {
    return this.#size
  }

  /** The first record of the chain that has all records of this hash, among others; or NONE. */
  head(hash: number): number {
    const bucket = this.#bucketOf(hash)
    return this.#slab(bucket)[bucket & SLAB_MASK] as number
  }

  /** The next record of the chain, or NONE. */
  next(record: number): number {
    return this.#arena.get(record, this.#nextField)
  }

  add(record: number): void {
    this.#push(record, this.#bucketOf(this.#hashOf(record)))
    this.#size++
    if (this.#size > this.#roundSize + this.#nextSplit) this.#splitOne()
  }

  /** Takes out a record that is in the table. */
  remove(record: number): void {
    this.#relink(record, this.next(record))
    this.#size--
  }

  /** Puts `other`, which has the same hash, in the place of `record`. */
  replace(record: number, other: number): void {
    this.#arena.set(other, this.#nextField, this.next(record))
    this.#relink(record, other)
  }

  /**
   * All records, few at a time, none in some; in no set order. The table may change between two: a record that is there
   * from the beginning to the end, or takes the place of one of its hash, comes once.
   *
   * Buckets are those of the beginning: what has been split off from one since is visited together with it.
   */
  *batches(): Generator<readonly number[]> {
    const [roundSize, nextSplit] = [this.#roundSize, this.#nextSplit]
    const bucketCount = roundSize + nextSplit
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const isSplit = bucket < nextSplit || bucket >= roundSize
      const batch = this.#recordsOf(bucket, isSplit ? roundSize * 2 : roundSize)
      if (batch.length > 0 || bucket % EMPTY_BUCKETS_MAX === 0) yield batch
    }
  }

  /** Of a bucket, and of those that were split off from it since the hashes' low bits were `modulus`. */
  #recordsOf(bucket: number, modulus: number): number[] {
    const records: number[] = []
    const bucketCount = this.#roundSize + this.#nextSplit
    for (let each = bucket; each < bucketCount; each += modulus) {
      const head = this.#slab(each)[each & SLAB_MASK] as number
      for (let record = head; record !== NONE; record = this.next(record)) records.push(record)
    }
    return records
  }

  /** Makes what points to `record` point to `successor`. */
  #relink(record: number, successor: number): void {
    const bucket = this.#bucketOf(this.#hashOf(record))
    const slab = this.#slab(bucket)
    let before = slab[bucket & SLAB_MASK] as number
    if (before === record) {
      slab[bucket & SLAB_MASK] = successor
      return
    }
    while (this.next(before) !== record) before = this.next(before)
    this.#arena.set(before, this.#nextField, successor)
  }

  #push(record: number, bucket: number): void {
    const slab = this.#slab(bucket)
    this.#arena.set(record, this.#nextField, slab[bucket & SLAB_MASK] as number)
    slab[bucket & SLAB_MASK] = record
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (this.#roundSize - 1)
    return bucket < this.#nextSplit ? hash & (this.#roundSize * 2 - 1) : bucket
  }

  #slab(bucket: number): Int32Array {
    return this.#buckets[bucket >>> SLAB_SHIFT] as Int32Array
  }

  /** Shares the records of one bucket with a new one. */
  #splitOne(): void {
    const bucket = this.#nextSplit
    if (((bucket + this.#roundSize) & SLAB_MASK) === 0) this.#buckets.push(new Int32Array(SLAB_SIZE).fill(NONE))
    const slab = this.#slab(bucket)
    let record = slab[bucket & SLAB_MASK] as number
    slab[bucket & SLAB_MASK] = NONE
    this.#nextSplit++
    while (record !== NONE) {
      const next = this.next(record)
      this.#push(record, this.#bucketOf(this.#hashOf(record)))
      record = next
    }
    if (this.#nextSplit === this.#roundSize) {
      this.#roundSize *= 2
      this.#nextSplit = 0
    }
  }
}
