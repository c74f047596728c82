import { availableParallelism } from 'node:os'
import { ShortWaits } from '../collections/short-waits.ts'
import { toBigInt } from '../protocol/int64.ts'
import { RecordKind, RingReader } from './command-ring.ts'
import { CommitPacing } from './commit-pacing.ts'
import { versionFolder } from './file-names.ts'
import { LogRequests } from './log-requests.ts'
import type { LogStore } from './log-store.ts'
import { openLogStore } from './open-log-store.ts'
import type { SharedMemory } from './shared-memory.ts'
import { ControlWord, CounterSlot, openSharedMemory } from './shared-memory.ts'
import { isDiskFull, type StorageError, toStorageError } from './storage-error.ts'
import type { LogRequest, LogThreadSettings, SendReport } from './thread-messages.ts'

const DISK_FULL_LINE_MS = 60_000
const NO_TRANSFER: ArrayBuffer[] = []
/**
 * perf: bench/load, set with one in flight; a client that writes again once it has its answer is back before the thread would have
 * fallen asleep and been woken, which takes a tenth of all the time that its write takes.
 */
const SHORT_WAITS = { watchMs: 0.25, shortMs: 0.25 }

/** Thrown to leave the loop while the disk is full and the main thread does not want to wait any longer. */
class GivenUp extends Error {}

/**
 * What the log thread does for its whole life: sleep until there is a command, commit all batches that are there in one
 * transaction, say so, then tidy up if nobody waits. Requests are answered in their order among the batches.
 */
export class LogLoop {
  readonly #settings: LogThreadSettings
  readonly #report: SendReport
  readonly #memory: SharedMemory
  readonly #ring: RingReader
  readonly #pacing = new CommitPacing()
  readonly #waits = new ShortWaits(SHORT_WAITS)
  /** Who is waited for needs a core to come. */
  readonly #mayWatch = availableParallelism() > 1
  #watchUntilMs = Number.NEGATIVE_INFINITY
  #isDiskFull = false
  #lastDiskFullLineMs = Number.NEGATIVE_INFINITY

  constructor(settings: LogThreadSettings, report: SendReport) {
    this.#settings = settings
    this.#report = report
    this.#memory = openSharedMemory(settings.memory)
    this.#ring = new RingReader(this.#memory, settings.largeBodies)
  }

  /** Returns when the storage is closed, has failed, or could not be opened; the main thread was told. */
  run(): void {
    let store: LogStore
    let requests: LogRequests
    try {
      const opened = this.#open()
      store = opened.store
      requests = opened.requests
    } catch (error) {
      this.#fatal(toStorageError(error, 'opening the storage'))
      return
    }
    this.#report({ kind: 'opened' }, NO_TRANSFER)
    try {
      while (!requests.isClosed) this.#turn(store, requests)
    } catch (error) {
      if (error instanceof GivenUp) return
      this.#fatal(toStorageError(error, 'writing the log'))
      // Nothing more may be written or closed: what the disk has is what the next start will judge.
      Atomics.wait(this.#memory.control, ControlWord.giveUp, 0)
    }
  }

  #open(): { store: LogStore; requests: LogRequests } {
    const settings = this.#settings
    const say = (level: 'info' | 'warn' | 'error', message: string): void => {
      this.#report({ kind: 'say', level, message }, NO_TRANSFER)
    }
    const { store, wasCleanShutdown } = openLogStore(
      {
        dataFolder: versionFolder(settings.dataDir),
        logFolder: versionFolder(settings.dataLogDir),
        sync: settings.forceSync ? 'FULL' : 'OFF',
        rollBytesMax: settings.rollBytesMax,
        rollTxnCountMax: settings.rollTxnCountMax,
        checkpointBytes: settings.tuning.checkpointBytes,
        checkpointBytesMax: settings.tuning.checkpointBytesMax
      },
      settings.autocreate,
      this.#memory.counters,
      say
    )
    return { store, requests: new LogRequests(store, settings, wasCleanShutdown, say, this.#report) }
  }

  #turn(store: LogStore, requests: LogRequests): void {
    const ring = this.#ring
    if (ring.isEmpty()) {
      if (requests.isReading || !store.isTidyDue()) this.#wait()
      else if (!this.#tidy(store)) ring.wait(this.#settings.tuning.diskFullRetryMs)
      return
    }
    const kind = ring.peekKind()
    if (kind === RecordKind.batch) {
      if (this.#putOff()) return
      this.#whileFull(store, requests, () => this.#commitQueued(store))
      const { sequence } = ring
      ring.release()
      this.#report(sequence, NO_TRANSFER)
      this.#whileFull(store, requests, () => requests.logReached(store.lastZxid))
      return
    }
    ring.next()
    if (kind === RecordKind.request) {
      const id = ring.sequence
      const request = parseRequest(ring.body)
      this.#whileFull(store, requests, () => requests.handle(id, request))
    }
    ring.release()
  }

  /** Sleeps until there is a command, but looks for it first for as long as it is likely to come at once. */
  #wait(): void {
    const ring = this.#ring
    while (this.#mayWatch && performance.now() < this.#watchUntilMs) if (!ring.isEmpty()) return
    ring.wait()
  }

  /** Waits a little if more is expected for the next commit. Returns whether it did. */
  #putOff(): boolean {
    const ring = this.#ring
    const { mark } = ring
    const delayMs = this.#pacing.delayMs(ring.queuedTxns, performance.now())
    if (delayMs <= 0) return false
    ring.waitForMore(mark, delayMs)
    return true
  }

  /** Returns false when the disk is too full for it: then it waits, and whatever comes goes first. */
  #tidy(store: LogStore): boolean {
    try {
      store.tidy()
      return true
    } catch (error) {
      if (isDiskFull(error)) return false
      throw error
    }
  }

  /** Commits every batch at the front of the ring; the ring's fields are then those of the last one. */
  #commitQueued(store: LogStore): void {
    const ring = this.#ring
    const started = performance.now()
    this.#waits.turnBegins(started)
    ring.rewind()
    let isBegun = false
    let txnCount = 0
    try {
      while (ring.peekKind() === RecordKind.batch) {
        ring.next()
        const firstZxid = toBigInt(ring.firstHi, ring.firstLo)
        if (!isBegun) store.beginGroup(firstZxid)
        isBegun = true
        txnCount += ring.txnCount
        store.addBatch(firstZxid, toBigInt(ring.lastHi, ring.lastLo), ring.txnCount, ring.body)
      }
      store.commitGroup()
    } catch (error) {
      store.rollbackGroup()
      throw error
    }
    const ended = performance.now()
    this.#countCommit(ended - started)
    this.#pacing.committed(txnCount, ring.queuedTxns, ended, ended - started)
    this.#watchUntilMs = this.#waits.turnEnded(ended, txnCount)
  }

