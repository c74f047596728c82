import { type IntRecords, NONE } from './int-records.ts'
import { Field } from './node-record.ts'

const SLAB_SHIFT = 12
const SLAB_SIZE = 1 << SLAB_SHIFT
const SLAB_MASK = SLAB_SIZE - 1

/**
 * Hash table of nodes, chained through their records. Who looks a path up follows the chain of its hash and compares.
 *
 * It grows by linear hashing: each node that is added splits one bucket, and nothing is ever copied.
 */
export class PathIndex {
  readonly #nodes: IntRecords
  #buckets: Int32Array[] = [new Int32Array(SLAB_SIZE).fill(NONE)]
  #size = 0
  /** Buckets below this one were split in this round, and have their other half `#roundSize` further on. */
  #nextSplit = 0
  /** Number of buckets when the round began: a power of 2. */
  #roundSize = SLAB_SIZE

  constructor(nodes: IntRecords) {
    this.#nodes = nodes
  }

  get size(): number {
    return this.#size
  }

  get heldBytes(): number {
    return this.#buckets.length * SLAB_SIZE * 4
  }

  /** Has as many buckets at once as that many nodes would have brought; the table is empty. */
  reserve(size: number): void {
    if (size <= SLAB_SIZE) return
    this.#roundSize = 2 ** (31 - Math.clz32(size))
    this.#nextSplit = size - this.#roundSize
    for (let made = this.#buckets.length; made * SLAB_SIZE < size; made++) {
      this.#buckets.push(new Int32Array(SLAB_SIZE).fill(NONE))
    }
  }

  /** The first node of the chain that has all nodes of this hash, among others; or NONE. */
  head(hash: number): number {
    const bucket = this.#bucketOf(hash)
    return this.#slab(bucket)[bucket & SLAB_MASK] as number
  }

  /** Adds a node whose hash is in its record. */
  add(node: number): void {
    this.#push(node, this.#bucketOf(this.#nodes.get(node, Field.hash)))
    this.#size++
    if (this.#size > this.#roundSize + this.#nextSplit) this.#splitOne()
  }

  /** Takes out a node that is in the table. */
  remove(node: number): void {
    const successor = this.#nodes.get(node, Field.chain)
    const bucket = this.#bucketOf(this.#nodes.get(node, Field.hash))
    const slab = this.#slab(bucket)
    let before = slab[bucket & SLAB_MASK] as number
    this.#size--
    if (before === node) {
      slab[bucket & SLAB_MASK] = successor
      return
    }
    for (let next = this.#nodes.get(before, Field.chain); next !== node; ) {
      before = next
      next = this.#nodes.get(before, Field.chain)
    }
    this.#nodes.set(before, Field.chain, successor)
  }

  clear(): void {
    this.#buckets = [new Int32Array(SLAB_SIZE).fill(NONE)]
    this.#size = 0
    this.#nextSplit = 0
    this.#roundSize = SLAB_SIZE
  }

  #push(node: number, bucket: number): void {
    const slab = this.#slab(bucket)
    this.#nodes.set(node, Field.chain, slab[bucket & SLAB_MASK] as number)
    slab[bucket & SLAB_MASK] = node
  }

  #bucketOf(hash: number): number {
    const bucket = hash & (this.#roundSize - 1)
    return bucket < this.#nextSplit ? hash & (this.#roundSize * 2 - 1) : bucket
  }

  #slab(bucket: number): Int32Array {
    return this.#buckets[bucket >>> SLAB_SHIFT] as Int32Array // in range: as many slabs as buckets need
  }

  /** Shares the nodes of one bucket with a new one. */
  #splitOne(): void {
    const bucket = this.#nextSplit
    if (((bucket + this.#roundSize) & SLAB_MASK) === 0) this.#buckets.push(new Int32Array(SLAB_SIZE).fill(NONE))
    const slab = this.#slab(bucket)
    let node = slab[bucket & SLAB_MASK] as number
    slab[bucket & SLAB_MASK] = NONE
    this.#nextSplit++
    while (node !== NONE) {
      const next = this.#nodes.get(node, Field.chain)
      this.#push(node, this.#bucketOf(this.#nodes.get(node, Field.hash)))
      node = next
    }
    if (this.#nextSplit === this.#roundSize) {
      this.#roundSize *= 2
      this.#nextSplit = 0
    }
  }
}
