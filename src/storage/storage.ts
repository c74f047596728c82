import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { compareInt64 } from '../protocol/int64.ts'
import { fileBytes } from './directory.ts'
import { versionFolder } from './file-names.ts'
import { LogLink } from './log-link.ts'
import type { Recovery } from './recovery.ts'
import { recover } from './recovery.ts'
import { CounterSlot, RING_BYTES_DEFAULT } from './shared-memory.ts'
import { SnapshotLink } from './snapshot-link.ts'
import type { SnapshotWriter, SnapshotWriterOwner } from './snapshot-writer.ts'
import { ThreadedSnapshotWriter } from './snapshot-writer.ts'
import { StorageError } from './storage-error.ts'
import type { FoundInLog, ReadBatch, StorageTuning, ZxidPair } from './thread-messages.ts'
import { ROW_TXN_COUNT_MAX } from './txn-row.ts'

export type { Recovery, RecoverySnapshot } from './recovery.ts'
export type { SnapshotSummary, SnapshotWriter } from './snapshot-writer.ts'
export type { FoundInLog, ReadBatch, ZxidPair } from './thread-messages.ts'

/** Where the storage's few messages go. */
export interface StorageLogger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export interface StorageOptions {
  /** Snapshots and state.db go to `version-2` in it. */
  readonly dataDir: string
  /** The log goes to `version-2` in it; may be `dataDir`. */
  readonly dataLogDir: string
  /** False: a commit is not synced, and a power cut can lose acknowledged transactions or spoil the files. */
  readonly forceSync: boolean
  /** Make missing directories (`datadir.autocreate`). */
  readonly autocreate: boolean
  /**
   * An empty directory is that of a new server (`db.autocreate`); false: only with a file `initialize` in dataLogDir.
   * Default true.
   */
  readonly dbAutocreate?: boolean
  /** Start with a log whose beginning is gone although there is no snapshot (`snapshot.trust.empty`). */
  readonly trustEmptySnapshot: boolean
  /** A commit that takes longer is worth a warning. */
  readonly fsyncWarningThresholdMs: number
  /** A segment that has come to this size is not appended to any more. Default 1 GiB. */
  readonly rollBytesMax?: number
  /** The same for its number of transactions. Default: no limit; the server rolls with its snapshots. */
  readonly rollTxnCountMax?: number
  readonly logger: StorageLogger
  /** The compiled `log-thread.js`; `snapshot-thread.js` is beside it. Default: beside this module. */
  readonly workerUrl?: URL
  readonly tuning?: Partial<StorageTuning>
}

/** Transactions in zxid order. Up to 1 MiB and 1,000 of them make one row of the log. */
export interface TxnBatch {
  readonly firstZxidHi: number
  readonly firstZxidLo: number
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  readonly txnCount: number
  /** Concatenation of (int32 length, transaction); valid only during the call. A transaction begins with its TxnHeader. */
  readonly body: Uint8Array
}

/** Live figures; reading them costs nothing. Times are of the log thread's commits. */
export interface StorageStats {
  readonly commits: number
  readonly txns: number
  /** Of transaction bodies. */
  readonly bytes: number
  /** Sum over all commits, in nanoseconds: insert and sync. */
  readonly commitNanos: number
  readonly lastCommitMs: number
  readonly maxCommitMs: number
  /** Transactions that shared the last commit. */
  readonly lastCommitTxns: number
  readonly checkpoints: number
  readonly checkpointNanos: number
  /** Attempts that ended because the disk was full. */
  readonly diskFullRetries: number
  /** Batches appended and not yet persisted. */
  readonly queuedBatches: number
}

/** Transactions of one row of the log; a larger batch is cut into several rows. */
export const TXN_BATCH_COUNT_MAX = ROW_TXN_COUNT_MAX

const TUNING_DEFAULT: StorageTuning = {
  ringBytes: RING_BYTES_DEFAULT,
  // perf: what lies within the -wal's size is written over, and syncing that costs little more than half of growing.
  checkpointBytes: 4 * 1024 * 1024,
  checkpointBytesMax: 6 * 1024 * 1024,
  diskFullRetryMs: 1000
}
const ROLL_BYTES_DEFAULT = 1024 ** 3

/**
 * Locks and opens the data directory, in a thread of its own.
 *
 * The caller must read `recovery` to its end (snapshot, then batches) before it appends.
 *
 * @throws StorageError LOCKED, DAMAGED, INCOMPLETE, CANNOT_OPEN, DISK_FULL or IO_ERROR: the server must not start
 */
