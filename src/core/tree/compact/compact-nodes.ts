import { type JuteWriter, putInt } from 'jute-ts'
import {
  putStatPersisted,
  STAT_PERSISTED_SIZE_BYTES,
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
import { type DigestSum, digestOfStat, prefixCrc } from '../node-digest.ts'
import type { ChangeObserver, ChangeStamp, NodeLoader, NodeTable, NodeTableOptions } from '../node-table.ts'
import { ownerKind } from '../owner-kind.ts'
import { QuotaIndex } from '../quota-index.ts'
import { BLOCK_HEAD_BYTES, BlockArena } from './block-arena.ts'
import { ChildLinks } from './child-links.ts'
import { CompactLoader } from './compact-loader.ts'
import { copyBytes } from './copy-bytes.ts'
import { IntRecords, NONE } from './int-records.ts'
import { isKinRecord, KIN_FIELD_COUNT, Kin } from './kin-record.ts'
import { NamedNodes } from './named-nodes.ts'
import { NodeCrcs } from './node-crcs.ts'
import { dataLengthOf, isDigestedNode, largeDataLengthOf, nameLengthOf, packLengths } from './node-lengths.ts'
import { Field, FREE, NODE_FIELD_COUNT } from './node-record.ts'
import { NodeStats } from './node-stats.ts'
import { OwnedNodes } from './owned-nodes.ts'
import { SharedParts } from './shared-parts.ts'

export interface CompactOptions extends NodeTableOptions {
  /** What clients don't know: paths that collide in the table cannot be chosen then. 0 if not given. */
  readonly hashSeed?: number
}

/** Nodes outside the garbage-collected heap: records of integers, and blocks of bytes with their names and data. */
export class CompactNodes implements NodeTable {
  readonly acls = new AclTable()
  readonly quotas = new QuotaIndex()
  readonly digest: DigestSum
  sizeUnits = 0
  readonly #hash: HashPort
  readonly #options: NodeTableOptions
  readonly #nodes = new IntRecords(NODE_FIELD_COUNT)
  readonly #blocks = new BlockArena(this.#nodes)
  readonly #kins = new IntRecords(KIN_FIELD_COUNT)
  readonly #shared = new SharedParts()
  readonly #names: NamedNodes
  readonly #crcs: NodeCrcs
  readonly #links: ChildLinks
  readonly #owned: OwnedNodes
  readonly #stats: NodeStats
  readonly #childLists = new ChildListCache()
  #observers: ChangeObserver[] = []
  /** Of the node whose digest is made. perf: bench/tree.ts; one object for all. */
  readonly #stat = emptyStat()

  constructor(hash: HashPort, options: CompactOptions) {
    this.#hash = hash
    this.#options = options
    this.#names = new NamedNodes(this.#nodes, this.#blocks, options.hashSeed ?? 0)
    this.#crcs = new NodeCrcs(this.#nodes, this.#kins, this.#blocks, hash, options.digestEnabled)
    this.digest = this.#crcs.sum
    this.#links = new ChildLinks(this.#nodes, this.#kins, this.#shared, this.#crcs)
    this.#owned = new OwnedNodes(this.#nodes, this.#kins, options, (node) => this.pathOf(node))
    this.#stats = new NodeStats(this.#nodes, this.#shared, this.#links, this.#owned)
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
    const records = this.#nodes.heldBytes + this.#kins.heldBytes + this.#stats.heldBytes + this.#owned.heldBytes
    return records + this.#blocks.heldBytes + index.heldBytes
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

  nameOf(node: number): string {
    return this.#names.nameOf(node)
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
    const length = this.#dataLength(node)
    if (length < 0) return null
    const block = this.#nodes.get(node, Field.block)
    const start = this.#blocks.start(block) + this.#names.nameLength(node)
    return Buffer.from(this.#blocks.bytes(block).subarray(start, start + length))
  }

  dataLength(node: number): number {
    return Math.max(0, this.#dataLength(node))
  }

  /** -1: null. */
  #dataLength(node: number): number {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    return this.#dataLengthOf(slab[at + Field.lengths] as number, slab[at + Field.block] as number)
  }

  #dataLengthOf(lengths: number, block: number): number {
    return block >= 0 ? dataLengthOf(lengths) : largeDataLengthOf(lengths, this.#blocks.contentBytes(block))
  }

  writeData(node: number, writer: JuteWriter): void {
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    const block = slab[at + Field.block] as number
    const lengths = slab[at + Field.lengths] as number
    const length = this.#dataLengthOf(lengths, block)
    if (length < 0) {
      writer.writeInt(-1)
      return
    }
    const offset = writer.claim(4 + length)
    putInt(writer.buffer, offset, length)
    const start = this.#blocks.start(block) + nameLengthOf(lengths, block)
    copyBytes(this.#blocks.bytes(block), start, writer.buffer, offset + 4, length)
  }

  aclEntry(node: number): AclEntry {
    return this.acls.at(this.#shared.acl(this.#nodes.get(node, Field.shared)))
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
    this.#stats.read(node, into)
  }

  shownStat(node: number): Stat {
    return this.#stats.shown(node, this.dataLength(node))
  }

  writeStat(node: number, writer: JuteWriter): void {
    this.#stats.write(node, this.dataLength(node), writer)
  }

  storedCversion(node: number): number {
    return this.#links.cversion(node)
  }

  version(node: number): number {
    return this.#stats.changes.version(node)
  }

  aversion(node: number): number {
    return this.#stats.changes.aversion(node)
  }

  czxidHi(node: number): number {
    return this.#stats.czxidHi(node)
  }

  czxidLo(node: number): number {
    return this.#nodes.get(node, Field.czxidLo)
  }

  mzxidHi(node: number): number {
    return this.#statOf(node).mzxidHi
  }

  mzxidLo(node: number): number {
    return this.#statOf(node).mzxidLo
  }

  pzxidHi(node: number): number {
    return this.#statOf(node).pzxidHi
  }

  pzxidLo(node: number): number {
    return this.#statOf(node).pzxidLo
  }

  #statOf(node: number): StatPersisted {
    this.#stats.read(node, this.#stat)
    return this.#stat
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
    return this.#crcs.prefixCrc(node)
  }

  keptPrefixCrc(node: number): number {
    return this.#crcs.keptPrefixCrc(node)
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
    const { mtimeHi, mtimeLo, cversion, ephemeralOwnerHi, ephemeralOwnerLo } = this.#statOf(node)
    const childCount = this.#links.childCount(node)
    return { mtimeHi, mtimeLo, cversion, ephemeralOwnerHi, ephemeralOwnerLo, childCount }
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
    const isCounted = this.#crcs.isCounted(path)
    slab[at + Field.hash] = key.hash
    slab[at + Field.block] = block
    slab[at + Field.lengths] = packLengths(block, nameLength, data === null ? -1 : dataLength, isCounted)
    slab[at + Field.parent] = parent
    slab[at + Field.next] = NONE
    slab[at + Field.previous] = NONE
    slab[at + Field.digest] = 0
    const pathCrc = isCounted ? this.#crcs.pathCrcBelow(parent, path) : 0
    slab[at + Field.pathCrc] = pathCrc
    this.#stats.enter(node, stat, acl.slot)
    this.#names.index.add(node)
    if (parent === NONE) this.#names.root = node
    else {
      this.#links.link(parent, node)
      this.#childLists.forget(parent)
    }
    this.sizeUnits += path.length + dataLength
    if (isCounted) this.#changed(node, prefixCrc(this.#hash, pathCrc, data))
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
      stats: this.#stats,
      crcs: this.#crcs,
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
    this.acls.release(this.aclEntry(node))
    const dataLength = this.dataLength(node)
    this.sizeUnits -= path.length + dataLength
    this.#crcs.setDigest(node, 0)
    this.#stats.forget(node)
    const sizeBytes = BLOCK_HEAD_BYTES + this.#names.nameLength(node) + dataLength
    this.#blocks.release(this.#nodes.get(node, Field.block), sizeBytes)
    this.#nodes.set(node, Field.parent, FREE)
    this.#nodes.release(node)
  }

  setData(node: number, data: Uint8Array | null, stamp: ChangeStamp, version: number): void {
    this.#beforeChange(node)
    this.#replaceData(node, data)
    this.#stats.changes.setData(node, stamp, version)
    const slab = this.#nodes.slab(node)
    const at = this.#nodes.at(node)
    if (!isDigestedNode(slab[at + Field.lengths] as number)) return
    const prefix = prefixCrc(this.#hash, slab[at + Field.pathCrc] as number, data)
    const kin = slab[at + Field.kin] as number
    if (isKinRecord(kin)) this.#kins.set(kin, Kin.prefixCrc, prefix | 0)
    this.#changed(node, prefix)
  }

  setTotals(node: number, data: Uint8Array): void {
    this.#beforeChange(node)
    this.#replaceData(node, data)
  }

  setPzxid(node: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(node)
    this.#links.setPzxid(node, zxidHi, zxidLo)
    this.#statChanged(node)
  }

  setCreates(node: number, cversion: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(node)
    this.#links.setCreates(node, cversion, zxidHi, zxidLo)
    this.#statChanged(node)
  }

  setAcl(node: number, acl: AclEntry): void {
    this.#beforeChange(node)
    const before = this.aclEntry(node)
    this.#stats.setAcl(node, acl.slot)
    this.acls.release(before)
  }

  setAversion(node: number, aversion: number): void {
    this.#beforeChange(node)
    this.#stats.changes.setAversion(node, aversion)
    this.#statChanged(node)
  }

  clear(): void {
    this.acls.clear()
    this.quotas.clear()
    this.#nodes.clear()
    this.#blocks.clear()
    this.#names.clear()
    this.#kins.clear()
    this.#stats.clear()
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
    const lengths = slab[at + Field.lengths] as number
    const before = slab[at + Field.block] as number
    const nameLength = nameLengthOf(lengths, before)
    const lengthBefore = Math.max(0, this.#dataLengthOf(lengths, before))
    const length = data === null ? 0 : data.length
    const head = BLOCK_HEAD_BYTES + nameLength
    if (!this.#blocks.isSameCell(head + lengthBefore, head + length)) {
      this.#moveName(node, head + lengthBefore, head + length)
    }
    const block = slab[at + Field.block] as number
    if (data !== null && length > 0) this.#blocks.bytes(block).set(data, this.#blocks.start(block) + nameLength)
    slab[at + Field.lengths] = packLengths(block, nameLength, data === null ? -1 : length, isDigestedNode(lengths))
    this.sizeUnits += length - lengthBefore
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

  #isCounted(node: number): boolean {
    return isDigestedNode(this.#nodes.get(node, Field.lengths))
  }

  /** Brings the digest up after a change to a node's stat alone. */
  #statChanged(node: number): void {
    if (this.#isCounted(node)) this.#changed(node, this.#crcs.prefixCrc(node))
  }

  /** @param prefix CRC-32 over path and data of a node that counts */
  #changed(node: number, prefix: number): void {
    this.#stats.read(node, this.#stat)
    this.#crcs.setDigest(node, digestOfStat(prefix, this.#stat))
  }
}
