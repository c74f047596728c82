import type {
  ClientPortKind,
  ConnectionView,
  ExpiryBucket,
  ExpiryView,
  NamespaceQuota,
  PrefixUse,
  QuorumView,
  ServerMode,
  ServerView,
  SessionsView,
  TreeView,
  WatchesView
} from '../admin/server-view.ts'
import { sortedInSlices } from '../collections/sorted-in-slices.ts'
import type { Metrics, ServerStats } from '../core/metrics.ts'
import type { Peer } from '../core/peer.ts'
import type { ConnectionId } from '../core/ports.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import { type DataTree, NO_NODE } from '../core/tree/data-tree.ts'
import { toBigInt } from '../protocol/int64.ts'
import { topNamespace } from '../protocol/path.ts'
import type { ClientListener } from './client-listener.ts'
import type { ClientSocket } from './client-socket.ts'
import type { ServerSettings } from './config/settings.ts'
import { LiveConnectionView } from './connection-view.ts'
import { monotonicNowMs } from './event-loop.ts'

/** Upstream's mask of trace messages at start: client requests, quorum, sessions, server packets. */
const TRACE_MASK_AT_START = 306n
const QUOTA_PREFIX = '/zookeeper/quota'

const NO_WATCHES: WatchesView = {
  count: 0,
  dataConnectionCount: 0,
  dataPathCount: 0,
  dataPairCount: 0,
  dataByConnection: () => [],
  dataByPath: () => []
}

/** What a view is made of. */
export interface ServerViewParts {
  readonly settings: ServerSettings
  readonly metrics: Metrics
  readonly stats: ServerStats
  readonly tree: DataTree
  readonly sessions: SessionTable
  /** Who serves clients just now; null while nobody does. */
  readonly peer: () => Peer | null
  readonly mode: () => ServerMode
  /** Null on a standalone server. */
  readonly quorum: () => QuorumView | null
  readonly listener: ClientListener
  readonly clientPort: () => number | null
  readonly secureClientPort: () => number | null
  readonly isServing: () => boolean
  /** Bytes of the data and log directories, refreshed by the storage. */
  readonly diskBytes: () => { readonly dataDirBytes: number; readonly logDirBytes: number }
}

/** Looks into the running server between steps, on the main thread. */
export class LiveServerView implements ServerView {
  readonly settings: ServerSettings
  readonly metrics: Metrics
  readonly stats: ServerStats
  readonly #parts: ServerViewParts
  readonly #startedMs = monotonicNowMs()
  #traceMask = TRACE_MASK_AT_START

  constructor(parts: ServerViewParts) {
    this.#parts = parts
    this.settings = parts.settings
    this.metrics = parts.metrics
    this.stats = parts.stats
  }

  isServing(): boolean {
    return this.#parts.isServing()
  }

  mode(): ServerMode {
    return this.#parts.mode()
  }

