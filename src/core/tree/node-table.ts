import type { JuteWriter } from 'jute-ts'
import type { StatPersisted } from '../../protocol/generated/data.ts'
import type { AclEntry, AclTable } from './acl-table.ts'
import type { DataTree } from './data-tree.ts'
import type { DigestSum } from './node-digest.ts'
import type { OwnerSettings } from './owner-kind.ts'
import type { QuotaIndex } from './quota-index.ts'
import type { StoredNode } from './stored-node.ts'

/** Sees every node just before it is changed or removed, and every node that is new. */
export interface ChangeObserver {
  beforeChange(node: number): void
  created(node: number): void
}

export interface NodeTableOptions extends OwnerSettings {
  /** False: no digests are kept, all of them are 0. */
  readonly digestEnabled: boolean
}

/** Zxid and time that a change leaves in a stat. */
export interface ChangeStamp {
  readonly zxidHi: number
  readonly zxidLo: number
  readonly timeHi: number
  readonly timeLo: number
}

/** Takes nodes of a snapshot into a table. */
export interface NodeLoader {
  /**
   * @param stored the caller's, for this call
   * @throws SnapshotFormatError if the node cannot be where it is
   */
  load(stored: StoredNode): void
  /**
   * To be called behind the last node: until then the nodes need not be found.
   * @throws SnapshotFormatError as `load`
   */
  flush(): void
}

/** What a table tells of its nodes in the words of the tree's interface. */
type NodeReads = Pick<
  DataTree,
  | 'find'
  | 'findBytes'
  | 'pathHash'
  | 'data'
  | 'dataLength'
  | 'writeData'
  | 'childCount'
  | 'children'
  | 'writeChildren'
  | 'readStat'
  | 'shownStat'
  | 'writeStat'
  | 'storedCversion'
  | 'version'
  | 'aversion'
  | 'czxidHi'
  | 'czxidLo'
  | 'mzxidHi'
  | 'mzxidLo'
  | 'pzxidHi'
  | 'pzxidLo'
  | 'ephemeralOwnerHi'
  | 'ephemeralOwnerLo'
  | 'isEphemeral'
  | 'pathCrc'
  | 'prefixCrc'
  | 'keptPrefixCrc'
  | 'nodeDigest'
  | 'nodeCount'
  | 'ephemeralCount'
  | 'ephemeralsOf'
  | 'forEachEphemeralOwner'
  | 'reapCandidates'
>

/**
 * The nodes, and everything derived from them: table of paths, links to children, digest, sizes, ACL table, indexes.
 * Each method that changes a node tells the observers first and brings everything derived up, so that nothing can be
 * forgotten. What a transaction means is not known here.
 *
 * A handle that was given back is the first to be given out again: the order of a snapshot depends on nothing else.
 */
export interface NodeTable extends NodeReads {
  readonly acls: AclTable
  readonly quotas: QuotaIndex
  readonly digest: DigestSum
  /** Path lengths in UTF-16 units and data bytes of all nodes. */
  readonly sizeUnits: number
  /** One more than the greatest handle in use or free. */
  readonly handleLimit: number

  /** Whether a handle below the limit names a node. */
  isUsed(handle: number): boolean
  /** The parent of the node that is or would be at `path`; NO_NODE if there is none, as for the root. */
  parentOf(path: string): number
  /** Path of a node; empty for the root. */
  pathOf(node: number): string
  /** The last part of a node's path; empty for the root. */
  nameOf(node: number): string
  /** NO_NODE for the root. */
  parent(node: number): number
  /** The child that was created last, or NO_NODE. */
  firstChild(node: number): number
  /** The sibling created before this one, or NO_NODE. */
  nextSibling(node: number): number
  aclEntry(node: number): AclEntry
  /** Whether a container's or TTL node's time has come. */
  isNodeReapable(node: number, wallMs: number, maxNeverUsedMs: number): boolean
  /** Whether a stored owner means something; a node whose owner does not must not be served. */
  isKnownOwner(ownerHi: number, ownerLo: number): boolean
  /** Appends a node of a snapshot stream: path, data, ACL key, stored stat. */
  writeRecord(node: number, writer: JuteWriter): void

  observe(observer: ChangeObserver): void
  unobserve(observer: ChangeObserver): void

  /**
   * Adds a node at a path that has none.
   * @param parent NO_NODE for the root, which comes first
   * @param acl    already counted as one use more
   * @param stat   the stored one, copied
   */
  insert(parent: number, path: string, data: Uint8Array | null, acl: AclEntry, stat: StatPersisted): number
  /**
   * Gives what fills the table, which is empty; nobody else changes it meanwhile.
   * @param nodeCount how many nodes are to come; 0 if nobody knows
   */
  loader(nodeCount: number): NodeLoader
  /**
   * Takes out a node without children.
   * @param path its path, which the caller has at hand
   */
  remove(node: number, path: string): void
  /** Replaces a node's data with what goes with it in the stat. */
  setData(node: number, data: Uint8Array | null, stamp: ChangeStamp, version: number): void
  /** Replaces a node's data without a trace in its stat: totals of a quota, which are outside the digest. */
  setTotals(node: number, data: Uint8Array): void
  setPzxid(node: number, zxidHi: number, zxidLo: number): void
  /** Sets the counter of creates under a node, and the zxid that goes with it. */
  setCreates(node: number, cversion: number, zxidHi: number, zxidLo: number): void
  /** Gives a node another list, already counted as one use more, and releases the one before. The digest leaves it out. */
  setAcl(node: number, acl: AclEntry): void
  setAversion(node: number, aversion: number): void
  /** Back to no node at all, and no observer. */
  clear(): void
}
