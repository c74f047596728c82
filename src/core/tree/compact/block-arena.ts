import type { IntRecords } from './int-records.ts'
import { Field } from './node-record.ts'

/** Blocks lie at multiples of 8 bytes, so that 31 bits name one in 16 GiB. */
const UNIT_SHIFT = 3
const SLAB_SHIFT = 15
const SLAB_UNITS = 1 << SLAB_SHIFT
const SLAB_MASK = SLAB_UNITS - 1
const SLAB_BYTES = SLAB_UNITS << UNIT_SHIFT
const SLAB_COUNT_MAX = 1 << (31 - SLAB_SHIFT)
/** A larger block has memory of its own. */
const CELL_UNITS_MAX = 2048
/** Empty slabs kept for whoever needs one next. */
const SPARE_COUNT_MAX = 4
/** perf: bench/tree.ts; longer blocks are moved by native code. */
const WORD_LOOP_WORDS_MAX = 64
const NO_MEMORY = Buffer.alloc(0)
const NO_WORDS = new Int32Array(0)

/** What a block begins with: the node that it belongs to. */
export const BLOCK_HEAD_BYTES = 4

/** Cells of one size: in use are all of the first slabs, and some of the last. */
interface SizeClass {
  readonly cellUnits: number
  readonly cellsPerSlab: number
  readonly slabs: number[]
  usedInLast: number
}

/**
 * Blocks of bytes, one for each node, in cells of some 80 sizes at most an eighth apart (8 bytes for small ones).
 *
 * Each size has slabs of its own, and they never have holes: the last cell of that size moves into one that becomes free.
 * So what is held beyond what is in use is bounded, whatever came and went: rounding, and one slab for each size.
 * A block's place is thus only good until another is given back; nodes know theirs by `Field.block`.
 *
 * A block above 16 KiB is a Buffer of its own, of just its size.
 */
export class BlockArena {
  readonly #nodes: IntRecords
  #bytes: Buffer[] = []
  #words: Int32Array[] = []
  #freeSlabs: number[] = []
  #spareSlabs: number[] = []
  #large: Buffer[] = []
  #freeLarge: number[] = []
  #largeBytes = 0
  #classes: SizeClass[] = []

  constructor(nodes: IntRecords) {
    this.#nodes = nodes
  }

