import type { JuteWriter } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import type { ACL, Stat, StatPersisted } from '../../protocol/generated/data.ts'
import { compareInt64 } from '../../protocol/int64.ts'
import type { Txn } from '../../protocol/txn.ts'
import { applyBody } from './apply/apply-body.ts'
import type { ApplyContext } from './apply/apply-context.ts'
import { addBuiltInNodes } from './built-in-nodes.ts'
import type { ChildCursor } from './child-cursor.ts'
import {
  type ApplyResult,
  type DataTree,
  type EphemeralPaths,
  NO_NODE,
  type OpResult,
  type TreeEvent
} from './data-tree.ts'
import { emptyStat } from './empty-stat.ts'
import { NodeCursor } from './node-cursor.ts'
import { NodeLoadTarget } from './node-load-target.ts'
import type { NodeTable } from './node-table.ts'
import { quotaUseFor } from './quota-upkeep.ts'
import type { QuotaUse } from './quota-use.ts'
import { SiblingWalk } from './sibling-walk.ts'
import type { SnapshotCursor, SnapshotLoader, SnapshotSession } from './snapshot.ts'
import { StreamLoader } from './stream-loader.ts'
import { type SubtreeTotals, subtreeTotals, totalsBelow } from './subtree.ts'

const NO_RESULTS: readonly OpResult[] = []
const NO_EVENTS: readonly TreeEvent[] = []
const NO_HEADER: Txn['header'] = {
  clientIdHi: 0,
  clientIdLo: 0,
  cxid: 0,
  zxidHi: 0,
  zxidLo: 0,
  timeHi: 0,
  timeLo: 0,
  type: 0
}

/** The tree over a table of nodes, which says how they are kept. A new one has the nodes that every server begins with. */
export class StoredTree implements DataTree {
  lastZxidHi = 0
  lastZxidLo = 0
  readonly #nodes: NodeTable
  readonly #context: ApplyContext
  #cursors: (NodeCursor | SiblingWalk)[] = []

