import type { SizeStats } from '../core/instruments.ts'
import type { Metrics, ServerStats } from '../core/metrics.ts'
import type { ServerSettings } from '../server/config/settings.ts'

/**
 * What the four-letter words and the HTTP admin server see of a server. The server implements it; nothing here
 * keeps state. Everything is read on the main thread; `tree()`, `sessions()`, `watches()` and `quorum()` are called once
 * for an answer. 64-bit numbers are bigints: this is no hot path.
 *
 * Lists may be long, so all of them are lazy, and an answer is made over several turns of the event loop (`slices.ts`), in
 * which the server goes on. An item of a list is as it is when it is asked for; what is in the list from the beginning to
 * the end is told of once, and what comes or goes meanwhile may be told of or not.
 */
export interface ServerView {
  readonly settings: ServerSettings
  readonly metrics: Metrics
  readonly stats: ServerStats

  /** False while starting, electing or stopping: most words then answer that the server is not serving. */
  isServing(): boolean
  mode(): ServerMode
  uptimeMs(): number
  /** Port in use (not 0) for plain clients; null = no listener. */
  clientPort(): number | null
  secureClientPort(): number | null
  /** Zxid of the last applied transaction. */
  lastProcessedZxid(): bigint
  /** Client requests read and not answered yet. */
  outstandingRequests(): number
  /** Open client connections, those that ask a four-letter word included. */
  connectionCount(): number
  /** Those that came in on this port. */
  connections(port: ClientPortKind): Iterable<ConnectionView>
  /** Sets the counters of all connections back (`crst`). */
  resetConnectionStats(): void
  /** Client connections by the time at which they are closed if nothing is heard; upstream rounds up to 10 s. */
  connectionExpiry(): ExpiryView<ConnectionView>
  sessions(): SessionsView
  tree(): TreeView
  watches(): WatchesView
  /** The monotonic clock at a wall-clock time that this view gave, whole ms. */
  monotonicMsOf(wallMs: number): number
  /** Bytes of files in `dataDir/version-2` (log files too if both are one directory, as upstream). */
  dataDirBytes(): number
  /** Bytes of files in `dataLogDir/version-2`. */
  logDirBytes(): number
  /** The tree's digest at every 128th zxid, oldest first, at most 1,024. */
  digestLog(): Iterable<{ readonly zxid: bigint; readonly digest: bigint }>
  /** Upstream's mask of trace messages (`gtmk`, `stmk`); kept and shown, without effect. 306 at start. */
  traceMask(): bigint
  setTraceMask(mask: bigint): void
  /** What only a member of an ensemble has; null on a standalone server. */
  quorum(): QuorumView | null
}

/** A long list; null is no item, but a place where whoever walks it may let others have their turn. */
export type Sliced<T> = Iterable<T | null>

/** The port for TLS alone, or the other one. */
export type ClientPortKind = 'plain' | 'secure'

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only'

export interface ConnectionView {
  /** Textual IP address without zone or brackets. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** 1 = reading, 4 = has output waiting; their sum; 0 = neither (throttled). */
  readonly interestOps: number
  readonly outstandingRequests: number
  readonly packetsReceived: number
  readonly packetsSent: number
  /** 0 before the session is open. */
  readonly sessionId: bigint
  /** Read only where `sessionId` is not 0. */
  readonly session: ConnectionSessionView
}

export interface ConnectionSessionView {
  /** As upstream prints it: `SESS`, `PING`, `CREA`, `GETD` … or `NA`. See `lastOperationName`. */
  readonly lastOperation: string
  /** Wall-clock ms. */
  readonly establishedMs: number
  readonly timeoutMs: number
  /** xid of the last request; negative (pings, none yet) is not shown. */
  readonly lastCxid: number
  /** zxid of the last reply or notification. */
  readonly lastZxid: bigint
  /** Monotonic ms of the last reply. */
  readonly lastResponseMs: number
  readonly lastLatencyMs: number
  readonly minLatencyMs: number
  readonly avgLatencyMs: number
  readonly maxLatencyMs: number
}

