import type { JuteWriter } from 'jute-ts'

/** Reading and writing a whole tree as Apache's snapshot stream: sessions, ACL table, nodes, end mark. */

export interface SnapshotSession {
  readonly idHi: number
  readonly idLo: number
  readonly timeoutMs: number
}

/**
 * A snapshot under way, exact at the zxid where it was opened: before a node that has not been written yet is changed or
 * deleted, it and its unwritten ancestors are kept aside as they are. So memory grows with what is changed before it is
 * written; nodes created later are not in it.
 *
 * The stream is the part that SNAP sends and files contain alike; a file's header, seals and digest are the writer's.
 */
export interface SnapshotCursor {
  readonly zxidHi: number
  readonly zxidLo: number
  /** Digest of the tree at that zxid. */
  readonly digestHi: number
  readonly digestLo: number
  /** Nodes that the stream has in all, for progress. */
  readonly nodeCount: number
  /** Bytes kept aside and not yet taken by `next`; who takes slowly must bound this by giving the snapshot up. */
  readonly pendingBytes: number
  /**
   * Appends the next slice to `writer`: at least `bytesMax` bytes unless the stream ends, ending after the record that
   * reaches it (or within bytes kept aside).
   * @returns true while there is more; false once the end mark has been written, and from then on
   * @throws SnapshotAbortedError if the tree was emptied by `loadSnapshot` meanwhile
   */
  next(writer: JuteWriter, bytesMax: number): boolean
  /** Gives the snapshot up, or puts a finished one away. Until then every change pays for it. Idempotent. */
  close(): void
}

/** Takes a snapshot stream in chunks of any size. */
export interface SnapshotLoader {
  /** True once the end mark has been read: then the tree is whole, its digest and quotas are right. */
  readonly done: boolean
  /** Sessions of the head, complete as soon as the first node has been read. */
  readonly sessions: readonly SnapshotSession[]
  /**
   * Takes the next bytes; they may be reused afterwards.
   * @returns how many of them belonged to the stream: fewer than all only when it is done
   * @throws SnapshotFormatError on bytes that cannot be such a stream (missing parent, unknown ACL key, bad lengths)
   */
  push(chunk: Uint8Array): number
}

export class SnapshotAbortedError extends Error {
  override readonly name = 'SnapshotAbortedError'
  readonly code = 'SNAPSHOT_ABORTED'
}

export class SnapshotFormatError extends Error {
  override readonly name = 'SnapshotFormatError'
  readonly code = 'SNAPSHOT_FORMAT'
}