  /** Memory of all blocks, used or not. */
  get heldBytes(): number {
    return (this.#bytes.length - this.#freeSlabs.length) * SLAB_BYTES + this.#largeBytes
  }

  /**
   * Gives a block for a node.
   * @param sizeBytes head included
   */
  allocate(sizeBytes: number, node: number): number {
    const units = (sizeBytes + 7) >>> UNIT_SHIFT
    if (units > CELL_UNITS_MAX) return this.#allocateLarge(sizeBytes)
    const one = this.#classOf(units)
    if (one.usedInLast === one.cellsPerSlab || one.slabs.length === 0) {
      one.slabs.push(this.#takeSlab())
      one.usedInLast = 0
    }
    const slab = one.slabs[one.slabs.length - 1] as number // just made sure
    const unit = one.usedInLast++ * one.cellUnits
    ;(this.#words[slab] as Int32Array)[unit << 1] = node
    return (slab << SLAB_SHIFT) | unit
  }

  /** Takes a block back, which was allocated with that size. Another may move into its place. */
  release(block: number, sizeBytes: number): void {
    if (block < 0) {
      this.#releaseLarge(~block)
      return
    }
    const one = this.#classOf((sizeBytes + 7) >>> UNIT_SHIFT)
    const slab = one.slabs[one.slabs.length - 1] as number // it has at least this block
    const last = (slab << SLAB_SHIFT) | (--one.usedInLast * one.cellUnits)
    if (last !== block) this.#move(last, block, one.cellUnits)
    if (one.usedInLast > 0) return
    one.slabs.pop()
    one.usedInLast = one.slabs.length === 0 ? 0 : one.cellsPerSlab
    this.#giveSlab(slab)
  }

  /** Whether a block of one size would do for another. */
  isSameCell(sizeBytes: number, otherBytes: number): boolean {
    if (sizeBytes === otherBytes) return true
    const units = (sizeBytes + 7) >>> UNIT_SHIFT
    const otherUnits = (otherBytes + 7) >>> UNIT_SHIFT
    if (units > CELL_UNITS_MAX || otherUnits > CELL_UNITS_MAX) return false
    return classIndex(units) === classIndex(otherUnits)
  }

  /** The memory in which a block is. */
  bytes(block: number): Buffer {
    // in range for every block that `allocate` gave
    return (block >= 0 ? this.#bytes[block >>> SLAB_SHIFT] : this.#large[~block]) as Buffer
  }

  /** The same memory in words, from which `start` is as far; none for a block above 16 KiB. */
  words(block: number): Int32Array {
    return block >= 0 ? (this.#words[block >>> SLAB_SHIFT] as Int32Array) : NO_WORDS
  }

  /** Where in that memory the block's own bytes begin, behind its head. */
  start(block: number): number {
    return block >= 0 ? ((block & SLAB_MASK) << UNIT_SHIFT) + BLOCK_HEAD_BYTES : BLOCK_HEAD_BYTES
  }

  /** Bytes of a block of its own, without its head; 0 for one in a slab, whose node knows. */
  contentBytes(block: number): number {
    return block >= 0 ? 0 : (this.#large[~block] as Buffer).length - BLOCK_HEAD_BYTES
  }

  clear(): void {
    this.#bytes = []
    this.#words = []
    this.#freeSlabs = []
    this.#spareSlabs = []
    this.#large = []
    this.#freeLarge = []
    this.#largeBytes = 0
    this.#classes = []
  }

  #classOf(units: number): SizeClass {
    const index = classIndex(units)
    return this.#classes[index] ?? this.#addClass(index)
  }

  #addClass(index: number): SizeClass {
    // perf: an array without holes.
    for (let each = this.#classes.length; each <= index; each++) {
      const cellUnits = cellUnitsOf(each)
      const cellsPerSlab = Math.floor(SLAB_UNITS / cellUnits)
      this.#classes.push({ cellUnits, cellsPerSlab, slabs: [], usedInLast: 0 })
    }
    return this.#classes[index] as SizeClass // just made sure
  }

  #move(from: number, to: number, units: number): void {
    const source = this.#words[from >>> SLAB_SHIFT] as Int32Array
    const target = this.#words[to >>> SLAB_SHIFT] as Int32Array
    const start = (from & SLAB_MASK) << 1
    const targetStart = (to & SLAB_MASK) << 1
    const count = units << 1
    if (count > WORD_LOOP_WORDS_MAX) target.set(source.subarray(start, start + count), targetStart)
    else for (let word = 0; word < count; word++) target[targetStart + word] = source[start + word] as number
    this.#nodes.set(target[targetStart] as number, Field.block, to)
  }

  #takeSlab(): number {
    const spare = this.#spareSlabs.pop()
    if (spare !== undefined) return spare
    const slab = this.#freeSlabs.pop() ?? this.#bytes.length
    if (slab === SLAB_COUNT_MAX) throw new Error('the znodes take more than 16 GiB')
    const memory = new ArrayBuffer(SLAB_BYTES)
    this.#bytes[slab] = Buffer.from(memory)
    this.#words[slab] = new Int32Array(memory)
    return slab
  }

  #giveSlab(slab: number): void {
    if (this.#spareSlabs.length < SPARE_COUNT_MAX) {
      this.#spareSlabs.push(slab)
      return
    }
    this.#bytes[slab] = NO_MEMORY
    this.#words[slab] = NO_WORDS
    this.#freeSlabs.push(slab)
  }

  #allocateLarge(sizeBytes: number): number {
    const index = this.#freeLarge.pop() ?? this.#large.length
    this.#large[index] = Buffer.allocUnsafeSlow(sizeBytes)
    this.#largeBytes += sizeBytes
    return ~index
  }

  #releaseLarge(index: number): void {
    this.#largeBytes -= (this.#large[index] as Buffer).length
    this.#large[index] = NO_MEMORY
    this.#freeLarge.push(index)
  }
}

/** Up to 32 units each number is a class, above there are eight to each doubling. */
function classIndex(units: number): number {
  if (units <= 32) return units
  const shift = 28 - Math.clz32(units - 1)
  return 24 + ((shift - 2) << 3) + (((units - 1) >>> shift) + 1)
}

function cellUnitsOf(index: number): number {
  if (index <= 32) return Math.max(1, index)
  return (((index - 33) & 7) + 9) << (((index - 33) >>> 3) + 2)
}
