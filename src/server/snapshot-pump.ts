import type { SnapshotSummary } from '../core/outbox.ts'
import type { SnapshotWriter, Storage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { EventLoop } from './event-loop.ts'
import type { Logger } from './logging/logger.ts'

/** Bytes asked of the core for one turn: little enough that clients do not notice. */
const SLICE_BYTES = 64 * 1024

/** Carries a snapshot from the core to the snapshot thread, a slice a turn, as fast as the writer takes it. */
export class SnapshotPump {
  readonly #storage: Storage
  readonly #loop: EventLoop
  readonly #log: Logger
  readonly #finished: (elapsedMs: number) => void
  #writer: SnapshotWriter | null = null
  #startedMs = 0

  /** @param finished called when a snapshot is complete and catalogued */
  constructor(storage: Storage, loop: EventLoop, log: Logger, finished: (elapsedMs: number) => void) {
    this.#storage = storage
    this.#loop = loop
    this.#log = log
    this.#finished = finished
  }

  begin(zxidHi: number, zxidLo: number): void {
    this.#storage.roll()
    this.#writer = this.#storage.beginSnapshot(zxidHi, zxidLo)
    this.#startedMs = performance.now()
    this.#ask()
  }

  /** Takes a slice; the next one is asked for when the writer has room. */
  chunk(bytes: Uint8Array): void {
    const writer = this.#writer
    if (writer === null) return
    writer.write(bytes).then(
      () => {
        if (this.#writer === writer) this.#ask()
      },
      (error: unknown) => this.#fail(writer, error)
    )
  }

  end(summary: SnapshotSummary): void {
    const writer = this.#writer
    if (writer === null) return
    writer.finish(summary).then(
      () => this.#done(true),
      (error: unknown) => this.#fail(writer, error)
    )
  }

  /** The core has given the snapshot up. */
  abandon(): void {
    this.#writer?.abort()
    this.#writer = null
  }

  #ask(): void {
    this.#loop.inputs.pushSnapshotPull(SLICE_BYTES)
    this.#loop.schedule()
  }

  /** A snapshot that fails is no loss of data: the log has everything. The next one is tried when it is due. */
  #fail(writer: SnapshotWriter, error: unknown): void {
    if (this.#writer !== writer) return
    // A server that stops gives up the snapshot under way: nothing has failed.
    const isStopping = error instanceof StorageError && error.code === 'CLOSED'
    if (isStopping) this.#log.debug('the snapshot was given up: the server stops')
    else this.#log.error('cannot write a snapshot; the log keeps everything since the last one', error)
    writer.abort()
    this.#done(false)
  }

  #done(isWritten: boolean): void {
    this.#writer = null
    this.#loop.inputs.pushSnapshotDone(isWritten)
    this.#loop.schedule()
    if (isWritten) this.#finished(performance.now() - this.#startedMs)
  }
}
