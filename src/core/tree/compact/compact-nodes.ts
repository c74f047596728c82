import { type JuteWriter, putInt } from 'jute-ts'
import {
  putStatPersisted,
  STAT_PERSISTED_SIZE_BYTES,
  STAT_SIZE_BYTES,
  type Stat,
  type StatPersisted
} from '../../../protocol/generated/data.ts'
import { highWordOfNumber, lowWordOfNumber } from '../../../protocol/int64.ts'
import type { HashPort } from '../../ports.ts'
import { type AclEntry, AclTable } from '../acl-table.ts'
import { ChildListCache } from '../child-list-cache.ts'
import type { EphemeralPaths } from '../data-tree.ts'
import { emptyStat } from '../empty-stat.ts'
import { type Aging, isContainerDone, isTtlOver } from '../lifetime.ts'
import { type DigestSum, digestOfStat, isDigested, moveDigest, pathCrc, prefixCrc } from '../node-digest.ts'
import type { ChangeObserver, ChangeStamp, NodeLoader, NodeTable, NodeTableOptions } from '../node-table.ts'
import { ownerKind } from '../owner-kind.ts'
import { QuotaIndex } from '../quota-index.ts'
import { BLOCK_HEAD_BYTES, BlockArena } from './block-arena.ts'
import { ChildLinks } from './child-links.ts'
import { CompactLoader } from './compact-loader.ts'
import { copyBytes } from './copy-bytes.ts'
import { IntRecords, NONE } from './int-records.ts'
import { NamedNodes } from './named-nodes.ts'
import { Field, FREE, NAME_LENGTH_MASK, NODE_FIELD_COUNT, UNDIGESTED_FLAG } from './node-record.ts'
import { OwnedNodes } from './owned-nodes.ts'

export interface CompactOptions extends NodeTableOptions {
  /** What clients don't know: paths that collide in the table cannot be chosen then. 0 if not given. */
  readonly hashSeed?: number
}

/** Nodes outside the garbage-collected heap: records of integers, and blocks of bytes with their names and data. */
export class CompactNodes implements NodeTable {
  readonly acls = new AclTable()
  readonly quotas = new QuotaIndex()
  readonly digest: DigestSum = { hi: 0, lo: 0 }
  sizeUnits = 0
  readonly #hash: HashPort
  readonly #options: NodeTableOptions
  readonly #nodes = new IntRecords(NODE_FIELD_COUNT)
  readonly #blocks = new BlockArena(this.#nodes)
  readonly #names: NamedNodes
  readonly #links = new ChildLinks(this.#nodes)
  readonly #owned: OwnedNodes
  readonly #childLists = new ChildListCache()
  #observers: ChangeObserver[] = []
  /** Of the node whose digest is made. perf: bench/tree.ts; one object for all. */
  readonly #stat = emptyStat()

  constructor(hash: HashPort, options: CompactOptions) {
    this.#hash = hash
    this.#options = options
    this.#names = new NamedNodes(this.#nodes, this.#blocks, options.hashSeed ?? 0)
    this.#owned = new OwnedNodes(this.#nodes, options, (node) => this.pathOf(node))
  }

  get nodeCount(): number {
    return this.#names.index.size
  }

  get handleLimit(): number {
    return this.#nodes.limit
  }

  get ephemeralCount(): number {
    return this.#owned.ephemeralCount
  }

  /** Bytes of memory taken for nodes, in use or not; what the lists of big nodes take comes on top. */
  get heldBytes(): number {
    const { index } = this.#names
    return (
      this.#nodes.heldBytes + this.#blocks.heldBytes + index.heldBytes + this.#links.heldBytes + this.#owned.heldBytes
    )
  }

  // ---- looking up -----------------------------------------------------------------------------------------------

  find(path: string): number {
    return this.#names.find(path)
  }

  findBytes(bytes: Buffer, start: number, end: number): number {
    return this.#names.findBytes(bytes, start, end)
  }

  pathHash(path: string): number {
    return this.#names.hashOf(path)
  }

  parentOf(path: string): number {
    return this.#names.parentOf(path)
  }

  isUsed(handle: number): boolean {
    return this.#nodes.get(handle, Field.parent) !== FREE
  }

  // ---- one node -------------------------------------------------------------------------------------------------

  pathOf(node: number): string {
    return this.#names.pathOf(node)
  }

  parent(node: number): number {
    return this.#nodes.get(node, Field.parent)
  }

