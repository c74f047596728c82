import type { StatPersisted } from '../../../protocol/generated/data.ts'
import { IntRecords, NONE } from './int-records.ts'
import { Field } from './node-record.ts'

/** What only nodes have that have children, had some, or lost a node that they never had (in replay). */
const Part = { firstChild: 0, childCount: 1, cversion: 2, pzxidHi: 3, pzxidLo: 4 } as const
const PART_FIELD_COUNT = 5

/**
 * The children of each node, linked through their records, and the counters that creating and deleting them moves. A leaf
 * that was never anything else has none of this: its pzxid is its czxid.
 */
export class ChildLinks {
  readonly #nodes: IntRecords
  readonly #parts = new IntRecords(PART_FIELD_COUNT)

  constructor(nodes: IntRecords) {
    this.#nodes = nodes
  }

  get heldBytes(): number {
    return this.#parts.heldBytes
  }

  /** The child that was created last, or NONE. */
  firstChild(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? NONE : this.#parts.get(part, Part.firstChild)
  }

  childCount(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? 0 : this.#parts.get(part, Part.childCount)
  }

  cversion(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? 0 : this.#parts.get(part, Part.cversion)
  }

  pzxidHi(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? this.#nodes.get(node, Field.czxidHi) : this.#parts.get(part, Part.pzxidHi)
  }

  pzxidLo(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? this.#nodes.get(node, Field.czxidLo) : this.#parts.get(part, Part.pzxidLo)
  }

  /**
   * Copies what a stat has of it.
   * @param part the node's `Field.childPart`
   */
  readStat(part: number, into: StatPersisted): void {
    if (part === NONE) {
      into.cversion = 0
      into.pzxidHi = into.czxidHi
      into.pzxidLo = into.czxidLo
      return
    }
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    into.cversion = slab[at + Part.cversion] as number
    into.pzxidHi = slab[at + Part.pzxidHi] as number
    into.pzxidLo = slab[at + Part.pzxidLo] as number
  }

  setPzxid(node: number, hi: number, lo: number): void {
    const part = this.#partOf(node)
    this.#parts.set(part, Part.pzxidHi, hi)
    this.#parts.set(part, Part.pzxidLo, lo)
  }

  setCreates(node: number, cversion: number, zxidHi: number, zxidLo: number): void {
    const part = this.#partOf(node)
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    slab[at + Part.cversion] = cversion
    slab[at + Part.pzxidHi] = zxidHi
    slab[at + Part.pzxidLo] = zxidLo
  }

  /** Puts a new node in front of its parent's children. */
  link(parent: number, child: number): void {
    const part = this.#partOf(parent)
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    const first = slab[at + Part.firstChild] as number
    slab[at + Part.firstChild] = child
    slab[at + Part.childCount] = (slab[at + Part.childCount] as number) + 1
    this.#nodes.set(child, Field.next, first)
    this.#nodes.set(child, Field.previous, NONE)
    if (first !== NONE) this.#nodes.set(first, Field.previous, child)
  }

  unlink(parent: number, child: number): void {
    const part = this.#nodes.get(parent, Field.childPart)
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    const next = this.#nodes.get(child, Field.next)
    const previous = this.#nodes.get(child, Field.previous)
    slab[at + Part.childCount] = (slab[at + Part.childCount] as number) - 1
    if (previous === NONE) slab[at + Part.firstChild] = next
    else this.#nodes.set(previous, Field.next, next)
    if (next !== NONE) this.#nodes.set(next, Field.previous, previous)
  }

  /** To be called when a node goes. */
  forget(node: number): void {
    const part = this.#nodes.get(node, Field.childPart)
    if (part !== NONE) this.#parts.release(part)
  }

  clear(): void {
    this.#parts.clear()
  }

  #partOf(node: number): number {
    const part = this.#nodes.get(node, Field.childPart)
    return part === NONE ? this.#addPart(node) : part
  }

  #addPart(node: number): number {
    const part = this.#parts.allocate()
    this.#nodes.set(node, Field.childPart, part)
    this.#parts.set(part, Part.firstChild, NONE)
    this.#parts.set(part, Part.childCount, 0)
    this.#parts.set(part, Part.cversion, 0)
    this.#parts.set(part, Part.pzxidHi, this.#nodes.get(node, Field.czxidHi))
    this.#parts.set(part, Part.pzxidLo, this.#nodes.get(node, Field.czxidLo))
    return part
  }
}
