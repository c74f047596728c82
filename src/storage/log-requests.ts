import { highWord, lowWord, toBigInt } from '../protocol/int64.ts'
import type { SnapshotEntry } from './catalogue-contents.ts'
import { withSnapshot } from './catalogue-contents.ts'
import { showZxid } from './file-names.ts'
import { findInLog, logBytesFrom } from './find-in-log.ts'
import type { LogStore } from './log-store.ts'
import type { Say } from './open-log-store.ts'
import { takeInitializeFile } from './open-log-store.ts'
import { purge } from './purge.ts'
import { readBatchOf } from './read-batch.ts'
import { joinParts, RecoveryReader } from './recovery-reader.ts'
import type { SnapshotSummaryFields } from './snapshot-file.ts'
import { isDiskFull, StorageError, toStorageError } from './storage-error.ts'
import type {
  FoundInLog,
  LogAnswers,
  LogRequest,
  LogRequestKind,
  LogThreadSettings,
  ReadBatch,
  RecoveryHead,
  SendReport,
  SnapshotEntryFields,
  SnapshotHead,
  ZxidPair
} from './thread-messages.ts'
import { truncateLog } from './truncation.ts'
import type { RowPart } from './txn-row.ts'

interface WaitingSnapshot {
  readonly id: number
  readonly entry: SnapshotEntry
}

/** Answers requests of the main thread, one at a time, in their order among the batches. */
export class LogRequests {
  readonly #store: LogStore
  readonly #settings: LogThreadSettings
  readonly #wasCleanShutdown: boolean
  readonly #say: Say
  readonly #report: SendReport
  #recovery: RecoveryReader | null = null
  /** Written, but ahead of the log; catalogued when the log has come to them. */
  #waitingSnapshots: WaitingSnapshot[] = []
  isClosed = false

  constructor(store: LogStore, settings: LogThreadSettings, wasCleanShutdown: boolean, say: Say, report: SendReport) {
    this.#store = store
    this.#settings = settings
    this.#wasCleanShutdown = wasCleanShutdown
    this.#say = say
    this.#report = report
  }