  firstChild(node: number): number {
    return this.#links.firstChild(node)
  }

  nextSibling(node: number): number {
    return this.#nodes.get(node, Field.next)
  }

  data(node: number): Uint8Array | null {
    const length = this.#nodes.get(node, Field.dataLength)
    if (length < 0) return null
    const block = this.#nodes.get(node, Field.block)
    const start = this.#blocks.start(block) + this.#names.nameLength(node)
    return Buffer.from(this.#blocks.bytes(block).subarray(start, start + length))
  }

  dataLength(node: number): number {
    return Math.max(0, this.#nodes.get(node, Field.dataLength))
  }

  writeData(node: number, writer: JuteWriter): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const length = slab[at + Field.dataLength] as number
    if (length < 0) {
      writer.writeInt(-1)
      return
    }
    const offset = writer.claim(4 + length)
    putInt(writer.buffer, offset, length)
    const block = slab[at + Field.block] as number
    const start = this.#blocks.start(block) + ((slab[at + Field.name] as number) & NAME_LENGTH_MASK)
    copyBytes(this.#blocks.bytes(block), start, writer.buffer, offset + 4, length)
  }

  aclEntry(node: number): AclEntry {
    return this.acls.at(this.#nodes.get(node, Field.acl))
  }

  childCount(node: number): number {
    return this.#links.childCount(node)
  }

  *children(node: number): IterableIterator<string> {
    for (let child = this.firstChild(node); child !== NONE; child = this.nextSibling(child)) {
      yield this.#names.nameOf(child)
    }
  }

  writeChildren(node: number, writer: JuteWriter): void {
    const cached = this.#childLists.get(node)
    if (cached !== undefined) {
      writer.writeBytes(cached)
      return
    }
    const start = writer.offset
    const childCount = this.childCount(node)
    writer.writeInt(childCount)
    for (let child = this.firstChild(node); child !== NONE; child = this.nextSibling(child)) {
      this.#names.writeName(child, writer)
    }
    this.#childLists.offer(node, childCount, writer.buffer.subarray(start, writer.offset))
  }

  // ---- its stat -------------------------------------------------------------------------------------------------

  readStat(node: number, into: StatPersisted): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    into.czxidHi = slab[at + Field.czxidHi] as number
    into.czxidLo = slab[at + Field.czxidLo] as number
    into.mzxidHi = slab[at + Field.mzxidHi] as number
    into.mzxidLo = slab[at + Field.mzxidLo] as number
    into.ctimeHi = slab[at + Field.ctimeHi] as number
    into.ctimeLo = slab[at + Field.ctimeLo] as number
    into.mtimeHi = slab[at + Field.mtimeHi] as number
    into.mtimeLo = slab[at + Field.mtimeLo] as number
    into.version = slab[at + Field.version] as number
    into.aversion = slab[at + Field.aversion] as number
    this.#links.readStat(slab[at + Field.childPart] as number, into)
    const ownerPart = slab[at + Field.ownerPart] as number
    into.ephemeralOwnerHi = ownerPart === NONE ? 0 : this.#owned.ownerHi(node)
    into.ephemeralOwnerLo = ownerPart === NONE ? 0 : this.#owned.ownerLo(node)
  }

  shownStat(node: number): Stat {
    const stat = this.#stat
    this.readStat(node, stat)
    const isOwned = this.isEphemeral(node)
    const numChildren = this.childCount(node)
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
      dataLength: this.dataLength(node),
      numChildren,
      pzxidHi: stat.pzxidHi,
      pzxidLo: stat.pzxidLo
    }
  }

  /** perf: bench/tree.ts; the same as `putStat` of `shownStat`, without the object. */
  writeStat(node: number, writer: JuteWriter): void {
    const offset = writer.claim(STAT_SIZE_BYTES)
    const to = writer.buffer
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    putInt(to, offset, slab[at + Field.czxidHi] as number)
    putInt(to, offset + 4, slab[at + Field.czxidLo] as number)
    putInt(to, offset + 8, slab[at + Field.mzxidHi] as number)
    putInt(to, offset + 12, slab[at + Field.mzxidLo] as number)
    putInt(to, offset + 16, slab[at + Field.ctimeHi] as number)
    putInt(to, offset + 20, slab[at + Field.ctimeLo] as number)
    putInt(to, offset + 24, slab[at + Field.mtimeHi] as number)
    putInt(to, offset + 28, slab[at + Field.mtimeLo] as number)
    putInt(to, offset + 32, slab[at + Field.version] as number)
    putInt(to, offset + 40, slab[at + Field.aversion] as number)
    putInt(to, offset + 52, Math.max(0, slab[at + Field.dataLength] as number))
    const isOwned = slab[at + Field.ownerPart] !== NONE && this.isEphemeral(node)
    putInt(to, offset + 44, isOwned ? this.#owned.ownerHi(node) : 0)
    putInt(to, offset + 48, isOwned ? this.#owned.ownerLo(node) : 0)
    if (slab[at + Field.childPart] === NONE) {
      putInt(to, offset + 36, 0)
      putInt(to, offset + 56, 0)
      putInt(to, offset + 60, slab[at + Field.czxidHi] as number)
      putInt(to, offset + 64, slab[at + Field.czxidLo] as number)
      return
    }
    const numChildren = this.childCount(node)
    putInt(to, offset + 36, (2 * this.#links.cversion(node) - numChildren) | 0)
    putInt(to, offset + 56, numChildren)
    putInt(to, offset + 60, this.#links.pzxidHi(node))
    putInt(to, offset + 64, this.#links.pzxidLo(node))
  }

  storedCversion(node: number): number {
    return this.#links.cversion(node)
  }

  version(node: number): number {
    return this.#nodes.get(node, Field.version)
  }

  aversion(node: number): number {
    return this.#nodes.get(node, Field.aversion)
  }

  czxidHi(node: number): number {
    return this.#nodes.get(node, Field.czxidHi)
  }

  czxidLo(node: number): number {
    return this.#nodes.get(node, Field.czxidLo)
  }

  mzxidHi(node: number): number {
    return this.#nodes.get(node, Field.mzxidHi)
  }

  mzxidLo(node: number): number {
    return this.#nodes.get(node, Field.mzxidLo)
  }

  pzxidHi(node: number): number {
    return this.#links.pzxidHi(node)
  }

  pzxidLo(node: number): number {
    return this.#links.pzxidLo(node)
  }

  ephemeralOwnerHi(node: number): number {
    return this.#owned.ownerHi(node)
  }

  ephemeralOwnerLo(node: number): number {
    return this.#owned.ownerLo(node)
  }

  isEphemeral(node: number): boolean {
    return this.#owned.isEphemeral(node)
  }

  pathCrc(node: number): number {
    return this.#nodes.get(node, Field.pathCrc)
  }

  prefixCrc(node: number): number {
    return this.#nodes.get(node, Field.prefixCrc) >>> 0
  }

  nodeDigest(node: number): number {
    return this.#nodes.get(node, Field.digest) >>> 0
  }

  writeRecord(node: number, writer: JuteWriter): void {
    const { key } = this.aclEntry(node)
    this.#names.writePath(node, writer)
    this.writeData(node, writer)
    writer.writeInt64(highWordOfNumber(key), lowWordOfNumber(key))
    const offset = writer.claim(STAT_PERSISTED_SIZE_BYTES)
    this.readStat(node, this.#stat)
    putStatPersisted(writer.buffer, offset, this.#stat)
  }

  // ---- lifetimes ------------------------------------------------------------------------------------------------

  ephemeralsOf(sessionHi: number, sessionLo: number): EphemeralPaths {
    return this.#owned.ephemeralsOf(sessionHi, sessionLo)
  }

  forEachEphemeralOwner(visit: (sessionHi: number, sessionLo: number, paths: EphemeralPaths) => void): void {
    this.#owned.forEachOwner(visit)
  }

  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[] {
    const paths: string[] = []
    for (const node of this.#owned.aging()) {
      if (this.isNodeReapable(node, wallMs, maxNeverUsedMs)) paths.push(this.pathOf(node))
    }
    return paths
  }

  isNodeReapable(node: number, wallMs: number, maxNeverUsedMs: number): boolean {
    if (this.#owned.isContainer(node)) return isContainerDone(this.#agingOf(node), wallMs, maxNeverUsedMs)
    return this.#owned.isTtl(node) && isTtlOver(this.#agingOf(node), wallMs)
  }

  #agingOf(node: number): Aging {
    return {
      mtimeHi: this.#nodes.get(node, Field.mtimeHi),
      mtimeLo: this.#nodes.get(node, Field.mtimeLo),
      cversion: this.#links.cversion(node),
      ephemeralOwnerHi: this.#owned.ownerHi(node),
      ephemeralOwnerLo: this.#owned.ownerLo(node),
      childCount: this.#links.childCount(node)
    }
  }

  isKnownOwner(ownerHi: number, ownerLo: number): boolean {
    return ownerKind(ownerHi, ownerLo, this.#options) !== null
  }

  // ---- change ---------------------------------------------------------------------------------------------------

  observe(observer: ChangeObserver): void {
    this.#observers.push(observer)
  }

  unobserve(observer: ChangeObserver): void {
    this.#observers = this.#observers.filter((one) => one !== observer)
  }

  insert(parent: number, path: string, data: Uint8Array | null, acl: AclEntry, stat: StatPersisted): number {
    const node = this.#nodes.allocate()
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const dataLength = data === null ? 0 : data.length
    const { key } = this.#names
    key.ofText(path)
    const nameLength = key.end - key.slash - 1
    const block = this.#blocks.allocate(BLOCK_HEAD_BYTES + nameLength + dataLength, node)
    const bytes = this.#blocks.bytes(block)
    const start = this.#blocks.start(block)
    copyBytes(key.bytes, key.slash + 1, bytes, start, nameLength)
    if (data !== null && dataLength > 0) bytes.set(data, start + nameLength)
    const isCounted = this.#options.digestEnabled && isDigested(path)
    slab[at + Field.hash] = key.hash
    slab[at + Field.block] = block
    slab[at + Field.name] = isCounted ? nameLength : nameLength | UNDIGESTED_FLAG
    slab[at + Field.dataLength] = data === null ? -1 : dataLength
    const crc = isCounted ? this.#pathCrcBelow(parent, path) : 0
    slab[at + Field.pathCrc] = crc
    slab[at + Field.prefixCrc] = isCounted ? prefixCrc(this.#hash, crc, data) | 0 : 0
    slab[at + Field.parent] = parent
    slab[at + Field.next] = NONE
    slab[at + Field.previous] = NONE
    slab[at + Field.acl] = acl.slot
    slab[at + Field.childPart] = NONE
    slab[at + Field.digest] = 0
    slab[at + Field.czxidHi] = stat.czxidHi
    slab[at + Field.czxidLo] = stat.czxidLo
    slab[at + Field.mzxidHi] = stat.mzxidHi
    slab[at + Field.mzxidLo] = stat.mzxidLo
    slab[at + Field.ctimeHi] = stat.ctimeHi
    slab[at + Field.ctimeLo] = stat.ctimeLo
    slab[at + Field.mtimeHi] = stat.mtimeHi
    slab[at + Field.mtimeLo] = stat.mtimeLo
    slab[at + Field.version] = stat.version
    slab[at + Field.aversion] = stat.aversion
    if (stat.pzxidLo !== stat.czxidLo || stat.pzxidHi !== stat.czxidHi || stat.cversion !== 0) {
      this.#links.setCreates(node, stat.cversion, stat.pzxidHi, stat.pzxidLo)
    }
    this.#owned.add(node, stat.ephemeralOwnerHi, stat.ephemeralOwnerLo)
    this.#names.index.add(node)
    if (parent === NONE) this.#names.root = node
    else {
      this.#links.link(parent, node)
      this.#childLists.forget(parent)
    }
    this.sizeUnits += path.length + dataLength
    this.#changed(node)
    if (this.#observers.length > 0) for (const observer of this.#observers) observer.created(node)
    return node
  }

  loader(nodeCount: number): NodeLoader {
    const parts = {
      table: this,
      nodes: this.#nodes,
      blocks: this.#blocks,
      names: this.#names,
      links: this.#links,
      owned: this.#owned,
      hash: this.#hash,
      digestEnabled: this.#options.digestEnabled
    }
    return new CompactLoader(parts, nodeCount)
  }

  remove(node: number, path: string): void {
    this.#beforeChange(node)
    const parent = this.#nodes.get(node, Field.parent)
    if (parent !== NONE) {
      this.#links.unlink(parent, node)
      this.#childLists.forget(parent)
    }
    this.#names.index.remove(node)
    this.#links.forget(node)
    this.#owned.remove(node)
    this.acls.release(this.aclEntry(node))
    const dataLength = this.dataLength(node)
    this.sizeUnits -= path.length + dataLength
    moveDigest(this.digest, this.#nodes.get(node, Field.digest), 0)
    const sizeBytes = BLOCK_HEAD_BYTES + this.#names.nameLength(node) + dataLength
    this.#blocks.release(this.#nodes.get(node, Field.block), sizeBytes)
    this.#nodes.set(node, Field.parent, FREE)
    this.#nodes.release(node)
  }

  setData(node: number, data: Uint8Array | null, stamp: ChangeStamp, version: number): void {
    this.#beforeChange(node)
    this.#replaceData(node, data)
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    slab[at + Field.mzxidHi] = stamp.zxidHi
    slab[at + Field.mzxidLo] = stamp.zxidLo
    slab[at + Field.mtimeHi] = stamp.timeHi
    slab[at + Field.mtimeLo] = stamp.timeLo
    slab[at + Field.version] = version
    this.#changed(node)
  }

  setTotals(node: number, data: Uint8Array): void {
    this.#beforeChange(node)
    this.#replaceData(node, data)
  }

  setPzxid(node: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(node)
    this.#links.setPzxid(node, zxidHi, zxidLo)
    this.#changed(node)
  }

  setCreates(node: number, cversion: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(node)
    this.#links.setCreates(node, cversion, zxidHi, zxidLo)
    this.#changed(node)
  }

  setAcl(node: number, acl: AclEntry): void {
    this.#beforeChange(node)
    const before = this.aclEntry(node)
    this.#nodes.set(node, Field.acl, acl.slot)
    this.acls.release(before)
  }

  setAversion(node: number, aversion: number): void {
    this.#beforeChange(node)
    this.#nodes.set(node, Field.aversion, aversion)
    this.#changed(node)
  }

  clear(): void {
    this.acls.clear()
    this.quotas.clear()
    this.#nodes.clear()
    this.#blocks.clear()
    this.#names.clear()
    this.#links.clear()
    this.#owned.clear()
    this.#childLists.clear()
    this.#observers = []
    this.digest.hi = this.digest.lo = 0
    this.sizeUnits = 0
  }

  #beforeChange(node: number): void {
    if (this.#observers.length === 0) return
    for (const observer of this.#observers) observer.beforeChange(node)
  }

  #replaceData(node: number, data: Uint8Array | null): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const nameLength = (slab[at + Field.name] as number) & NAME_LENGTH_MASK
    const lengthBefore = Math.max(0, slab[at + Field.dataLength] as number)
    const length = data === null ? 0 : data.length
    const head = BLOCK_HEAD_BYTES + nameLength
    if (!this.#blocks.isSameCell(head + lengthBefore, head + length)) {
      this.#moveName(node, head + lengthBefore, head + length)
    }
    const block = slab[at + Field.block] as number
    if (data !== null && length > 0) this.#blocks.bytes(block).set(data, this.#blocks.start(block) + nameLength)
    slab[at + Field.dataLength] = data === null ? -1 : length
    this.sizeUnits += length - lengthBefore
    const isCounted = (slab[at + Field.name] as number) >= 0
    if (isCounted) {
      slab[at + Field.prefixCrc] = prefixCrc(this.#hash, slab[at + Field.pathCrc] as number, data) | 0
    }
  }

  /** CRC-32 over a path, gone on with from that of the node above. */
  #pathCrcBelow(parent: number, path: string): number {
    return parent === NONE ? 0 : pathCrc(path, path.lastIndexOf('/'), this.#nodes.get(parent, Field.pathCrc))
  }

  /** Gives a node a block of another size, with its name but not its data. */
  #moveName(node: number, sizeBefore: number, size: number): void {
    const nameLength = this.#names.nameLength(node)
    const before = this.#nodes.get(node, Field.block)
    const block = this.#blocks.allocate(size, node)
    const from = this.#blocks.bytes(before)
    copyBytes(from, this.#blocks.start(before), this.#blocks.bytes(block), this.#blocks.start(block), nameLength)
    this.#nodes.set(node, Field.block, block)
    this.#blocks.release(before, sizeBefore)
  }

  /** Brings the digest up after a change to a node's stat. */
  #changed(node: number): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    if ((slab[at + Field.name] as number) < 0) return
    this.readStat(node, this.#stat)
    const digest = digestOfStat((slab[at + Field.prefixCrc] as number) >>> 0, this.#stat)
    moveDigest(this.digest, slab[at + Field.digest] as number, digest)
    slab[at + Field.digest] = digest | 0
  }
}