/** Elements by the time at which they expire. */
export interface ExpiryView<T> {
  readonly elementCount: number
  /** By time; buckets may be empty. */
  readonly buckets: readonly ExpiryBucket<T>[]
}

export interface ExpiryBucket<T> {
  /** Wall-clock ms. */
  readonly expiresAtMs: number
  readonly elements: Iterable<T>
  readonly count: number
}

export interface SessionsView {
  readonly globalCount: number
  readonly localCount: number
  /** Where this server expires global sessions (standalone, leader): their buckets; null on a learner. */
  readonly globalExpiry: ExpiryView<bigint> | null
  /** Local sessions' buckets; null where local sessions are off. */
  readonly localExpiry: ExpiryView<bigint> | null
  /** All global sessions, ordered by id (signed); used where `globalExpiry` is null. */
  readonly globalTimeouts: Sliced<{ readonly sessionId: bigint; readonly timeoutMs: number }>
}

export interface TreeView {
  /** Root counted twice, as upstream. */
  readonly nodeCount: number
  readonly ephemeralCount: number
  /** Lengths of paths (UTF-16 units) and of data, as upstream adds them up. */
  readonly approximateDataSize: number
  /** Sessions that own ephemerals. */
  readonly ephemeralOwnerCount: number
  ephemerals(): Iterable<{ readonly sessionId: bigint; readonly paths: Iterable<string> }>
  /** Limits and usage of each node with a quota. */
  quotas(): Iterable<NamespaceQuota>
  /** What there is below each prefix whose znodes or bytes are limited (`prefixLimit.NAME`). */
  prefixes(): Iterable<PrefixUse>
}

/** A prefix with a limit on what it holds; -1 = no limit. */
export interface PrefixUse {
  readonly name: string
  readonly znodes: number
  readonly znodesLimit: number
  readonly bytes: number
  readonly bytesLimit: number
}

/** One quota. */
export interface NamespaceQuota {
  /** First name of the node's path; several quotas may share it. */
  readonly namespace: string
  /** The hard limit, or else the soft one; -1 = no limit. */
  readonly countLimit: number
  readonly bytesLimit: number
  readonly countUsed: number
  readonly bytesUsed: number
}

export interface WatchesView {
  /** (connection, path) pairs of the data table plus those of the child table. */
  readonly count: number
  /** Of the data table alone, as upstream's `wchs`: connections, paths, pairs. */
  readonly dataConnectionCount: number
  readonly dataPathCount: number
  readonly dataPairCount: number
  /** Data table by connection: the session's id (0 where it has gone just now) and its paths. */
  dataByConnection(): Sliced<{ readonly sessionId: bigint; readonly paths: readonly string[] }>
  /** Data table by path. */
  dataByPath(): Sliced<{ readonly path: string; readonly sessionIds: Iterable<bigint> }>
}

export interface QuorumView {
  readonly electionPort: number
  readonly quorumPort: number
  readonly role: 'participant' | 'observer'
  /** Membership in the form of the dynamic file, without a final newline: servers, then `version=HEX`. */
  readonly membership: string
  /** As upstream's `zk_peer_state`: `leading - broadcast`, `following - synchronization` … */
  readonly peerState: string
  /** Voters; null in read-only mode. */
  readonly quorumSize: number | null
  readonly leader: LeaderView | null
  /** Learners served by this follower or leader; null where it serves none. */
  readonly syncedObservers: number | null
  /** Id of the server that an observer learns from; null elsewhere. */
  readonly observerMasterId: number | null
}

export interface LeaderView {
  readonly proposalSize: SizeStats
  readonly uptimeMs: number
  readonly learners: number
  readonly syncedFollowers: number
  readonly syncedNonVotingFollowers: number
  readonly pendingSyncs: number
}
