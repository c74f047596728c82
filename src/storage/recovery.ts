import type { LogLink } from './log-link.ts'
import type { SnapshotSummary } from './snapshot-writer.ts'
import type { ReadBatch, RecoveryHead, SnapshotHead } from './thread-messages.ts'

/** What a server starts from. Read the chunks, then the batches, each once and to the end. */
export interface Recovery {
  /** The newest valid snapshot. */
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
  /** The bytes that were written, in pieces; where they are cut has no meaning. */
  chunks(): AsyncIterable<Uint8Array>
}

/** Asks the log thread for what a start would find. */
export async function recover(link: LogLink): Promise<Recovery> {
  const head: RecoveryHead = await link.request<'recover'>({ kind: 'recover' })
  return {
    snapshot: head.snapshot === null ? null : snapshotOf(head.snapshot, link),
    batches: () => readAhead(() => link.request<'nextBatches'>({ kind: 'nextBatches' })),
    lastZxidHi: head.lastZxid.hi,
    lastZxidLo: head.lastZxid.lo,
    acceptedEpoch: head.acceptedEpoch,
    currentEpoch: head.currentEpoch,
    wasCleanShutdown: head.wasCleanShutdown,
    isUninitialized: head.isUninitialized
  }
}

function snapshotOf({ zxid, digest, nodeCount, sessionCount }: SnapshotHead, link: LogLink): RecoverySnapshot {
  const summary: SnapshotSummary = {
    zxidHi: zxid.hi,
    zxidLo: zxid.lo,
    digestHi: digest.hi,
    digestLo: digest.lo,
    nodeCount,
    sessionCount
  }
  const chunks = (): AsyncIterable<Uint8Array> => readAhead(() => link.request<'nextChunk'>({ kind: 'nextChunk' }))
  return { zxidHi: zxid.hi, zxidLo: zxid.lo, summary, chunks }
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