export async function openStorage(options: StorageOptions): Promise<{ storage: Storage; recovery: Recovery }> {
  const storage = new Storage(options)
  try {
    await storage.opened()
    return { storage, recovery: await storage.reload() }
  } catch (error) {
    await storage.abandon()
    throw error
  }
}

/** The data directory of a running server. All methods are for the main thread; none of them blocks it. */
export class Storage {
  readonly #options: StorageOptions
  readonly #link: LogLink
  readonly #workerUrl: URL
  readonly #dataFolder: string
  #persistedCallback: (sequence: number) => void = ignore
  #diskFullCallback: (isFull: boolean) => void = ignore
  #fatalCallback: ((error: StorageError) => void) | null = null
  #isOpen = false
  #snapshot: ThreadedSnapshotWriter | null = null
  readonly #snapshotLink: SnapshotLink
  /** All that the snapshot thread has to do with, those that are finishing or giving up, too. */
  readonly #snapshotWriters = new Set<ThreadedSnapshotWriter>()
  #snapshotCount = 0
  /** Counts up when the log is cut off or replaced: what is under way then is of another history. */
  #history = 0
  #lastSequence = -1
  #lastZxidHi = 0
  #lastZxidLo = 0
  /** Sequences not yet persisted, oldest first from `#firstQueued` on. */
  readonly #queued: number[] = []
  #firstQueued = 0