  /**
   * Handles a request and answers it. What cannot be read is an answer; a failed write is not:
   *
   * @throws the error of a write, when a full disk is to be waited for or the server has to stop
   */
  handle(id: number, request: LogRequest): void {
    switch (request.kind) {
      case 'recover':
        return this.#answerOrFail(id, () => this.#recover())
      case 'nextChunks':
        return this.#answerOrFail(id, () => this.#recovery?.nextChunks()?.map(transferable) ?? null)
      case 'olderSnapshot':
        return this.#answerOrFail(id, () => headOf(this.#recovery?.older() ?? null))
      case 'nextBatches':
        return this.#answerOrFail(id, () => this.#nextBatches())
      case 'readLog':
        return this.#answerOrFail(id, () =>
          this.#readLog(toBigInt(request.after.hi, request.after.lo), request.bytesMax)
        )
      case 'findInLog':
        return this.#answerOrFail(id, () => this.#find(toBigInt(request.zxid.hi, request.zxid.lo)))
      case 'setEpoch':
        return this.#answer(id, this.#setEpoch(request.which, request.epoch))
      case 'catalogueSnapshot':
        return this.#catalogue({ id, entry: entryOf(request.snapshot, false) })
      case 'installSnapshot':
        return this.#answer(id, this.#install(entryOf(request.snapshot, true), request.currentEpoch))
      case 'roll':
        return this.#answer(id, this.#roll())
      case 'purge':
        return this.#answer(id, purge(this.#store, request.snapRetainCount))
      case 'truncate':
        return this.#truncate(id, toBigInt(request.zxid.hi, request.zxid.lo))
      case 'close':
        return this.#close(id)
      default:
        return unreachable(request)
    }
  }

  /** Whether a start is reading: segments that are open must stay so, as they are read through their connections. */
  get isReading(): boolean {
    return this.#recovery !== null
  }

  /** Catalogues the snapshots for which the log was not yet durable. Safe to repeat. */
  logReached(zxid: bigint): void {
    for (;;) {
      const index = this.#waitingSnapshots.findIndex(({ entry }) => entry.endZxid <= zxid)
      const waiting = this.#waitingSnapshots[index]
      if (waiting === undefined) return
      this.#catalogue(waiting)
      this.#waitingSnapshots.splice(index, 1)
    }
  }

  #recover(): RecoveryHead {
    this.#recovery?.close()
    this.#recovery = new RecoveryReader(this.#store, this.#settings.trustEmptySnapshot, this.#say)
    const { segments, snapshots, acceptedEpoch, currentEpoch } = this.#store.catalogue.contents
    const { summary } = this.#recovery
    const { lastZxid } = this.#store
    const epochOfLog = Number(BigInt.asUintN(64, lastZxid) >> 32n)
    assertEpochs(acceptedEpoch, currentEpoch, epochOfLog, lastZxid)
    const isEmpty = segments.length === 0 && snapshots.length === 0
    const mayBeEmpty = takeInitializeFile(this.#settings.dataLogDir) || this.#settings.dbAutocreate
    return {
      snapshot: headOf(summary),
      lastZxid: pairOf(lastZxid),
      acceptedEpoch: acceptedEpoch ?? Math.max(currentEpoch ?? 0, epochOfLog),
      currentEpoch: currentEpoch ?? epochOfLog,
      wasCleanShutdown: this.#wasCleanShutdown,
      isUninitialized: isEmpty && !mayBeEmpty
    }
  }

  #nextBatches(): ReadBatch | null {
    const part = this.#recovery?.nextBatches() ?? null
    if (part === null) this.#endRecovery()
    return part === null ? null : readBatchOf(part)
  }

  #endRecovery(): void {
    this.#recovery?.close()
    this.#recovery = null
  }

  #readLog(after: bigint, bytesMax: number): ReadBatch | null {
    const reader = this.#store.reader(after)
    try {
      const parts: RowPart[] = []
      let bytes = 0
      for (let part = reader.next(); part !== null; part = reader.next()) {
        if (parts.length > 0 && bytes + part.body.length > bytesMax) break
        parts.push(part)
        bytes += part.body.length
      }
      const joined = joinParts(parts, bytes)
      return joined === null ? null : readBatchOf(joined)
    } finally {
      reader.close()
    }
  }

  #find(zxid: bigint): FoundInLog | null {
    const found = findInLog(this.#store, zxid)
    if (found === null) return null
    const snapshotBytes = this.#store.catalogue.contents.snapshots.at(-1)?.bytes ?? 0
    return { ...pairOf(found), logBytes: logBytesFrom(this.#store, found), snapshotBytes }
  }

  #setEpoch(which: 'accepted' | 'current', epoch: number): null {
    const { catalogue } = this.#store
    const key = which === 'accepted' ? 'acceptedEpoch' : 'currentEpoch'
    catalogue.change({ ...catalogue.contents, [key]: epoch })
    return null
  }

  #catalogue(waiting: WaitingSnapshot): void {
    const { catalogue, lastZxid } = this.#store
    if (waiting.entry.endZxid > lastZxid) {
      this.#waitingSnapshots.push(waiting)
      return
    }
    catalogue.change(withSnapshot(catalogue.contents, waiting.entry))
    this.#answer(waiting.id, null)
  }

  #install(entry: SnapshotEntry, currentEpoch: number): null {
    const { segments, snapshots } = this.#store.catalogue.contents
    const others = snapshots.filter(({ zxid }) => zxid !== entry.zxid)
    this.#store.drop(segments, others, (contents) => ({
      ...withSnapshot(contents, entry),
      currentEpoch,
      pendingTruncate: null,
      logFloor: entry.zxid
    }))
    this.#store.resume(null, entry.zxid)
    this.#failWaiting('was overtaken by the snapshot of a leader')
    return null
  }

  #roll(): null {
    this.#store.roll()
    return null
  }

  #truncate(id: number, zxid: bigint): void {
    this.#endRecovery()
    this.#failWaiting('is of a history that was cut off')
    try {
      truncateLog(this.#store, zxid)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'INCOMPLETE') throw error
      this.#fail(id, error)
      return
    }
    this.#answer(id, null)
  }

  #close(id: number): void {
    this.#endRecovery()
    this.#failWaiting('was not finished before the storage was closed')
    this.#store.close()
    this.isClosed = true
    this.#answer(id, null)
  }

  #failWaiting(why: string): void {
    for (const { id, entry } of this.#waitingSnapshots) {
      this.#fail(id, new StorageError('CLOSED', `the snapshot at ${showZxid(entry.zxid)} ${why}`))
    }
    this.#waitingSnapshots = []
  }

  #answerOrFail(id: number, compute: () => LogAnswers[LogRequestKind]): void {
    let value: LogAnswers[LogRequestKind]
    try {
      value = compute()
    } catch (error) {
      if (isDiskFull(error)) throw error
      this.#fail(id, toStorageError(error, 'reading the data directory'))
      return
    }
    this.#answer(id, value)
  }

  #answer(id: number, value: LogAnswers[LogRequestKind]): void {
    this.#report({ kind: 'answer', id, value }, transfersOf(value))
  }

  #fail(id: number, { code, message }: StorageError): void {
    this.#report({ kind: 'failed', id, error: { code, message } }, [])
  }
}

