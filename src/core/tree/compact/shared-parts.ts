import type { StatPersisted } from '../../../protocol/generated/data.ts'
import { Int64Map } from '../../../protocol/int64-map.ts'
import { IntRecords, NONE } from './int-records.ts'

/** `uses` is the number of nodes that have it. */
const Part = { czxidHi: 0, ctimeHi: 1, acl: 2, uses: 3 } as const
const PART_FIELD_COUNT = 4

/**
 * What many nodes have in common, kept once: the high words of czxid and ctime, which change with each epoch and every
 * 49 days, and the place of the ACL list in its table.
 */
export class SharedParts {
  readonly #parts = new IntRecords(PART_FIELD_COUNT)
  /** By czxidHi and ctimeHi, then by the list (in the low word). */
  #byTime = new Int64Map<Int64Map<number>>()
  /** perf: most nodes share it with the one before. NONE if there is none. */
  #latest = NONE

  get heldBytes(): number {
    return this.#parts.heldBytes
  }

  czxidHi(part: number): number {
    return this.#parts.get(part, Part.czxidHi)
  }

  ctimeHi(part: number): number {
    return this.#parts.get(part, Part.ctimeHi)
  }

  /** Copies what a stat has of it. */
  readStat(part: number, into: StatPersisted): void {
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    into.czxidHi = slab[at + Part.czxidHi] as number
    into.ctimeHi = slab[at + Part.ctimeHi] as number
  }

  acl(part: number): number {
    return this.#parts.get(part, Part.acl)
  }

  /** The number of what has these three, counted as one use more. */
  take(czxidHi: number, ctimeHi: number, acl: number): number {
    const latest = this.#latest
    const part = latest !== NONE && this.#is(latest, czxidHi, ctimeHi, acl) ? latest : this.#find(czxidHi, ctimeHi, acl)
    this.#parts.set(part, Part.uses, this.#parts.get(part, Part.uses) + 1)
    return part
  }

  /** Takes one use away. */
  release(part: number): void {
    const uses = this.#parts.get(part, Part.uses) - 1
    this.#parts.set(part, Part.uses, uses)
    if (uses === 0) this.#drop(part)
  }

  clear(): void {
    this.#parts.clear()
    this.#byTime = new Int64Map()
    this.#latest = NONE
  }

  #is(part: number, czxidHi: number, ctimeHi: number, acl: number): boolean {
    const slab = this.#parts.slab(part)
    const at = this.#parts.at(part)
    return slab[at + Part.czxidHi] === czxidHi && slab[at + Part.ctimeHi] === ctimeHi && slab[at + Part.acl] === acl
  }

  #find(czxidHi: number, ctimeHi: number, acl: number): number {
    let byAcl = this.#byTime.get(czxidHi, ctimeHi)
    if (byAcl === undefined) {
      byAcl = new Int64Map()
      this.#byTime.set(czxidHi, ctimeHi, byAcl)
    }
    let part = byAcl.get(0, acl)
    if (part === undefined) {
      part = this.#parts.allocate()
      this.#parts.set(part, Part.czxidHi, czxidHi)
      this.#parts.set(part, Part.ctimeHi, ctimeHi)
      this.#parts.set(part, Part.acl, acl)
      this.#parts.set(part, Part.uses, 0)
      byAcl.set(0, acl, part)
    }
    this.#latest = part
    return part
  }

  #drop(part: number): void {
    const czxidHi = this.czxidHi(part)
    const ctimeHi = this.ctimeHi(part)
    const byAcl = this.#byTime.get(czxidHi, ctimeHi)
    byAcl?.delete(0, this.acl(part))
    if (byAcl?.size === 0) this.#byTime.delete(czxidHi, ctimeHi)
    if (this.#latest === part) this.#latest = NONE
    this.#parts.release(part)
  }
}