  constructor(options: StorageOptions) {
    const tuning = { ...TUNING_DEFAULT, ...options.tuning }
    this.#options = options
    this.#workerUrl = options.workerUrl ?? new URL('./log-thread.js', import.meta.url)
    this.#dataFolder = versionFolder(options.dataDir)
    this.#snapshotLink = new SnapshotLink(new URL('./snapshot-thread.js', this.#workerUrl))
    this.#link = new LogLink(
      this.#workerUrl,
      tuning.ringBytes,
      {
        dataDir: options.dataDir,
        dataLogDir: options.dataLogDir,
        forceSync: options.forceSync,
        autocreate: options.autocreate,
        dbAutocreate: options.dbAutocreate ?? true,
        trustEmptySnapshot: options.trustEmptySnapshot,
        fsyncWarningThresholdMs: options.fsyncWarningThresholdMs,
        rollBytesMax: options.rollBytesMax ?? ROLL_BYTES_DEFAULT,
        rollTxnCountMax: options.rollTxnCountMax ?? Number.MAX_SAFE_INTEGER,
        tuning
      },
      {
        persisted: (sequence) => this.#persisted(sequence),
        diskFull: (isFull) => this.#diskFullCallback(isFull),
        fatal: (error) => this.#fatal(error),
        say: (level, message) => options.logger[level](message)
      }
    )
  }

  /** Resolves when the directory is locked and in order; for `openStorage`. */
  async opened(): Promise<void> {
    await this.#link.opened()
    this.#isOpen = true
  }

  /**
   * Queues a batch for the log; copies it. Returns false, and does nothing, when there is no room: keep the batch and
   * call again after the next `onPersisted`. After a fatal error it returns false for ever.
   *
   * @param sequence of the caller's; larger than the one before
   * @throws RangeError when the batch does not follow the last one
   */
  append(sequence: number, batch: TxnBatch): boolean {
    const { firstZxidHi, firstZxidLo, lastZxidHi, lastZxidLo, txnCount, body } = batch
    if (
      sequence <= this.#lastSequence ||
      compareInt64(firstZxidHi, firstZxidLo, this.#lastZxidHi, this.#lastZxidLo) <= 0
    ) {
      throw new RangeError(`batch ${sequence} does not follow batch ${this.#lastSequence}, or its zxid does not follow`)
    }
    if (this.#link.failure !== null || this.#link.hasWaitingRequests) return false
    const { ring } = this.#link
    if (!ring.putBatch(sequence, firstZxidHi, firstZxidLo, lastZxidHi, lastZxidLo, txnCount, body)) return false
    this.#lastSequence = sequence
    this.#lastZxidHi = lastZxidHi
    this.#lastZxidLo = lastZxidLo
    this.#queued.push(sequence)
    return true
  }

  /** `callback` is told the sequence up to which, itself included, all batches are durable. Once per group commit. */
  onPersisted(callback: (sequence: number) => void): void {
    this.#persistedCallback = callback
  }

  /** `callback` is told true when the log waits for room on the disk, and false when it goes on. */
  onDiskFull(callback: (isFull: boolean) => void): void {
    this.#diskFullCallback = callback
  }

  /**
   * `callback` is told once, when nothing can be persisted any more: a sync or another operation of the disk failed, or
   * the log thread died. What was not reported as persisted may or may not be on the disk. The process must end.
   */
  onFatal(callback: (error: StorageError) => void): void {
    this.#fatalCallback = callback
    if (this.#link.failure !== null) callback(this.#link.failure)
  }

  /** Resolves when the epoch is durable, and so is every batch appended before. */
  async setAcceptedEpoch(epoch: number): Promise<void> {
    await this.#link.request<'setEpoch'>({ kind: 'setEpoch', which: 'accepted', epoch })
  }

  /** Resolves when the epoch is durable, and so is every batch appended before. */
  async setCurrentEpoch(epoch: number): Promise<void> {
    await this.#link.request<'setEpoch'>({ kind: 'setEpoch', which: 'current', epoch })
  }

  /**
   * Begins a snapshot of the state at this zxid. It counts when the writer's `finish` resolves.
   *
   * @throws StorageError BUSY while another one is being written
   */
  beginSnapshot(zxidHi: number, zxidLo: number): SnapshotWriter {
    const history = this.#history
    return this.#beginSnapshot({ hi: zxidHi, lo: zxidLo }, async (snapshot) => {
      // Later transactions with smaller zxids do not make it one of theirs.
      if (history !== this.#history) throw new StorageError('CLOSED', 'the snapshot is of a history that was cut off')
      await this.#link.request<'catalogueSnapshot'>({ kind: 'catalogueSnapshot', snapshot })
    })
  }

  /**
   * Begins a snapshot that a leader sends. When the writer's `finish` resolves, it has taken the place of all that was
   * there, the log included, and `currentEpoch` is set, all in one step; the next batch must follow its zxid.
   */
  beginInstall(zxidHi: number, zxidLo: number, currentEpoch: number): SnapshotWriter {
    return this.#beginSnapshot({ hi: zxidHi, lo: zxidLo }, async (snapshot) => {
      this.#history++
      await this.#link.request<'installSnapshot'>({ kind: 'installSnapshot', snapshot, currentEpoch })
      this.#lastZxidHi = zxidHi
      this.#lastZxidLo = zxidLo
    })
  }

  /** The next batch starts a new segment, which is made ready meanwhile. */
  roll(): void {
    // It fails only with the whole storage, which onFatal tells.
    this.#link.request<'roll'>({ kind: 'roll' }).catch(ignore)
  }

  /**
   * Removes all but the newest `snapRetainCount` snapshots and the part of the log that even the oldest of these does
   * not need. Works on a full disk.
   */
  async purge(snapRetainCount: number): Promise<{ removed: string[] }> {
    return { removed: await this.#link.request<'purge'>({ kind: 'purge', snapRetainCount }) }
  }

  /**
   * Removes all transactions after a zxid (a leader's TRUNC), then makes the next batch follow it. Read the state anew by
   * `reload`.
   *
   * @throws StorageError INCOMPLETE when the oldest snapshot is newer: only a leader's snapshot can help
   */
  async truncate(zxidHi: number, zxidLo: number): Promise<void> {
    this.#history++
    await this.#link.request<'truncate'>({ kind: 'truncate', zxid: { hi: zxidHi, lo: zxidLo } })
    this.#lastZxidHi = zxidHi
    this.#lastZxidLo = zxidLo
  }

  /**
   * Transactions after a zxid from the log, as many rows as fit into `bytesMax` but at least one; null at its end.
   *
   * @throws StorageError INCOMPLETE when the log does not go back that far; DAMAGED
   */
  readLog(afterHi: number, afterLo: number, bytesMax: number): Promise<ReadBatch | null> {
    return this.#link.request<'readLog'>({ kind: 'readLog', after: { hi: afterHi, lo: afterLo }, bytesMax })
  }

  /**
   * The greatest zxid not greater than the given one that the log has, or after which it begins: `readLog` can go on from
   * there. Null when the log does not go back so far.
   *
   * @throws StorageError DAMAGED
   */
  findInLog(zxidHi: number, zxidLo: number): Promise<FoundInLog | null> {
    return this.#link.request<'findInLog'>({ kind: 'findInLog', zxid: { hi: zxidHi, lo: zxidLo } })
  }

  /** What a start would find now: the newest valid snapshot and the log after it. */
  async reload(): Promise<Recovery> {
    const recovery = await recover(this.#link)
    this.#lastZxidHi = recovery.lastZxidHi
    this.#lastZxidLo = recovery.lastZxidLo
    return recovery
  }

  /**
   * Bytes of all files in the two `version-2` folders, as upstream counts them: all of them twice when they are the same
   * folder. Looks at sizes only.
   */
  sizes(): { dataDirBytes: number; logDirBytes: number } {
    return {
      dataDirBytes: folderBytes(this.#dataFolder),
      logDirBytes: folderBytes(versionFolder(this.#options.dataLogDir))
    }
  }

  get stats(): StorageStats {
    const counters = this.#link.memory.counters
    const at = (slot: number): number => counters[slot] ?? 0
    return {
      commits: at(CounterSlot.commits),
      txns: at(CounterSlot.txns),
      bytes: at(CounterSlot.bytes),
      commitNanos: at(CounterSlot.commitNanos),
      lastCommitMs: at(CounterSlot.lastCommitMs),
      maxCommitMs: at(CounterSlot.maxCommitMs),
      lastCommitTxns: at(CounterSlot.lastCommitTxns),
      checkpoints: at(CounterSlot.checkpoints),
      checkpointNanos: at(CounterSlot.checkpointNanos),
      diskFullRetries: at(CounterSlot.diskFullRetries),
      queuedBatches: this.#queued.length - this.#firstQueued
    }
  }

  /**
   * Writes what was appended, notes a clean shutdown, and gives the directory back.
   *
   * @throws StorageError TIMEOUT when that took longer than `deadlineMs` (the disk may be full): what was not reported as
   *         persisted is given up, nothing else
   */
  async flushAndClose(deadlineMs: number): Promise<void> {
    await this.#abandonSnapshots()
    if (this.#link.failure !== null) return this.abandon()
    const closed = this.#link.request<'close'>({ kind: 'close' }).then(() => this.#link.ended())
    const isInTime = await within(closed, deadlineMs)
    if (isInTime) return
    await this.abandon()
    throw new StorageError('TIMEOUT', `the log could not be closed within ${deadlineMs} ms`)
  }

  /** Ends the threads at once, as a kill would; for a start that failed. */
  async abandon(): Promise<void> {
    await this.#abandonSnapshots()
    await this.#link.abandon()
  }

  #beginSnapshot(zxid: ZxidPair, catalogue: SnapshotWriterOwner['catalogue']): SnapshotWriter {
    if (this.#link.failure !== null) throw this.#link.failure
    if (this.#snapshot !== null) throw new StorageError('BUSY', 'another snapshot is being written')
    const ended = (error: StorageError | null): void => {
      this.#snapshot = null
      if (error !== null && error.code !== 'DISK_FULL') this.#fatal(error)
    }
    const left = (): void => {
      this.#snapshotWriters.delete(writer)
    }
    const attempt = ++this.#snapshotCount
    const owner = { catalogue, ended, left }
    const writer = new ThreadedSnapshotWriter(this.#snapshotLink, this.#dataFolder, zxid, attempt, owner)
    this.#snapshot = writer
    this.#snapshotWriters.add(writer)
    return writer
  }

  /** No thread of ours may touch the directory when it has been given back. */
  async #abandonSnapshots(): Promise<void> {
    const error = new StorageError('CLOSED', 'the storage was closed before the snapshot was finished')
    await Promise.all([...this.#snapshotWriters].map((writer) => writer.abandon(error)))
    await this.#snapshotLink.terminate()
  }

  #persisted(sequence: number): void {
    const queued = this.#queued
    while (this.#firstQueued < queued.length && (queued[this.#firstQueued] ?? sequence) <= sequence) this.#firstQueued++
    if (this.#firstQueued === queued.length) {
      queued.length = 0
      this.#firstQueued = 0
    } else if (this.#firstQueued > 4096) {
      queued.splice(0, this.#firstQueued)
      this.#firstQueued = 0
    }
    this.#persistedCallback(sequence)
  }

  #fatal(error: StorageError): void {
    // Before the directory is open, openStorage throws it.
    if (!this.#isOpen) return
    if (this.#fatalCallback === null) this.#options.logger.error(error.message)
    else this.#fatalCallback(error)
  }
}

function folderBytes(folder: string): number {
  let bytes = 0
  for (const name of readdirSync(folder)) bytes += fileBytes(join(folder, name))
  return bytes
}

/** Tells whether `work` ended within `deadlineMs`. */
async function within(work: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), deadlineMs)
  })
  try {
    return await Promise.race([work.then(() => true), deadline])
  } finally {
    clearTimeout(timer)
  }
}

function ignore(): void {
  // Until the caller asks to be told.
}
