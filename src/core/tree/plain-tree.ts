import type { JuteWriter } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { type ACL, putStat, STAT_SIZE_BYTES, type Stat, type StatPersisted } from '../../protocol/generated/data.ts'
import { compareInt64 } from '../../protocol/int64.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { HashPort } from '../ports.ts'
import { applyBody } from './apply/apply-body.ts'
import type { ApplyContext } from './apply/apply-context.ts'
import { addBuiltInNodes } from './built-in-nodes.ts'
import { type ApplyResult, type DataTree, NO_NODE, type OpResult, type TreeEvent } from './data-tree.ts'
import { NodeStore, type NodeStoreOptions } from './node-store.ts'
import { PlainCursor } from './plain-cursor.ts'
import { PlainLoader } from './plain-loader.ts'
import { copyStat, type PlainNode, shownStat, writeDataText } from './plain-node.ts'
import { quotaUseFor } from './quota-upkeep.ts'
import type { QuotaUse } from './quota-use.ts'
import type { SnapshotCursor, SnapshotLoader, SnapshotSession } from './snapshot.ts'
import { StoreLoadTarget } from './store-load-target.ts'
import { subtreeTotals } from './subtree.ts'

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

/**
 * The tree of objects and maps: simple enough to be what other implementations are compared with. A new one has the
 * nodes that every server begins with.
 */
export class PlainTree implements DataTree {
  lastZxidHi = 0
  lastZxidLo = 0
  readonly #store: NodeStore
  readonly #context: ApplyContext
  #cursors: PlainCursor[] = []

  constructor(hash: HashPort, options: NodeStoreOptions) {
    this.#store = new NodeStore(hash, options)
    this.#context = { store: this.#store, header: NO_HEADER, isReported: false, results: NO_RESULTS, events: NO_EVENTS }
    addBuiltInNodes(this.#store)
  }

  find(path: string): number {
    return this.#store.get(path)?.handle ?? NO_NODE
  }

  path(node: number): string {
    const { path } = this.#store.at(node)
    return path === '' ? '/' : path
  }

  data(node: number): Uint8Array | null {
    const { data } = this.#store.at(node)
    return data === null ? null : Buffer.from(data, 'latin1')
  }

  dataLength(node: number): number {
    const { data } = this.#store.at(node)
    return data === null ? 0 : data.length
  }

  writeData(node: number, writer: JuteWriter): void {
    writeDataText(this.#store.at(node).data, writer)
  }

  aclKey(node: number): number {
    return this.#store.at(node).acl.key
  }

  acl(node: number): readonly ACL[] {
    return this.#store.at(node).acl.list
  }

  childCount(node: number): number {
    return this.#store.at(node).childCount
  }

  *children(node: number): IterableIterator<string> {
    const parent = this.#store.at(node)
    for (let child = parent.firstChild; child !== null; child = child.next) yield childName(parent, child)
  }

  writeChildren(node: number, writer: JuteWriter): void {
    const parent = this.#store.at(node)
    const cached = this.#store.childLists.get(parent)
    if (cached !== undefined) {
      writer.writeBytes(cached)
      return
    }
    const start = writer.offset
    writer.writeInt(parent.childCount)
    for (let child = parent.firstChild; child !== null; child = child.next) writer.writeString(childName(parent, child))
    this.#store.childLists.offer(parent, writer.buffer.subarray(start, writer.offset))
  }

  descendantCount(node: number): number {
    const top = this.#store.at(node)
    return top.parent === null ? this.#store.nodeCount - 1 : subtreeTotals(top).count - 1
  }

  readStat(node: number, into: StatPersisted): void {
    copyStat(this.#store.at(node), into)
  }

  shownStat(node: number): Stat {
    return shownStat(this.#store.at(node))
  }

  writeStat(node: number, writer: JuteWriter): void {
    const offset = writer.claim(STAT_SIZE_BYTES)
    putStat(writer.buffer, offset, shownStat(this.#store.at(node)))
  }

  storedCversion(node: number): number {
    return this.#store.at(node).cversion
  }

  version(node: number): number {
    return this.#store.at(node).version
  }

  aversion(node: number): number {
    return this.#store.at(node).aversion
  }

  czxidHi(node: number): number {
    return this.#store.at(node).czxidHi
  }

  czxidLo(node: number): number {
    return this.#store.at(node).czxidLo
  }

  mzxidHi(node: number): number {
    return this.#store.at(node).mzxidHi
  }

  mzxidLo(node: number): number {
    return this.#store.at(node).mzxidLo
  }

  pzxidHi(node: number): number {
    return this.#store.at(node).pzxidHi
  }

  pzxidLo(node: number): number {
    return this.#store.at(node).pzxidLo
  }

  ephemeralOwnerHi(node: number): number {
    return this.#store.at(node).ephemeralOwnerHi
  }

  ephemeralOwnerLo(node: number): number {
    return this.#store.at(node).ephemeralOwnerLo
  }

  isEphemeral(node: number): boolean {
    return this.#store.at(node).kind === 'session'
  }

  prefixCrc(node: number): number {
    return this.#store.at(node).prefixCrc >>> 0
  }

  nodeDigest(node: number): number {
    return this.#store.at(node).digest >>> 0
  }

  get digestHi(): number {
    return this.#store.digest.hi
  }

  get digestLo(): number {
    return this.#store.digest.lo
  }

  setLastZxid(hi: number, lo: number): void {
    this.lastZxidHi = hi
    this.lastZxidLo = lo
  }

  get nodeCount(): number {
    return this.#store.nodeCount
  }

  get ephemeralCount(): number {
    return this.#store.lifetimes.ephemeralCount
  }

  get approximateDataSize(): number {
    return this.#store.sizeUnits + 1 // the root's other name
  }

  ephemeralsOf(sessionHi: number, sessionLo: number): ReadonlySet<string> {
    return this.#store.lifetimes.ephemeralsOf(sessionHi, sessionLo)
  }

  forEachEphemeralOwner(visit: (sessionHi: number, sessionLo: number, paths: ReadonlySet<string>) => void): void {
    this.#store.lifetimes.forEachOwner(visit)
  }

  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[] {
    return this.#store.lifetimes.reapCandidates(wallMs, maxNeverUsedMs)
  }

  isReapable(path: string, wallMs: number, maxNeverUsedMs: number): boolean {
    const node = this.#store.get(path)
    return node !== undefined && this.#store.lifetimes.isReapable(node, wallMs, maxNeverUsedMs)
  }

  quotaFor(path: string): QuotaUse | null {
    return quotaUseFor(this.#store, path)
  }

  apply(txn: Txn, out: ApplyResult | null): void {
    const { header, body } = txn
    const context = this.#context
    context.header = header
    context.isReported = out !== null
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
    const cursor = new PlainCursor(this.#store, this.lastZxidHi, this.lastZxidLo, sessions)
    this.#cursors = this.#cursors.filter((one) => one.isOpen)
    this.#cursors.push(cursor)
    return cursor
  }

  loadSnapshot(zxidHi: number, zxidLo: number): SnapshotLoader {
    for (const cursor of this.#cursors) cursor.abort()
    this.#cursors = []
    this.#store.clear()
    this.setLastZxid(zxidHi, zxidLo)
    return new PlainLoader(new StoreLoadTarget(this.#store))
  }
}

function childName(parent: PlainNode, child: PlainNode): string {
  return child.path.slice(parent.path.length + 1)
}

function firstError(results: readonly OpResult[]): number {
  for (const { err } of results) if (err !== ErrorCode.OK) return err
  return ErrorCode.OK
}