/**
 * A learner's epochs never go back: Zab relies on it. The log may be of a later epoch than the current one, since a
 * learner logs what a leader sends before it has taken over that leader's history; but it has accepted the epoch by then.
 */
function assertEpochs(accepted: number | null, current: number | null, ofLog: number, lastZxid: bigint): void {
  if (accepted !== null && ofLog > accepted) {
    throw new StorageError(
      'DAMAGED',
      `the accepted epoch ${accepted} is older than the last zxid, ${showZxid(lastZxid)}`
    )
  }
  if (accepted !== null && current !== null && accepted < current) {
    throw new StorageError('DAMAGED', `the accepted epoch ${accepted} is less than the current epoch ${current}`)
  }
}

function entryOf({ zxid, digest, bytes, file }: SnapshotEntryFields, isBase: boolean): SnapshotEntry {
  const at = toBigInt(zxid.hi, zxid.lo)
  return { zxid: at, endZxid: at, digest: BigInt.asUintN(64, toBigInt(digest.hi, digest.lo)), bytes, file, isBase }
}

function headOf(summary: SnapshotSummaryFields | null): SnapshotHead | null {
  if (summary === null) return null
  const { zxid, digest, nodeCount, sessionCount } = summary
  return { zxid: pairOf(zxid), digest: pairOf(digest), nodeCount, sessionCount }
}

function pairOf(value: bigint): ZxidPair {
  return { hi: highWord(value), lo: lowWord(value) }
}

/** A chunk whose memory is all its own can move to the other thread without being copied. */
function transferable(chunk: Buffer): Uint8Array {
  const isWhole = chunk.byteOffset === 0 && chunk.byteLength === chunk.buffer.byteLength
  return isWhole ? new Uint8Array(chunk.buffer) : new Uint8Array(chunk)
}

function transfersOf(value: LogAnswers[LogRequestKind]): ArrayBuffer[] {
  if (value === null) return []
  const bodies = Array.isArray(value) ? value : 'body' in value ? [value.body] : []
  return bodies.flatMap((body) =>
    body instanceof Uint8Array && body.buffer instanceof ArrayBuffer ? [body.buffer] : []
  )
}

function unreachable(request: never): never {
  throw new Error(`unknown request ${JSON.stringify(request)}`)
}