  #countCommit(durationMs: number): void {
    const { counters } = this.#memory
    counters[CounterSlot.commitNanos] = (counters[CounterSlot.commitNanos] ?? 0) + durationMs * 1e6
    counters[CounterSlot.lastCommitMs] = durationMs
    if (durationMs > (counters[CounterSlot.maxCommitMs] ?? 0)) counters[CounterSlot.maxCommitMs] = durationMs
    if (durationMs < this.#settings.fsyncWarningThresholdMs) return
    this.#say(
      'warn',
      `a commit of the log took ${Math.round(durationMs)} ms; the disk is slow, and every write waits for it`
    )
  }

  /**
   * Repeats `attempt` while the disk is full: once a second, with one line a minute. Nothing else is retried, least of
   * all a failed sync. Purges that wait in the ring are let through, since they make room.
   */
  #whileFull(store: LogStore, requests: LogRequests, attempt: () => void): void {
    for (;;) {
      try {
        attempt()
        if (this.#isDiskFull) this.#setDiskFull(false)
        return
      } catch (error) {
        if (!isDiskFull(error)) throw error
        this.#setDiskFull(true)
      }
      const counted = this.#memory.counters[CounterSlot.diskFullRetries] ?? 0
      this.#memory.counters[CounterSlot.diskFullRetries] = counted + 1
      Atomics.wait(this.#memory.control, ControlWord.giveUp, 0, this.#settings.tuning.diskFullRetryMs)
      if (Atomics.load(this.#memory.control, ControlWord.giveUp) === 1) throw new GivenUp()
      ignoreFullDisk(() => this.#purgeAhead(requests))
      ignoreFullDisk(() => store.reuseRoom())
    }
  }

  #purgeAhead(requests: LogRequests): void {
    this.#ring.takeRequestsAhead((id, body) => {
      const request = parseRequest(body)
      if (request.kind !== 'purge') return false
      requests.handle(id, request)
      return true
    })
  }

  #setDiskFull(isFull: boolean): void {
    const nowMs = performance.now()
    if (isFull && nowMs - this.#lastDiskFullLineMs >= DISK_FULL_LINE_MS) {
      this.#lastDiskFullLineMs = nowMs
      this.#say('error', 'the disk of the data directory is full: writes wait until there is room, reads go on')
    }
    if (isFull === this.#isDiskFull) return
    this.#isDiskFull = isFull
    this.#report({ kind: 'diskFull', isFull }, NO_TRANSFER)
    if (isFull) return
    this.#say('info', 'there is room on the disk again: writes go on')
    this.#lastDiskFullLineMs = Number.NEGATIVE_INFINITY
  }

  #say(level: 'info' | 'warn' | 'error', message: string): void {
    this.#report({ kind: 'say', level, message }, NO_TRANSFER)
  }

  #fatal({ code, message }: StorageError): void {
    this.#report({ kind: 'fatal', error: { code, message } }, NO_TRANSFER)
  }
}

function ignoreFullDisk(action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}

function parseRequest(body: Uint8Array): LogRequest {
  // Our own main thread wrote it, from a LogRequest.
  return JSON.parse(Buffer.from(body).toString('utf8')) as LogRequest
}
