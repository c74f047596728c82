import type { StatPersisted } from '../../../protocol/generated/data.ts'
import type { ChangeStamp } from '../node-table.ts'
import { IntRecords, NONE } from './int-records.ts'
import { Field } from './node-record.ts'
import type { SharedParts } from './shared-parts.ts'

const Part = { mzxidHi: 0, mzxidLo: 1, mtimeHi: 2, mtimeLo: 3, version: 4, aversion: 5 } as const
const PART_FIELD_COUNT = 6

/**
 * What of a node's stat is its own once its data or its list has been set: until then mzxid and mtime are those of its
 * creation, and its versions are 0.
 */
export class ChangeParts {
  readonly #nodes: IntRecords
  readonly #shared: SharedParts
  readonly #parts = new IntRecords(PART_FIELD_COUNT)

  constructor(nodes: IntRecords, shared: SharedParts) {
    this.#nodes = nodes
    this.#shared = shared
  }

  get heldBytes(): number {
    return this.#parts.heldBytes
  }

  version(node: number): number {
    const part = this.#nodes.get(node, Field.changes)
    return part === NONE ? 0 : this.#parts.get(part, Part.version)
  }

  aversion(node: number): number {
    const part = this.#nodes.get(node, Field.changes)
    return part === NONE ? 0 : this.#parts.get(part, Part.aversion)
  }

  /**
   * Copies what a stat has of it.
   * @param part the node's `Field.changes`, which is not NONE
   */
  readStat(part: number, into: StatPersisted): void {
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    into.mzxidHi = slab[at + Part.mzxidHi] as number
    into.mzxidLo = slab[at + Part.mzxidLo] as number
    into.mtimeHi = slab[at + Part.mtimeHi] as number
    into.mtimeLo = slab[at + Part.mtimeLo] as number
    into.version = slab[at + Part.version] as number
    into.aversion = slab[at + Part.aversion] as number
  }

  /** Enters what a new node has of it, whose field is NONE and whose times are set. */
  enter(node: number, stat: StatPersisted): void {
    const isAsCreated =
      stat.mzxidLo === stat.czxidLo &&
      stat.mtimeLo === stat.ctimeLo &&
      stat.version === 0 &&
      stat.aversion === 0 &&
      stat.mzxidHi === stat.czxidHi &&
      stat.mtimeHi === stat.ctimeHi
    if (isAsCreated) return
    const part = this.#add(node)
    this.#put(part, stat.mzxidHi, stat.mzxidLo, stat.mtimeHi, stat.mtimeLo, stat.version)
    this.#parts.set(part, Part.aversion, stat.aversion)
  }

  setData(node: number, stamp: ChangeStamp, version: number): void {
    this.#put(this.#partOf(node), stamp.zxidHi, stamp.zxidLo, stamp.timeHi, stamp.timeLo, version)
  }

  setAversion(node: number, aversion: number): void {
    this.#parts.set(this.#partOf(node), Part.aversion, aversion)
  }

  /** To be called when a node goes. */
  forget(node: number): void {
    const part = this.#nodes.get(node, Field.changes)
    if (part !== NONE) this.#parts.release(part)
  }

  clear(): void {
    this.#parts.clear()
  }

  #partOf(node: number): number {
    const part = this.#nodes.get(node, Field.changes)
    if (part !== NONE) return part
    const added = this.#add(node)
    const shared = this.#nodes.get(node, Field.shared)
    const czxidLo = this.#nodes.get(node, Field.czxidLo)
    const ctimeLo = this.#nodes.get(node, Field.ctimeLo)
    this.#put(added, this.#shared.czxidHi(shared), czxidLo, this.#shared.ctimeHi(shared), ctimeLo, 0)
    this.#parts.set(added, Part.aversion, 0)
    return added
  }

  #put(part: number, mzxidHi: number, mzxidLo: number, mtimeHi: number, mtimeLo: number, version: number): void {
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    slab[at + Part.mzxidHi] = mzxidHi
    slab[at + Part.mzxidLo] = mzxidLo
    slab[at + Part.mtimeHi] = mtimeHi
    slab[at + Part.mtimeLo] = mtimeLo
    slab[at + Part.version] = version
  }

  #add(node: number): number {
    const part = this.#parts.allocate()
    this.#nodes.set(node, Field.changes, part)
    return part
  }
}
