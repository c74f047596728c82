import type { LogLink } from './log-link.ts'
import type { SnapshotSummary } from './snapshot-writer.ts'
import { StorageError } from './storage-error.ts'
import type { ReadBatch, RecoveryHead, SnapshotHead } from './thread-messages.ts'

/** What a server starts from. Read the snapshot by `readSnapshot`, then the batches, each once and to the end. */
export interface Recovery {
  /** The newest snapshot; that it is as it was written is known when its last chunk has come. */
  readonly snapshot: RecoverySnapshot | null
  /** Transactions of the log after the snapshot, in order, whole rows joined up to 1 MiB. Throws StorageError DAMAGED. */
  batches(): AsyncIterable<ReadBatch>
  /** Of the last transaction in log or snapshot; 0 in an empty directory. The next batch must be after it. */
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  /** As set; that of the last zxid where none was ever set. */
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** False after a kill or a crash. True in a new directory. */
  readonly wasCleanShutdown: boolean
  /** The directory is empty and nobody said that it should be (`db.autocreate=false`, no `initialize` file). */
  readonly isUninitialized: boolean
}

export interface RecoverySnapshot {
  readonly zxidHi: number
  readonly zxidLo: number
  /** As it was given when the snapshot was taken. */
  readonly summary: SnapshotSummary
  /** The bytes that were written, in pieces; where they are cut has no meaning. Throws StorageError DAMAGED. */
  chunks(): AsyncIterable<Uint8Array>
  /**
   * What to read in its place when it is damaged; null: nothing, the log has everything. Rejects with StorageError DAMAGED
   * or INCOMPLETE when it does not. Without this method damage is final.
   */
  older?(): Promise<RecoverySnapshot | null>
}

/**
 * Reads the newest snapshot that is as it was written.
 *
 * @param begin makes what takes the chunks of a snapshot; what was made for damaged ones before is worth nothing
 * @returns the one that was read, with what has taken it; null for none
 * @throws StorageError when there is nothing to start from; what the caller's functions throw
 */
export async function readSnapshot<T extends { push(chunk: Uint8Array): unknown }>(
  recovery: Recovery,
  begin: (snapshot: RecoverySnapshot) => T
): Promise<{ snapshot: RecoverySnapshot; taker: T } | null> {
  let { snapshot } = recovery
  while (snapshot !== null) {
    const taker = begin(snapshot)
    try {
      for await (const chunk of snapshot.chunks()) taker.push(chunk)
      return { snapshot, taker }
    } catch (error) {
      const isDamaged = error instanceof StorageError && error.code === 'DAMAGED'
      if (!isDamaged || snapshot.older === undefined) throw error
      snapshot = await snapshot.older()
    }
  }
  return null
}

/** Asks the log thread for what a start would find. */
export async function recover(link: LogLink): Promise<Recovery> {
  const head: RecoveryHead = await link.request<'recover'>({ kind: 'recover' })
  return {
    snapshot: snapshotOf(head.snapshot, link),
    batches: () => readAhead(() => link.request<'nextBatches'>({ kind: 'nextBatches' })),
    lastZxidHi: head.lastZxid.hi,
    lastZxidLo: head.lastZxid.lo,
    acceptedEpoch: head.acceptedEpoch,
    currentEpoch: head.currentEpoch,
    wasCleanShutdown: head.wasCleanShutdown,
    isUninitialized: head.isUninitialized
  }
}

function snapshotOf(head: SnapshotHead | null, link: LogLink): RecoverySnapshot | null {
  if (head === null) return null
  const { zxid, digest, nodeCount, sessionCount } = head
  const summary: SnapshotSummary = {
    zxidHi: zxid.hi,
    zxidLo: zxid.lo,
    digestHi: digest.hi,
    digestLo: digest.lo,
    nodeCount,
    sessionCount
  }
  return {
    zxidHi: zxid.hi,
    zxidLo: zxid.lo,
    summary,
    chunks: () => eachOf(readAhead(() => link.request<'nextChunks'>({ kind: 'nextChunks' }))),
    older: async () => snapshotOf(await link.request<'olderSnapshot'>({ kind: 'olderSnapshot' }), link)
  }
}

async function* eachOf<T>(lists: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const list of lists) yield* list
}

/** Pieces until `next` gives null; the next one is on its way while one is being used. */
async function* readAhead<T>(next: () => Promise<T | null>): AsyncGenerator<T> {
  let coming = next()
  for (;;) {
    const piece = await coming
    if (piece === null) return
    coming = next()
    // If the caller stops early, nobody awaits this one; its error has come out by then or does not matter.
    coming.catch(ignore)
    yield piece
  }
}

function ignore(): void {
  // See readAhead.
}
