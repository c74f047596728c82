import { type JuteWriter, putInt } from 'jute-ts'
import {
  putStat,
  putStatPersisted,
  STAT_PERSISTED_SIZE_BYTES,
  STAT_SIZE_BYTES,
  type Stat,
  type StatPersisted
} from '../../protocol/generated/data.ts'
import { highWordOfNumber, lowWordOfNumber } from '../../protocol/int64.ts'
import type { HashPort } from '../ports.ts'
import { type AclEntry, AclTable } from './acl-table.ts'
import { ChildListCache } from './child-list-cache.ts'
import { type EphemeralPaths, NO_NODE } from './data-tree.ts'
import { copyStat } from './empty-stat.ts'
import { LifetimeIndex } from './lifetime-index.ts'
import { loadByPath } from './load-by-path.ts'
import { type DigestSum, digestOfStat, isDigested, moveDigest, pathCrc, prefixCrc } from './node-digest.ts'
import type { ChangeObserver, ChangeStamp, NodeLoader, NodeTable, NodeTableOptions } from './node-table.ts'
import { ownerKind } from './owner-kind.ts'
import { PathTable } from './path-table.ts'
import { bytesAsText, linkChild, PlainNode, shownStat, unlinkChild } from './plain-node.ts'
import { QuotaIndex } from './quota-index.ts'

/** Nodes as objects and maps. */
export class PlainNodes implements NodeTable {
  readonly acls = new AclTable()
  readonly quotas = new QuotaIndex()
  readonly digest: DigestSum = { hi: 0, lo: 0 }
  sizeUnits = 0
  readonly #lifetimes = new LifetimeIndex()
  readonly #childLists = new ChildListCache()
  readonly #hash: HashPort
  readonly #options: NodeTableOptions
  readonly #byPath = new PathTable<PlainNode>()
  #byHandle: (PlainNode | undefined)[] = []
  #freeHandles: number[] = []
  #observers: ChangeObserver[] = []
  /** perf: bench/tree.ts; nodes often come as siblings one after the other. */
  #lastParent: PlainNode | null = null

  constructor(hash: HashPort, options: NodeTableOptions) {
    this.#hash = hash
    this.#options = options
  }

  get nodeCount(): number {
    return this.#byPath.size
  }

  get handleLimit(): number {
    return this.#byHandle.length
  }

  get ephemeralCount(): number {
    return this.#lifetimes.ephemeralCount
  }

  // ---- looking up -----------------------------------------------------------------------------------------------

  find(path: string): number {
    return this.#get(path)?.handle ?? NO_NODE
  }

  findBytes(bytes: Buffer, start: number, end: number): number {
    return this.find(bytes.toString('utf8', start, end))
  }

  pathHash(path: string): number {
    let hash = 0
    for (let index = 0; index < path.length; index++) hash = (Math.imul(hash, 31) + path.charCodeAt(index)) | 0
    return hash
  }

  parentOf(path: string): number {
    const last = this.#lastParent
    const slash = path.lastIndexOf('/')
    if (last !== null && slash === last.path.length && path.startsWith(last.path)) return last.handle
    const parent = slash < 0 ? undefined : this.#byPath.get(path.slice(0, slash))
    if (parent === undefined) return NO_NODE
    this.#lastParent = parent
    return parent.handle
  }

  isUsed(handle: number): boolean {
    return this.#byHandle[handle] !== undefined
  }

