import { Int64Map } from '../../../protocol/int64-map.ts'
import { IntRecords, NONE } from './int-records.ts'

/** `uses` is the number of nodes that have it. */
export const SharedPart = { czxidHi: 0, ctimeHi: 1, acl: 2, uses: 3 } as const
const PART_FIELD_COUNT = 4

/**
 * What many nodes have in common, kept once: the high words of czxid and ctime, which change with each epoch and every
 * 49 days, and the place of the ACL list in its table.
 */
export class SharedParts {
  readonly records = new IntRecords(PART_FIELD_COUNT)
  /** By czxidHi and ctimeHi, then by the list (in the low word). */
  #byTime = new Int64Map<Int64Map<number>>()
  /** perf: most nodes share it with the one before. NONE if there is none. */
  #latest = NONE

  get heldBytes(): number {
    return this.records.heldBytes
  }

  czxidHi(part: number): number {
    return this.records.get(part, SharedPart.czxidHi)
  }

  ctimeHi(part: number): number {
    return this.records.get(part, SharedPart.ctimeHi)
  }

  acl(part: number): number {
    return this.records.get(part, SharedPart.acl)
  }

  /** The number of what has these three, counted as one use more. */
  take(czxidHi: number, ctimeHi: number, acl: number): number {
    const latest = this.#latest
    const part = latest !== NONE && this.#is(latest, czxidHi, ctimeHi, acl) ? latest : this.#find(czxidHi, ctimeHi, acl)
    this.records.set(part, SharedPart.uses, this.records.get(part, SharedPart.uses) + 1)
    return part
  }

  /** Takes one use away. */
  release(part: number): void {
    const uses = this.records.get(part, SharedPart.uses) - 1
    this.records.set(part, SharedPart.uses, uses)
    if (uses === 0) this.#drop(part)
  }

  clear(): void {
    this.records.clear()
    this.#byTime = new Int64Map()
    this.#latest = NONE
  }

  #is(part: number, czxidHi: number, ctimeHi: number, acl: number): boolean {
    const slab = this.records.slab(part)
    const at = this.records.at(part)
    return (
      slab[at + SharedPart.czxidHi] === czxidHi &&
      slab[at + SharedPart.ctimeHi] === ctimeHi &&
      slab[at + SharedPart.acl] === acl
    )
  }

  #find(czxidHi: number, ctimeHi: number, acl: number): number {
    let byAcl = this.#byTime.get(czxidHi, ctimeHi)
    if (byAcl === undefined) {
      byAcl = new Int64Map()
      this.#byTime.set(czxidHi, ctimeHi, byAcl)
    }
    let part = byAcl.get(0, acl)
    if (part === undefined) {
      part = this.records.allocate()
      this.records.set(part, SharedPart.czxidHi, czxidHi)
      this.records.set(part, SharedPart.ctimeHi, ctimeHi)
      this.records.set(part, SharedPart.acl, acl)
      this.records.set(part, SharedPart.uses, 0)
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
    this.records.release(part)
  }
}
