import type { StatPersisted } from '../../../protocol/generated/data.ts'
import { type IntRecords, NONE } from './int-records.ts'
import { isKinRecord, Kin, ownerPartOf } from './kin-record.ts'
import type { NodeCrcs } from './node-crcs.ts'
import { Field } from './node-record.ts'
import type { SharedParts } from './shared-parts.ts'

/**
 * The children of each node, linked through their records, and the counters that creating and deleting them moves. A leaf
 * that was never anything else has none of this: its pzxid is its czxid.
 */
export class ChildLinks {
  readonly #nodes: IntRecords
  readonly #kins: IntRecords
  readonly #shared: SharedParts
  readonly #crcs: NodeCrcs

  /** @param kins records of `Kin` */
  constructor(nodes: IntRecords, kins: IntRecords, shared: SharedParts, crcs: NodeCrcs) {
    this.#nodes = nodes
    this.#kins = kins
    this.#shared = shared
    this.#crcs = crcs
  }

  /** The child that was created last, or NONE. */
  firstChild(node: number): number {
    const kin = this.#nodes.get(node, Field.kin)
    return isKinRecord(kin) ? this.#kins.get(kin, Kin.firstChild) : NONE
  }

  childCount(node: number): number {
    const kin = this.#nodes.get(node, Field.kin)
    return isKinRecord(kin) ? this.#kins.get(kin, Kin.childCount) : 0
  }

  cversion(node: number): number {
    const kin = this.#nodes.get(node, Field.kin)
    return isKinRecord(kin) ? this.#kins.get(kin, Kin.cversion) : 0
  }

  /**
   * Copies what a stat has of it; czxid is there.
   * @param kin the node's `Field.kin`
   */
  readStat(kin: number, into: StatPersisted): void {
    if (!isKinRecord(kin)) {
      into.cversion = 0
      into.pzxidHi = into.czxidHi
      into.pzxidLo = into.czxidLo
      return
    }
    const slab = this.#kins.slab(kin)
    const at = this.#kins.at(kin)
    into.cversion = slab[at + Kin.cversion] as number
    into.pzxidHi = slab[at + Kin.pzxidHi] as number
    into.pzxidLo = slab[at + Kin.pzxidLo] as number
  }

  setPzxid(node: number, hi: number, lo: number): void {
    const kin = this.#kinOf(node)
    this.#kins.set(kin, Kin.pzxidHi, hi)
    this.#kins.set(kin, Kin.pzxidLo, lo)
  }

  setCreates(node: number, cversion: number, zxidHi: number, zxidLo: number): void {
    const kin = this.#kinOf(node)
    const slab = this.#kins.slab(kin)
    const at = this.#kins.at(kin)
    slab[at + Kin.cversion] = cversion
    slab[at + Kin.pzxidHi] = zxidHi
    slab[at + Kin.pzxidLo] = zxidLo
  }

  /** Puts a new node in front of its parent's children. */
  link(parent: number, child: number): void {
    const kin = this.#kinOf(parent)
    const slab = this.#kins.slab(kin)
    const at = this.#kins.at(kin)
    const first = slab[at + Kin.firstChild] as number
    slab[at + Kin.firstChild] = child
    slab[at + Kin.childCount] = (slab[at + Kin.childCount] as number) + 1
    this.#nodes.set(child, Field.next, first)
    this.#nodes.set(child, Field.previous, NONE)
    if (first !== NONE) this.#nodes.set(first, Field.previous, child)
  }

  unlink(parent: number, child: number): void {
    const kin = this.#nodes.get(parent, Field.kin)
    const slab = this.#kins.slab(kin)
    const at = this.#kins.at(kin)
    const next = this.#nodes.get(child, Field.next)
    const previous = this.#nodes.get(child, Field.previous)
    slab[at + Kin.childCount] = (slab[at + Kin.childCount] as number) - 1
    if (previous === NONE) slab[at + Kin.firstChild] = next
    else this.#nodes.set(previous, Field.next, next)
    if (next !== NONE) this.#nodes.set(next, Field.previous, previous)
  }

  /** To be called when a node goes, whose owner is forgotten. */
  forget(node: number): void {
    const kin = this.#nodes.get(node, Field.kin)
    if (isKinRecord(kin)) this.#kins.release(kin)
  }

  #kinOf(node: number): number {
    const kin = this.#nodes.get(node, Field.kin)
    return isKinRecord(kin) ? kin : this.#addKin(node, kin)
  }

  #addKin(node: number, before: number): number {
    const prefixCrc = this.#crcs.prefixCrc(node)
    const kin = this.#kins.allocate()
    const slab = this.#kins.slab(kin)
    const at = this.#kins.at(kin)
    slab[at + Kin.firstChild] = NONE
    slab[at + Kin.childCount] = 0
    slab[at + Kin.cversion] = 0
    slab[at + Kin.pzxidHi] = this.#shared.czxidHi(this.#nodes.get(node, Field.shared))
    slab[at + Kin.pzxidLo] = this.#nodes.get(node, Field.czxidLo)
    slab[at + Kin.prefixCrc] = prefixCrc | 0
    slab[at + Kin.ownerPart] = ownerPartOf(before, this.#kins)
    this.#nodes.set(node, Field.kin, kin)
    return kin
  }
}