  constructor(nodes: NodeTable) {
    this.#nodes = nodes
    this.#context = {
      nodes,
      header: NO_HEADER,
      isReported: false,
      wantsEvents: false,
      isMulti: false,
      results: NO_RESULTS,
      events: NO_EVENTS,
      stat: emptyStat()
    }
    addBuiltInNodes(nodes)
  }

  find(path: string): number {
    return this.#nodes.find(path)
  }

  findBytes(bytes: Buffer, start: number, end: number): number {
    return this.#nodes.findBytes(bytes, start, end)
  }

  pathHash(path: string): number {
    return this.#nodes.pathHash(path)
  }

  path(node: number): string {
    const path = this.#nodes.pathOf(node)
    return path === '' ? '/' : path
  }

  data(node: number): Uint8Array | null {
    return this.#nodes.data(node)
  }

  dataLength(node: number): number {
    return this.#nodes.dataLength(node)
  }

  writeData(node: number, writer: JuteWriter): void {
    this.#nodes.writeData(node, writer)
  }

  aclKey(node: number): number {
    return this.#nodes.aclEntry(node).key
  }

  acl(node: number): readonly ACL[] {
    return this.#nodes.aclEntry(node).list
  }

  childCount(node: number): number {
    return this.#nodes.childCount(node)
  }

  children(node: number): Iterable<string> {
    return this.#nodes.children(node)
  }

  openChildren(node: number): ChildCursor {
    return this.#opened(new SiblingWalk(this.#nodes, node))
  }

  writeChildren(node: number, writer: JuteWriter): void {
    this.#nodes.writeChildren(node, writer)
  }

  descendantCount(node: number): number {
    if (this.#nodes.parent(node) === NO_NODE) return this.#nodes.nodeCount - 1
    return subtreeTotals(this.#nodes, node).count - 1
  }

  readStat(node: number, into: StatPersisted): void {
    this.#nodes.readStat(node, into)
  }

  shownStat(node: number): Stat {
    return this.#nodes.shownStat(node)
  }

  writeStat(node: number, writer: JuteWriter): void {
    this.#nodes.writeStat(node, writer)
  }

  storedCversion(node: number): number {
    return this.#nodes.storedCversion(node)
  }

  version(node: number): number {
    return this.#nodes.version(node)
  }

  aversion(node: number): number {
    return this.#nodes.aversion(node)
  }

  czxidHi(node: number): number {
    return this.#nodes.czxidHi(node)
  }

  czxidLo(node: number): number {
    return this.#nodes.czxidLo(node)
  }

  mzxidHi(node: number): number {
    return this.#nodes.mzxidHi(node)
  }

  mzxidLo(node: number): number {
    return this.#nodes.mzxidLo(node)
  }

  pzxidHi(node: number): number {
    return this.#nodes.pzxidHi(node)
  }

  pzxidLo(node: number): number {
    return this.#nodes.pzxidLo(node)
  }

  ephemeralOwnerHi(node: number): number {
    return this.#nodes.ephemeralOwnerHi(node)
  }

  ephemeralOwnerLo(node: number): number {
    return this.#nodes.ephemeralOwnerLo(node)
  }

  isEphemeral(node: number): boolean {
    return this.#nodes.isEphemeral(node)
  }

  pathCrc(node: number): number {
    return this.#nodes.pathCrc(node)
  }

  prefixCrc(node: number): number {
    return this.#nodes.prefixCrc(node)
  }

  keptPrefixCrc(node: number): number {
    return this.#nodes.keptPrefixCrc(node)
  }

  nodeDigest(node: number): number {
    return this.#nodes.nodeDigest(node)
  }

  get digestHi(): number {
    return this.#nodes.digest.hi
  }

  get digestLo(): number {
    return this.#nodes.digest.lo
  }

  setLastZxid(hi: number, lo: number): void {
    this.lastZxidHi = hi
    this.lastZxidLo = lo
  }

  get nodeCount(): number {
    return this.#nodes.nodeCount
  }

  get ephemeralCount(): number {
    return this.#nodes.ephemeralCount
  }

  get approximateDataSize(): number {
    return this.#nodes.sizeUnits + 1 // the root's other name
  }

  ephemeralsOf(sessionHi: number, sessionLo: number): EphemeralPaths {
    return this.#nodes.ephemeralsOf(sessionHi, sessionLo)
  }

  forEachEphemeralOwner(visit: (sessionHi: number, sessionLo: number, paths: EphemeralPaths) => void): void {
    this.#nodes.forEachEphemeralOwner(visit)
  }

  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[] {
    return this.#nodes.reapCandidates(wallMs, maxNeverUsedMs)
  }

  isReapable(path: string, wallMs: number, maxNeverUsedMs: number): boolean {
    const node = this.#nodes.find(path)
    return node !== NO_NODE && this.#nodes.isNodeReapable(node, wallMs, maxNeverUsedMs)
  }

  quotaFor(path: string): QuotaUse | null {
    return quotaUseFor(this.#nodes, path)
  }

  countSubtrees(paths: readonly string[]): void {
    this.#nodes.quotas.counted.configure(paths, (path) => totalsBelow(this.#nodes, path))
  }

  countedTotals(path: string): Readonly<SubtreeTotals> | undefined {
    return this.#nodes.quotas.counted.totals(path)
  }

  apply(txn: Txn, out: ApplyResult | null): void {
    const { header, body } = txn
    const context = this.#context
    context.header = header
    context.isReported = out !== null
    context.wantsEvents = out?.wantsEvents === true
    context.results = NO_RESULTS
    context.events = NO_EVENTS
    applyBody(context, body)
    if (out !== null) {
      out.err = firstError(context.results)
      out.results = context.results
      out.events = context.events
    }
    if (compareInt64(header.zxidHi, header.zxidLo, this.lastZxidHi, this.lastZxidLo) > 0) {
      this.lastZxidHi = header.zxidHi
      this.lastZxidLo = header.zxidLo
    }
  }

  openSnapshot(sessions: Iterable<SnapshotSession>): SnapshotCursor {
    return this.#opened(new NodeCursor(this.#nodes, this.lastZxidHi, this.lastZxidLo, sessions))
  }

  loadSnapshot(zxidHi: number, zxidLo: number, nodeCount = 0): SnapshotLoader {
    for (const cursor of this.#cursors) cursor.abort()
    this.#cursors = []
    this.#nodes.clear()
    this.setLastZxid(zxidHi, zxidLo)
    return new StreamLoader(new NodeLoadTarget(this.#nodes, nodeCount))
  }

  /** Remembers what walks the nodes, to tell it when they go. */
  #opened<T extends NodeCursor | SiblingWalk>(cursor: T): T {
    this.#cursors = this.#cursors.filter((one) => one.isOpen)
    this.#cursors.push(cursor)
    return cursor
  }
}

function firstError(results: readonly OpResult[]): number {
  for (const { err } of results) if (err !== ErrorCode.OK) return err
  return ErrorCode.OK
}
