import type { JuteWriter } from 'jute-ts'
import type { ACL, Stat, StatPersisted } from '../../protocol/generated/data.ts'
import type { EventType } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { ChildCursor } from './child-cursor.ts'
import type { QuotaUse } from './quota-use.ts'
import type { SnapshotCursor, SnapshotLoader, SnapshotSession } from './snapshot.ts'

/**
 * The znodes, as one narrow interface: look up, read, list; apply a transaction; iterate at one zxid.
 *
 * A node is named by a *handle*, a small number, so that an implementation may keep nodes off the garbage-collected
 * heap. A handle is valid until the next `apply` or load: look the path up again afterwards. Getters given anything
 * else than a valid handle throw a TypeError or answer nonsense; they never check, being the hot path.
 *
 * The tree does not know watches, sessions or permissions: `apply` returns the events, and someone else delivers them.
 */
export interface DataTree {
  // ---- one node -------------------------------------------------------------------------------------------------

  /** Handle of the node at `path`, or NO_NODE. `''` and `/` both name the root. */
  find(path: string): number
  /**
   * The same for a path whose UTF-8 bytes are `bytes` from `start` up to `end`, without making a string of them where
   * that can be had.
   */
  findBytes(bytes: Buffer, start: number, end: number): number
  /**
   * A hash of a path, for a table that goes along with the tree: looking a path up right before or after that costs no
   * second hash. An int32.
   */
  pathHash(path: string): number
  /** Path of a node; `/` for the root. */
  path(node: number): string
  /** Data of a node. A copy or a view: don't change it, and don't keep it beyond the next `apply`. */
  data(node: number): Uint8Array | null
  /** Bytes of data: 0 for null as for empty. */
  dataLength(node: number): number
  /** Appends the data as a Jute buffer (length -1 for null) without making an object of it. */
  writeData(node: number, writer: JuteWriter): void
  /** Number of the node's ACL in the table of lists; -1 is the built-in world:anyone:31. */
  aclKey(node: number): number
  /** The node's ACL: an interned list, shared and never changed; nodes with equal lists have the same object. */
  acl(node: number): readonly ACL[]
  childCount(node: number): number
  /** Names of the children, in no promised order. Stop iterating at the next `apply`. */
  children(node: number): Iterable<string>
  /** Starts a walk over the children that goes on while the tree changes. */
  openChildren(node: number): ChildCursor
  /** Appends the children's names as a Jute vector<ustring>. */
  writeChildren(node: number, writer: JuteWriter): void
  /** Number of nodes below: the whole subtree but the node itself. O(size of the subtree); O(1) for the root. */
  descendantCount(node: number): number

  // ---- its stat -------------------------------------------------------------------------------------------------

  /** The stat as stored (and digested): create counter as cversion, special ephemeralOwners as they are. */
  readStat(node: number, into: StatPersisted): void
  /** The stat as clients see it, as an object. */
  shownStat(node: number): Stat
  /** Appends the 68 bytes of the Stat that clients see. */
  writeStat(node: number, writer: JuteWriter): void
  /** Creates under this node, sequential or not; the next sequence number. */
  storedCversion(node: number): number
  version(node: number): number
  aversion(node: number): number
  czxidHi(node: number): number
  czxidLo(node: number): number
  mzxidHi(node: number): number
  mzxidLo(node: number): number
  pzxidHi(node: number): number
  pzxidLo(node: number): number
  /** Stored ephemeralOwner: the session, 0, or the mark of a container or TTL node. */
  ephemeralOwnerHi(node: number): number
  ephemeralOwnerLo(node: number): number
  /** True if a session owns the node (containers and TTL nodes are not ephemeral). */
  isEphemeral(node: number): boolean

  // ---- digests --------------------------------------------------------------------------------------------------

  /** CRC-32 over the path (int32), from which `prefixCrc` goes on; 0 for the root. */
  pathCrc(node: number): number
  /** CRC-32 over path and data (uint32), from which `statDigest` goes on; 0 where digests are off or not counted. */
  prefixCrc(node: number): number
  /** The same if it is kept with the node, else -1: to make it takes reading the data. */
  keptPrefixCrc(node: number): number
  /** The node's part in the tree's digest (uint32); 0 under `/zookeeper/`, or when digests are off. */
  nodeDigest(node: number): number
  /** The tree's digest, a 64-bit sum kept with each change. */
  readonly digestHi: number
  readonly digestLo: number

  // ---- the whole ------------------------------------------------------------------------------------------------

