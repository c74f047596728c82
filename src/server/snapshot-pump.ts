import type { SnapshotSummary } from '../core/outbox.ts'
import type { SnapshotWriter, Storage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { EventLoop } from './event-loop.ts'
import type { Logger } from './logging/logger.ts'

/** Bytes asked of the core for one turn: little enough that clients do not notice. */
const SLICE_BYTES = 64 * 1024

/** One snapshot on its way. */
interface Attempt {
  readonly isInstall: boolean
  readonly startedMs: number
  /** Null until an earlier one, given up when it was nearly done, is out of the way. */
  writer: SnapshotWriter | null
  /** What came before the writer: a `snapshotPull` for the one that was given up may still have been under way. */
  readonly early: Uint8Array[]
  earlySummary: SnapshotSummary | null
}

/** What of the storage it uses. */
export type SnapshotStorage = Pick<Storage, 'roll' | 'beginSnapshot' | 'beginInstall'>
/** Where it asks the core for bytes. */
export type SnapshotInputs = Pick<EventLoop, 'inputs' | 'schedule'>

/** Carries a snapshot from the core to the snapshot thread, a slice a turn, as fast as the writer takes it. */
export class SnapshotPump {
  readonly #storage: SnapshotStorage
  readonly #loop: SnapshotInputs
  readonly #log: Logger
  readonly #finished: (elapsedMs: number) => void
  #attempt: Attempt | null = null
  /** Settles, without a result, when the writer that is finishing has ended. */
  #finishing: Promise<void> | null = null

  /** @param finished called when a snapshot is complete and catalogued */
  constructor(storage: SnapshotStorage, loop: SnapshotInputs, log: Logger, finished: (elapsedMs: number) => void) {
    this.#storage = storage
    this.#loop = loop
    this.#log = log
    this.#finished = finished
  }

  begin(zxidHi: number, zxidLo: number): void {
    this.#storage.roll()
    this.#start(false, () => this.#storage.beginSnapshot(zxidHi, zxidLo))
  }

  /** One that is to take the place of everything stored, with the epoch, when it is done. */
  installBegin(zxidHi: number, zxidLo: number, currentEpoch: number): void {
    this.#start(true, () => this.#storage.beginInstall(zxidHi, zxidLo, currentEpoch))
  }

  /** Takes a slice; the next one is asked for when the writer has room. */
  chunk(bytes: Uint8Array): void {
    const attempt = this.#attempt
    if (attempt === null) return
    if (attempt.writer === null) {
      attempt.early.push(new Uint8Array(bytes))
      return
    }
    attempt.writer.write(bytes).then(
      () => {
        if (this.#attempt === attempt) this.#ask()
      },
      (error: unknown) => this.#fail(attempt, error)
    )
  }

  end(summary: SnapshotSummary): void {
    const attempt = this.#attempt
    if (attempt === null) return
    if (attempt.writer === null) {
      attempt.earlySummary = summary
      return
    }
    const finishing = attempt.writer.finish(summary).then(
      () => this.#done(attempt, true),
      (error: unknown) => this.#fail(attempt, error)
    )
    this.#finishing = finishing
    finishing.then(() => {
      if (this.#finishing === finishing) this.#finishing = null
    }, ignore)
  }

  /** The core has given the snapshot up: no `snapshotDone` comes for it. */
  abandon(): void {
    this.#attempt?.writer?.abort()
    this.#attempt = null
  }

  /** The storage has one writer at a time, and one that is finishing cannot be stopped any more. */
  #start(isInstall: boolean, open: () => SnapshotWriter): void {
    this.abandon()
    const attempt: Attempt = { isInstall, startedMs: performance.now(), writer: null, early: [], earlySummary: null }
    this.#attempt = attempt
    if (this.#finishing === null) return this.#open(attempt, open)
    this.#finishing.then(() => this.#open(attempt, open), ignore)
  }

  #open(attempt: Attempt, open: () => SnapshotWriter): void {
    if (this.#attempt !== attempt) return
    try {
      attempt.writer = open()
    } catch (error) {
      return this.#fail(attempt, error)
    }
    if (attempt.early.length === 0) this.#ask()
    for (const bytes of attempt.early.splice(0)) this.chunk(bytes)
    if (attempt.earlySummary !== null) this.end(attempt.earlySummary)
  }

  #ask(): void {
    this.#loop.inputs.pushSnapshotPull(SLICE_BYTES)
    this.#loop.schedule()
  }

  /**
   * A snapshot that fails is no loss of data: the log has everything, and the next one is tried when it is due. One of a
   * leader is asked for again; what was stored before is there still.
   */
  #fail(attempt: Attempt, error: unknown): void {
    attempt.writer?.abort()
    if (this.#attempt !== attempt) return
    // A server that stops gives up the snapshot under way: nothing has failed.
    const isStopping = error instanceof StorageError && error.code === 'CLOSED'
    if (isStopping) this.#log.debug('the snapshot was given up: the server stops')
    else if (attempt.isInstall) this.#log.error('cannot store the snapshot that the leader sent', error)
    else this.#log.error('cannot write a snapshot; the log keeps everything since the last one', error)
    this.#done(attempt, false)
  }

  #done(attempt: Attempt, isWritten: boolean): void {
    if (this.#attempt !== attempt) return
    this.#attempt = null
    this.#loop.inputs.pushSnapshotDone(isWritten)
    this.#loop.schedule()
    if (isWritten && !attempt.isInstall) this.#finished(performance.now() - attempt.startedMs)
  }
}

function ignore(): void {
  // How it ended has been told by then.
}
