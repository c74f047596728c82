import { type JuteWriter, putInt } from 'jute-ts'
import { STAT_SIZE_BYTES, type Stat, type StatPersisted } from '../../../protocol/generated/data.ts'
import { emptyStat } from '../empty-stat.ts'
import { ChangeParts } from './change-parts.ts'
import type { ChildLinks } from './child-links.ts'
import { type IntRecords, NONE } from './int-records.ts'
import { Field } from './node-record.ts'
import type { OwnedNodes } from './owned-nodes.ts'
import { SharedPart, type SharedParts } from './shared-parts.ts'

/** The stats of nodes, put together from where their fields are. */
export class NodeStats {
  readonly changes: ChangeParts
  readonly #shared: SharedParts
  readonly #nodes: IntRecords
  readonly #links: ChildLinks
  readonly #owned: OwnedNodes
  /** perf: bench/tree.ts; one object for all. */
  readonly #stat = emptyStat()

  constructor(nodes: IntRecords, shared: SharedParts, links: ChildLinks, owned: OwnedNodes) {
    this.#nodes = nodes
    this.#shared = shared
    this.changes = new ChangeParts(nodes, shared)
    this.#links = links
    this.#owned = owned
  }

  get heldBytes(): number {
    return this.#shared.heldBytes + this.changes.heldBytes
  }

  /**
   * Enters the stat of a new node, whose block, parent and name are there.
   * @param acl place of its list in the ACL table
   */
  enter(node: number, stat: StatPersisted, acl: number): void {
    const { czxidHi, czxidLo, ctimeHi, ctimeLo, cversion, pzxidHi, pzxidLo } = stat
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    slab[at + Field.czxidLo] = czxidLo
    slab[at + Field.ctimeLo] = ctimeLo
    slab[at + Field.shared] = this.#shared.take(czxidHi, ctimeHi, acl)
    slab[at + Field.changes] = NONE
    slab[at + Field.kin] = NONE
    this.changes.enter(node, stat)
    if (pzxidLo !== czxidLo || pzxidHi !== czxidHi || cversion !== 0) {
      this.#links.setCreates(node, cversion, pzxidHi, pzxidLo)
    }
    this.#owned.add(node, stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)
  }

  /** To be called when a node goes. */
  forget(node: number): void {
    this.changes.forget(node)
    this.#owned.remove(node)
    this.#links.forget(node)
    this.#shared.release(this.#nodes.get(node, Field.shared))
  }

  setAcl(node: number, acl: number): void {
    const before = this.#nodes.get(node, Field.shared)
    const shared = this.#shared
    this.#nodes.set(node, Field.shared, shared.take(shared.czxidHi(before), shared.ctimeHi(before), acl))
    shared.release(before)
  }

  czxidHi(node: number): number {
    return this.#shared.czxidHi(this.#nodes.get(node, Field.shared))
  }

  /** The stored stat. perf: bench/tree.ts; what most nodes need is read here, with no call for each part. */
  read(node: number, into: StatPersisted): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const { records } = this.#shared
    const shared = slab[at + Field.shared] as number
    const sharedSlab = records.slab(shared)
    const sharedAt = records.at(shared)
    const czxidHi = sharedSlab[sharedAt + SharedPart.czxidHi] as number
    const czxidLo = slab[at + Field.czxidLo] as number
    const ctimeHi = sharedSlab[sharedAt + SharedPart.ctimeHi] as number
    const ctimeLo = slab[at + Field.ctimeLo] as number
    into.czxidHi = czxidHi
    into.czxidLo = czxidLo
    into.ctimeHi = ctimeHi
    into.ctimeLo = ctimeLo
    const changes = slab[at + Field.changes] as number
    if (changes === NONE) {
      into.mzxidHi = czxidHi
      into.mzxidLo = czxidLo
      into.mtimeHi = ctimeHi
      into.mtimeLo = ctimeLo
      into.version = 0
      into.aversion = 0
    } else this.changes.readStat(changes, into)
    const kin = slab[at + Field.kin] as number
    if (kin === NONE) {
      into.cversion = 0
      into.pzxidHi = czxidHi
      into.pzxidLo = czxidLo
      into.ephemeralOwnerHi = 0
      into.ephemeralOwnerLo = 0
    } else {
      this.#links.readStat(kin, into)
      this.#owned.readStat(kin, into)
    }
  }

  /** The stat as clients see it: creates and deletes of children in one counter, no owner but a session. */
  shown(node: number, dataLength: number): Stat {
    const stat = this.#stat
    this.read(node, stat)
    const isOwned = this.#owned.isEphemeral(node)
    const numChildren = this.#links.childCount(node)
    return {
      czxidHi: stat.czxidHi,
      czxidLo: stat.czxidLo,
      mzxidHi: stat.mzxidHi,
      mzxidLo: stat.mzxidLo,
      ctimeHi: stat.ctimeHi,
      ctimeLo: stat.ctimeLo,
      mtimeHi: stat.mtimeHi,
      mtimeLo: stat.mtimeLo,
      version: stat.version,
      cversion: (2 * stat.cversion - numChildren) | 0,
      aversion: stat.aversion,
      ephemeralOwnerHi: isOwned ? stat.ephemeralOwnerHi : 0,
      ephemeralOwnerLo: isOwned ? stat.ephemeralOwnerLo : 0,
      dataLength,
      numChildren,
      pzxidHi: stat.pzxidHi,
      pzxidLo: stat.pzxidLo
    }
  }

  /** perf: bench/tree.ts; the same as `putStat` of `shown`, without the object. */
  write(node: number, dataLength: number, writer: JuteWriter): void {
    const offset = writer.claim(STAT_SIZE_BYTES)
    const to = writer.buffer
    const stat = this.#stat
    this.read(node, stat)
    const isPlainLeaf = this.#nodes.get(node, Field.kin) === NONE
    const numChildren = isPlainLeaf ? 0 : this.#links.childCount(node)
    const isOwned = !isPlainLeaf && this.#owned.isEphemeral(node)
    putInt(to, offset, stat.czxidHi)
    putInt(to, offset + 4, stat.czxidLo)
    putInt(to, offset + 8, stat.mzxidHi)
    putInt(to, offset + 12, stat.mzxidLo)
    putInt(to, offset + 16, stat.ctimeHi)
    putInt(to, offset + 20, stat.ctimeLo)
    putInt(to, offset + 24, stat.mtimeHi)
    putInt(to, offset + 28, stat.mtimeLo)
    putInt(to, offset + 32, stat.version)
    putInt(to, offset + 36, (2 * stat.cversion - numChildren) | 0)
    putInt(to, offset + 40, stat.aversion)
    putInt(to, offset + 44, isOwned ? stat.ephemeralOwnerHi : 0)
    putInt(to, offset + 48, isOwned ? stat.ephemeralOwnerLo : 0)
    putInt(to, offset + 52, dataLength)
    putInt(to, offset + 56, numChildren)
    putInt(to, offset + 60, stat.pzxidHi)
    putInt(to, offset + 64, stat.pzxidLo)
  }

  clear(): void {
    this.#shared.clear()
    this.changes.clear()
  }
}