  /** Greatest zxid applied (errors included) or loaded. */
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  /** Moves the last zxid without a transaction, as a new leader's epoch does. Goes backwards too. */
  setLastZxid(hi: number, lo: number): void
  /** Number of nodes, the root once: 4 on a fresh server. (Upstream's znode_count counts the root twice.) */
  readonly nodeCount: number
  readonly ephemeralCount: number
  /** Path lengths in UTF-16 units plus data bytes; the root counts 1. 44 on a fresh server, as in upstream's mntr. */
  readonly approximateDataSize: number
  /** Paths of a session's ephemeral nodes, in the order of their creation; empty if it has none. Live: don't keep it. */
  ephemeralsOf(sessionHi: number, sessionLo: number): EphemeralPaths
  /** Calls `visit` for each session that has ephemeral nodes. */
  forEachEphemeralOwner(visit: (sessionHi: number, sessionLo: number, paths: EphemeralPaths) => void): void
  /**
   * Containers and TTL nodes whose time has come, to be deleted by deleteContainer requests. O(number of such nodes).
   * @param wallMs         the wall clock that transaction times come from
   * @param maxNeverUsedMs age at which a container that never had a child goes too; 0: never
   */
  reapCandidates(wallMs: number, maxNeverUsedMs: number): string[]
  /** Whether the node at `path` is, now, what `reapCandidates` looks for. */
  isReapable(path: string, wallMs: number, maxNeverUsedMs: number): boolean
  /**
   * The nearest quota at or above `path` (which need not exist) with its limits and the applied totals, or null.
   * Valid until the next `apply`. `quotaBreaches` in `quota-use.ts` judges a change against it.
   */
  quotaFor(path: string): QuotaUse | null
  /**
   * Keeps totals of these subtrees from here on, and of no others. They are no part of what is replicated or stored.
   * O(nodes of the subtrees), but for those that are counted already.
   */
  countSubtrees(paths: readonly string[]): void
  /** Applied totals of a counted subtree, its top included: znodes, and bytes of data. Undefined where it is not counted. */
  countedTotals(path: string): { readonly count: number; readonly bytes: number } | undefined

  // ---- change ---------------------------------------------------------------------------------------------------

  /**
   * Applies one committed transaction. Never throws for what a transaction says; what does not fit the tree (replay
   * over a fuzzy snapshot) is skipped as upstream skips it, with its code in the result.
   * @param out reset and filled; null when nobody wants results nor events, as in replay
   */
  apply(txn: Txn, out: ApplyResult | null): void

  /**
   * Starts a snapshot of the tree as it is now; `apply` may go on meanwhile.
   * @param sessions the sessions to write in its head
   */
  openSnapshot(sessions: Iterable<SnapshotSession>): SnapshotCursor
  /**
   * Empties the tree and returns the taker of a snapshot stream that is to fill it. Until that is `done` the tree must
   * not be used; if it throws, the tree is empty. Cursors that are open become invalid.
   * @param zxidHi    zxid that the snapshot stands for
   * @param nodeCount how many nodes it is known to have: room is made for them at once
   */
  loadSnapshot(zxidHi: number, zxidLo: number, nodeCount?: number): SnapshotLoader
}

/** Paths of the nodes that one session owns. */
export interface EphemeralPaths extends Iterable<string> {
  readonly size: number
}

/** What `find` returns for a path that has no node. */
export const NO_NODE = -1

/** Outcome of one operation of a transaction. */
export interface OpResult {
  /** Operation type as logged: 1, 2, 5, 7, 13, 15, 16, 19, 20, 21; -1 for an error and any member of a failed multi. */
  readonly type: number
  /** 0, or the code: of an error transaction, of the failing member, -2 for the members after it. */
  readonly err: number
  readonly path: string | null
  /**
   * Stat after this operation, for create kinds, setData, reconfig and setACL that succeeded. Of a single operation to be
   * asked for before the next `apply`.
   */
  readonly stat: Stat | null
  /** Appends the stat's 68 bytes, or nothing if there is none. */
  writeStat(writer: JuteWriter): void
}

/** Something watchers may want to know. */
export interface TreeEvent {
  /** NodeCreated, NodeDeleted and NodeDataChanged are about the path itself, NodeChildrenChanged about the parent. */
  readonly type: EventType
  /** `/` for the root. */
  readonly path: string
  /** ACL of the node concerned, by which delivery is filtered; of a deleted node the one it had. */
  readonly acl: readonly ACL[]
}

/** What one transaction did. The object is reused: the next `apply` with it puts other lists into it. */
export interface ApplyResult {
  /** 0, or the first code among the operations. */
  err: number
  /** One for a single operation, one each for a multi, none for createSession and closeSession. */
  results: readonly OpResult[]
  /** Set by the caller: false if nobody watches anything, and `events` is to stay empty. */
  wantsEvents: boolean
  /** In upstream's order. */
  events: readonly TreeEvent[]
}

export function createApplyResult(): ApplyResult {
  return { err: 0, results: [], wantsEvents: true, events: [] }
}