  #get(path: string): PlainNode | undefined {
    return this.#byPath.get(path.length === 1 && path === '/' ? '' : path)
  }

  #at(handle: number): PlainNode {
    return this.#byHandle[handle] as PlainNode // the caller has it from `find`
  }

  // ---- one node -------------------------------------------------------------------------------------------------

  pathOf(node: number): string {
    return this.#at(node).path
  }

  nameOf(node: number): string {
    const { path } = this.#at(node)
    return path.slice(path.lastIndexOf('/') + 1)
  }

  parent(node: number): number {
    return this.#at(node).parent?.handle ?? NO_NODE
  }

  firstChild(node: number): number {
    return this.#at(node).firstChild?.handle ?? NO_NODE
  }

  nextSibling(node: number): number {
    return this.#at(node).next?.handle ?? NO_NODE
  }

  data(node: number): Uint8Array | null {
    const { data } = this.#at(node)
    return data === null ? null : Buffer.from(data, 'latin1')
  }

  dataLength(node: number): number {
    return lengthOf(this.#at(node).data)
  }

  writeData(node: number, writer: JuteWriter): void {
    writeDataText(this.#at(node).data, writer)
  }

  aclEntry(node: number): AclEntry {
    return this.#at(node).acl
  }

  childCount(node: number): number {
    return this.#at(node).childCount
  }

  *children(node: number): IterableIterator<string> {
    const parent = this.#at(node)
    for (let child = parent.firstChild; child !== null; child = child.next) yield childName(parent, child)
  }

  writeChildren(node: number, writer: JuteWriter): void {
    const cached = this.#childLists.get(node)
    if (cached !== undefined) {
      writer.writeBytes(cached)
      return
    }
    const parent = this.#at(node)
    const start = writer.offset
    writer.writeInt(parent.childCount)
    for (let child = parent.firstChild; child !== null; child = child.next) writer.writeString(childName(parent, child))
    this.#childLists.offer(node, parent.childCount, writer.buffer.subarray(start, writer.offset))
  }

  readStat(node: number, into: StatPersisted): void {
    copyStat(this.#at(node), into)
  }

  shownStat(node: number): Stat {
    return shownStat(this.#at(node))
  }

  writeStat(node: number, writer: JuteWriter): void {
    const offset = writer.claim(STAT_SIZE_BYTES)
    putStat(writer.buffer, offset, shownStat(this.#at(node)))
  }

  storedCversion(node: number): number {
    return this.#at(node).cversion
  }

  version(node: number): number {
    return this.#at(node).version
  }

  aversion(node: number): number {
    return this.#at(node).aversion
  }

  czxidHi(node: number): number {
    return this.#at(node).czxidHi
  }

  czxidLo(node: number): number {
    return this.#at(node).czxidLo
  }

  mzxidHi(node: number): number {
    return this.#at(node).mzxidHi
  }

  mzxidLo(node: number): number {
    return this.#at(node).mzxidLo
  }

  pzxidHi(node: number): number {
    return this.#at(node).pzxidHi
  }

  pzxidLo(node: number): number {
    return this.#at(node).pzxidLo
  }

  ephemeralOwnerHi(node: number): number {
    return this.#at(node).ephemeralOwnerHi
  }

  ephemeralOwnerLo(node: number): number {
    return this.#at(node).ephemeralOwnerLo
  }

  isEphemeral(node: number): boolean {
    return this.#at(node).kind === 'session'
  }

  pathCrc(node: number): number {
    return pathCrc(this.#at(node).path)
  }

  prefixCrc(node: number): number {
    return this.#at(node).prefixCrc >>> 0
  }

  keptPrefixCrc(node: number): number {
    return this.prefixCrc(node)
  }

  nodeDigest(node: number): number {
    return this.#at(node).digest >>> 0
  }

  writeRecord(node: number, writer: JuteWriter): void {
    const one = this.#at(node)
    const { key } = one.acl
    writer.writeString(one.path)
    writeDataText(one.data, writer)
    writer.writeInt64(highWordOfNumber(key), lowWordOfNumber(key))
    const offset = writer.claim(STAT_PERSISTED_SIZE_BYTES)
    putStatPersisted(writer.buffer, offset, one)
  }

  // ---- lifetimes ------------------------------------------------------------------------------------------------

  ephemeralsOf(sessionHi: number, sessionLo: number): EphemeralPaths {
    return this.#lifetimes.ephemeralsOf(sessionHi, sessionLo)
  }

  forEachEphemeralOwner(visit: (sessionHi: number, sessionLo: number, paths: EphemeralPaths) => void): void {
    this.#lifetimes.forEachOwner(visit)
  }

  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[] {
    return this.#lifetimes.reapCandidates(wallMs, maxNeverUsedMs)
  }

  isNodeReapable(node: number, wallMs: number, maxNeverUsedMs: number): boolean {
    return this.#lifetimes.isReapable(this.#at(node), wallMs, maxNeverUsedMs)
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

  insert(parentHandle: number, path: string, data: Uint8Array | null, acl: AclEntry, stat: StatPersisted): number {
    const handle = this.#freeHandles.pop() ?? this.#byHandle.length
    const parent = parentHandle === NO_NODE ? null : this.#at(parentHandle)
    const node = new PlainNode(handle, path, bytesAsText(data), acl, parent)
    copyStat(stat, node)
    node.kind = ownerKind(node.ephemeralOwnerHi, node.ephemeralOwnerLo, this.#options) ?? 'none'
    this.#byHandle[handle] = node
    this.#byPath.add(path, node)
    if (parent !== null) {
      linkChild(parent, node)
      this.#childLists.forget(parentHandle)
    }
    this.sizeUnits += path.length + (data === null ? 0 : data.length)
    this.#hashPrefix(node, data)
    this.#lifetimes.add(node)
    this.#changed(node)
    for (const observer of this.#observers) observer.created(handle)
    return handle
  }

  loader(): NodeLoader {
    return { load: (stored) => loadByPath(this, stored), flush: () => undefined }
  }

  remove(handle: number): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    if (node.parent !== null) {
      unlinkChild(node.parent, node)
      this.#childLists.forget(node.parent.handle)
    }
    if (this.#lastParent === node) this.#lastParent = null
    this.#byPath.remove(node.path)
    this.#byHandle[handle] = undefined
    this.#freeHandles.push(handle)
    this.#lifetimes.remove(node)
    this.acls.release(node.acl)
    this.sizeUnits -= node.path.length + lengthOf(node.data)
    moveDigest(this.digest, node.digest, 0)
  }

  setData(handle: number, data: Uint8Array | null, stamp: ChangeStamp, version: number): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    this.#replaceData(node, data)
    node.mzxidHi = stamp.zxidHi
    node.mzxidLo = stamp.zxidLo
    node.mtimeHi = stamp.timeHi
    node.mtimeLo = stamp.timeLo
    node.version = version
    this.#changed(node)
  }

  setTotals(handle: number, data: Uint8Array): void {
    this.#beforeChange(handle)
    this.#replaceData(this.#at(handle), data)
  }

  setPzxid(handle: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    node.pzxidHi = zxidHi
    node.pzxidLo = zxidLo
    this.#changed(node)
  }

  setCreates(handle: number, cversion: number, zxidHi: number, zxidLo: number): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    node.cversion = cversion
    node.pzxidHi = zxidHi
    node.pzxidLo = zxidLo
    this.#changed(node)
  }

  setAcl(handle: number, acl: AclEntry): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    const before = node.acl
    node.acl = acl
    this.acls.release(before)
  }

  setAversion(handle: number, aversion: number): void {
    this.#beforeChange(handle)
    const node = this.#at(handle)
    node.aversion = aversion
    this.#changed(node)
  }

  clear(): void {
    this.acls.clear()
    this.quotas.clear()
    this.#lifetimes.clear()
    this.#childLists.clear()
    this.#byPath.clear()
    this.#byHandle = []
    this.#freeHandles = []
    this.#lastParent = null
    this.#observers = []
    this.digest.hi = this.digest.lo = 0
    this.sizeUnits = 0
  }

  #beforeChange(handle: number): void {
    for (const observer of this.#observers) observer.beforeChange(handle)
  }

  #replaceData(node: PlainNode, data: Uint8Array | null): void {
    this.sizeUnits += (data === null ? 0 : data.length) - lengthOf(node.data)
    node.data = bytesAsText(data)
    this.#hashPrefix(node, data)
  }

  #hashPrefix(node: PlainNode, data: Uint8Array | null): void {
    if (this.#options.digestEnabled && isDigested(node.path))
      node.prefixCrc = prefixCrc(this.#hash, pathCrc(node.path), data) | 0
  }

  /** Brings the digest up after a change to a node's stat. */
  #changed(node: PlainNode): void {
    if (!this.#options.digestEnabled || !isDigested(node.path)) return
    const digest = digestOfStat(node.prefixCrc, node)
    moveDigest(this.digest, node.digest, digest)
    node.digest = digest | 0
  }
}

function childName(parent: PlainNode, child: PlainNode): string {
  return child.path.slice(parent.path.length + 1)
}

function lengthOf(data: string | null): number {
  return data === null ? 0 : data.length
}

function writeDataText(data: string | null, writer: JuteWriter): void {
  if (data === null) {
    writer.writeInt(-1)
    return
  }
  const offset = writer.claim(4 + data.length)
  putInt(writer.buffer, offset, data.length)
  writer.buffer.write(data, offset + 4, data.length, 'latin1')
}
