import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { highWord, lowWord } from '../protocol/int64.ts'
import type { SnapshotEntry } from './catalogue-contents.ts'
import { STATE_FILE, showZxid, versionFolder } from './file-names.ts'
import type { LogStore } from './log-store.ts'
import { openLogStore, type Say } from './open-log-store.ts'
import { readBatchOf } from './read-batch.ts'
import type { Recovery, RecoverySnapshot } from './recovery.ts'
import { RecoveryReader } from './recovery-reader.ts'
import { SnapshotFileReader, type SnapshotSummaryFields } from './snapshot-file.ts'
import { StorageError } from './storage-error.ts'
import type { RowPart } from './txn-row.ts'

/** A snapshot of the store, as a tool reads it. */
export interface StoredSnapshot {
  readonly zxid: bigint
  /** Tree digest at `zxid`, unsigned; 0 where digests were off. */
  readonly digest: bigint
  /** The snapshot stream in pieces. @throws StorageError DAMAGED */
  chunks(): Iterable<Uint8Array>
}

/** A segment of the log, which goes on to where the next begins. */
export interface StoredSegment {
  readonly firstZxid: bigint
}

/**
 * A data directory that no server has, for a tool that reads it: opened in the caller's own thread, and locked as by a
 * server. Nothing is written but what a server's start does as well: what a crash left unfinished is put in order.
 */
export class OfflineStore {
  readonly #store: LogStore
  readonly #wasCleanShutdown: boolean
  readonly #say: Say

  private constructor(store: LogStore, wasCleanShutdown: boolean, say: Say) {
    this.#store = store
    this.#wasCleanShutdown = wasCleanShutdown
    this.#say = say
  }

  /**
   * @throws StorageError LOCKED while a server (or another tool) has the directory; INCOMPLETE where there is no data of
   *         this server; DAMAGED, CANNOT_OPEN, IO_ERROR
   */
  static open(dataDir: string, dataLogDir: string, say: Say): OfflineStore {
    const dataFolder = versionFolder(dataDir)
    if (!existsSync(join(dataFolder, STATE_FILE))) {
      throw new StorageError('INCOMPLETE', `there is no data of a zoonode server in ${dataDir}`)
    }
    const settings = {
      dataFolder,
      logFolder: versionFolder(dataLogDir),
      sync: 'FULL',
      rollBytesMax: Number.MAX_SAFE_INTEGER,
      rollTxnCountMax: Number.MAX_SAFE_INTEGER,
      checkpointBytes: Number.MAX_SAFE_INTEGER,
      checkpointBytesMax: Number.MAX_SAFE_INTEGER
    } as const
    const { store, wasCleanShutdown } = openLogStore(settings, false, new Float64Array(64), say)
    return new OfflineStore(store, wasCleanShutdown, say)
  }

  /** Of the last transaction in log or snapshot. */
  get lastZxid(): bigint {
    return this.#store.lastZxid
  }

  /** Null where none was ever set. */
  get acceptedEpoch(): number | null {
    return this.#store.catalogue.contents.acceptedEpoch
  }

  /** Null where none was ever set. */
  get currentEpoch(): number | null {
    return this.#store.catalogue.contents.currentEpoch
  }

  /** Oldest first. */
  get segments(): readonly StoredSegment[] {
    return this.#store.catalogue.contents.segments
  }

  /** Oldest first. */
  get snapshots(): readonly StoredSnapshot[] {
    const folder = this.#store.settings.dataFolder
    return this.#store.catalogue.contents.snapshots.map((entry) => storedSnapshot(folder, entry))
  }

  /**
   * What a server starts from. Read it to its end before anything else is read.
   *
   * @throws StorageError DAMAGED, INCOMPLETE
   */
  recovery(): Recovery {
    const reader = new RecoveryReader(this.#store, false, this.#say)
    const { lastZxid } = this.#store
    const epochOfLog = Number(BigInt.asUintN(64, lastZxid) >> 32n)
    const currentEpoch = this.currentEpoch ?? epochOfLog
    return {
      snapshot: offlineSnapshot(reader, reader.summary),
      batches: () =>
        untilNull(() => {
          const part = reader.nextBatches()
          return part === null ? null : readBatchOf(part)
        }),
      lastZxidHi: highWord(lastZxid),
      lastZxidLo: lowWord(lastZxid),
      acceptedEpoch: this.acceptedEpoch ?? currentEpoch,
      currentEpoch,
      wasCleanShutdown: this.#wasCleanShutdown,
      isUninitialized: false
    }
  }

  /**
   * The transactions of the log after a zxid, row by row.
   *
   * @throws StorageError INCOMPLETE when the log does not go back that far; DAMAGED
   */
  *rows(after: bigint): Generator<RowPart> {
    const reader = this.#store.reader(after)
    try {
      for (let part = reader.next(); part !== null; part = reader.next()) yield part
      const end = reader.lastZxid ?? after
      if (end < this.lastZxid) {
        throw new StorageError(
          'DAMAGED',
          `the log in ${this.#store.settings.logFolder} ends at ${showZxid(end)}, but had come to ${showZxid(this.lastZxid)}`
        )
      }
    } finally {
      reader.close()
    }
  }

  /** Gives the directory back. A server that was killed does not look as if it had been stopped in order. */
  close(): void {
    if (this.#wasCleanShutdown) this.#store.close()
    else this.#store.abandon()
  }
}

function offlineSnapshot(reader: RecoveryReader, summary: SnapshotSummaryFields | null): RecoverySnapshot | null {
  if (summary === null) return null
  const zxidHi = highWord(summary.zxid)
  const zxidLo = lowWord(summary.zxid)
  const digest = BigInt.asIntN(64, summary.digest)
  const { nodeCount, sessionCount } = summary
  return {
    zxidHi,
    zxidLo,
    summary: { zxidHi, zxidLo, digestHi: highWord(digest), digestLo: lowWord(digest), nodeCount, sessionCount },
    chunks: () => eachUntilNull(() => reader.nextChunks()),
    older: async () => offlineSnapshot(reader, reader.older())
  }
}

function storedSnapshot(folder: string, { zxid, file, digest }: SnapshotEntry): StoredSnapshot {
  return { zxid, digest: digest ?? 0n, chunks: () => chunksOf(join(folder, file), zxid) }
}

function* chunksOf(path: string, zxid: bigint): Generator<Uint8Array> {
  const reader = SnapshotFileReader.open(path, zxid)
  try {
    for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) yield chunk
  } finally {
    reader.close()
  }
}

async function* eachUntilNull<T>(next: () => readonly T[] | null): AsyncGenerator<T> {
  for (let list = next(); list !== null; list = next()) yield* list
}

async function* untilNull<T>(next: () => T | null): AsyncGenerator<T> {
  for (let piece = next(); piece !== null; piece = next()) yield piece
}