  uptimeMs(): number {
    return Math.round(monotonicNowMs() - this.#startedMs)
  }

  clientPort(): number | null {
    return this.#parts.clientPort()
  }

  secureClientPort(): number | null {
    return this.#parts.secureClientPort()
  }

  lastProcessedZxid(): bigint {
    const { tree } = this.#parts
    return toBigInt(tree.lastZxidHi, tree.lastZxidLo)
  }

  outstandingRequests(): number {
    return this.#parts.peer()?.state.outstanding ?? 0
  }

  connectionCount(): number {
    return this.#parts.listener.sockets.size
  }

  *connections(port: ClientPortKind): Iterable<ConnectionView> {
    for (const socket of this.#parts.listener.sockets.values()) {
      if (socket.isOfSecurePort === (port === 'secure')) yield this.#viewOf(socket)
    }
  }

  resetConnectionStats(): void {
    const connections = this.#parts.peer()?.state.connections.values() ?? []
    for (const connection of connections) connection.resetStats()
  }

  connectionExpiry(): ExpiryView<ConnectionView> {
    const { expiry } = this.#parts.listener
    const buckets: ExpiryBucket<ConnectionView>[] = []
    expiry.forEachBucket((deadlineMs, sockets) => {
      const elements = lazily(sockets.slice(), (socket) => this.#viewOf(socket))
      buckets.push({ expiresAtMs: toWallMs(deadlineMs), elements, count: sockets.length })
    })
    return { elementCount: expiry.size, buckets }
  }

  sessions(): SessionsView {
    const { sessions } = this.#parts
    const { session, quorum } = this.settings
    return {
      globalCount: sessions.size - sessions.localCount,
      localCount: sessions.localCount,
      globalExpiry: sessions.isExpiring ? expiryOf(sessions, false) : null,
      localExpiry: session.localEnabled && !quorum.standalone ? expiryOf(sessions, true) : null,
      globalTimeouts: timeoutsById(sessions)
    }
  }

  tree(): TreeView {
    const { tree } = this.#parts
    return {
      // compat: upstream counts the root twice, under its two names.
      nodeCount: tree.nodeCount + 1,
      ephemeralCount: tree.ephemeralCount,
      approximateDataSize: tree.approximateDataSize,
      get ephemeralOwnerCount() {
        let count = 0
        tree.forEachEphemeralOwner(() => {
          count++
        })
        return count
      },
      ephemerals: () => ephemeralsOf(tree),
      quotas: () => this.#quotas(),
      prefixes: () => this.#prefixes()
    }
  }

  watches(): WatchesView {
    const peer = this.#parts.peer()
    if (peer === null) return NO_WATCHES
    const { watches, connections } = peer.state
    const { counts } = watches
    // A connection whose socket has just gone has its watches until the next step.
    const sessionOf = (id: ConnectionId): bigint => {
      const session = connections.get(id)?.session ?? null
      return session === null ? 0n : toBigInt(session.idHi, session.idLo)
    }
    return {
      count: counts.watchesInBothTables,
      dataConnectionCount: counts.connections,
      dataPathCount: counts.paths,
      dataPairCount: counts.watches,
      dataByConnection: function* () {
        for (const entry of watches.dataByConnection())
          yield entry && { sessionId: sessionOf(entry.connection), paths: entry.paths }
      },
      dataByPath: function* () {
        for (const entry of watches.dataByPath())
          yield entry && { path: entry.path, sessionIds: lazily(entry.connections, sessionOf) }
      }
    }
  }

  monotonicMsOf(wallMs: number): number {
    // Deadlines lie on whole ticks; converting them to the wall clock and back may be off by a millisecond.
    const { tickTimeMs } = this.settings.session
    return Math.round((wallMs - Date.now() + monotonicNowMs()) / tickTimeMs) * tickTimeMs
  }

  dataDirBytes(): number {
    return this.#parts.diskBytes().dataDirBytes
  }

  logDirBytes(): number {
    return this.#parts.diskBytes().logDirBytes
  }

  *digestLog(): Iterable<{ readonly zxid: bigint; readonly digest: bigint }> {
    for (const { zxidHi, zxidLo, digestHi, digestLo } of this.#parts.peer()?.digestLog.entries ?? []) {
      yield { zxid: toBigInt(zxidHi, zxidLo), digest: toBigInt(digestHi, digestLo) }
    }
  }

  traceMask(): bigint {
    return this.#traceMask
  }

  setTraceMask(mask: bigint): void {
    this.#traceMask = mask
  }

  quorum(): QuorumView | null {
    return this.#parts.quorum()
  }

  #viewOf(socket: ClientSocket): LiveConnectionView {
    return new LiveConnectionView(socket, this.#parts.peer()?.state.connections.get(socket.id))
  }

  *#prefixes(): Generator<PrefixUse> {
    for (const { name, path, znodesMax, bytesMax } of this.settings.flow.prefixLimits) {
      const totals = this.#parts.tree.countedTotals(path)
      if (totals === undefined) continue
      const { count, bytes } = totals
      yield { name, znodes: count, znodesLimit: znodesMax ?? -1, bytes, bytesLimit: bytesMax ?? -1 }
    }
  }

  /** Limits and usage of each quota, by walking the small tree below /zookeeper/quota. */
  *#quotas(): Iterable<NamespaceQuota> {
    const { tree } = this.#parts
    const waiting = [QUOTA_PREFIX]
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const node = tree.find(path)
      if (node === NO_NODE) continue
      const names = [...tree.children(node)]
      for (const name of names) if (!name.startsWith('zookeeper_')) waiting.push(`${path}/${name}`)
      if (!names.includes('zookeeper_limits')) continue
      const owner = path.slice(QUOTA_PREFIX.length)
      const quota = tree.quotaFor(owner)
      if (quota === null) continue
      yield {
        namespace: topNamespace(owner) ?? '',
        countLimit: quota.limits.countHardLimit > -1 ? quota.limits.countHardLimit : quota.limits.count,
        bytesLimit: quota.limits.byteHardLimit > -1 ? quota.limits.byteHardLimit : quota.limits.bytes,
        countUsed: quota.used.count,
        bytesUsed: quota.used.bytes
      }
    }
  }
}

/** Buckets of the local, or of the global sessions, with those that are in them now. */
function expiryOf(sessions: SessionTable, isLocal: boolean): ExpiryView<bigint> {
  const buckets: ExpiryBucket<bigint>[] = []
  let elementCount = 0
  sessions.forEachBucket((deadlineMs, members) => {
    const own = members.filter((member) => member.isLocal === isLocal)
    if (own.length === 0 && members.length > 0) return
    elementCount += own.length
    const elements = lazily(own, ({ idHi, idLo }) => toBigInt(idHi, idLo))
    buckets.push({ expiresAtMs: toWallMs(deadlineMs), elements, count: own.length })
  })
  return { elementCount, buckets }
}

/** Sorted when it is asked for. */
function* timeoutsById(sessions: SessionTable): Generator<{ sessionId: bigint; timeoutMs: number } | null> {
  const global: { readonly idHi: number; readonly idLo: number; readonly timeoutMs: number }[] = []
  sessions.forEach((session) => {
    if (!session.isLocal) global.push(session)
  })
  const sorted = sortedInSlices(global, (a, b) => a.idHi - b.idHi || (a.idLo >>> 0) - (b.idLo >>> 0))
  for (const session of sorted) {
    yield session && { sessionId: toBigInt(session.idHi, session.idLo), timeoutMs: session.timeoutMs }
  }
}

/** Owners as they are now; what each owns, as it is when its turn comes. */
function* ephemeralsOf(tree: DataTree): Generator<{ sessionId: bigint; paths: readonly string[] }> {
  const owners: number[] = []
  tree.forEachEphemeralOwner((hi, lo) => {
    owners.push(hi, lo)
  })
  for (let at = 0; at < owners.length; at += 2) {
    const [hi = 0, lo = 0] = [owners[at], owners[at + 1]]
    const paths = [...tree.ephemeralsOf(hi, lo)]
    if (paths.length > 0) yield { sessionId: toBigInt(hi, lo), paths }
  }
}

function* lazily<T, U>(items: Iterable<T>, map: (item: T) => U): Generator<U> {
  for (const item of items) yield map(item)
}

function toWallMs(monotonicMs: number): number {
  return Math.round(Date.now() + monotonicMs - monotonicNowMs())
}
