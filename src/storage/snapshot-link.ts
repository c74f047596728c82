import { Worker } from 'node:worker_threads'
import type { SnapshotCommand, SnapshotReport } from './snapshot-messages.ts'
import { StorageError } from './storage-error.ts'

/**
 * How long the thread stays when it has nothing to write, ms.
 *
 * perf: to start it takes 55 ms of CPU. Under full load there is a snapshot every few seconds, and for each of three
 * members on one machine (docs/performance.md, three servers); memory that nothing uses is not kept for longer than that.
 */
const IDLE_MS = 5000

/** Who is told what becomes of one snapshot. */
export interface SnapshotListener {
  report(report: SnapshotReport): void
  /** The thread is gone, and this snapshot with it. */
  died(error: StorageError): void
}

/** The main thread's end of the snapshot thread, which is there while snapshots are written and a little longer. */
export class SnapshotLink {
  readonly #workerUrl: URL
  readonly #idleMs: number
  #worker: Worker | null = null
  /** By attempt, until the last report of it. */
  readonly #listeners = new Map<number, SnapshotListener>()
  #idleTimer: NodeJS.Timeout | undefined
  #terminated: Promise<unknown> = Promise.resolve()

  constructor(workerUrl: URL, idleMs = IDLE_MS) {
    this.#workerUrl = workerUrl
    this.#idleMs = idleMs
  }

  /** Of the thread; null while there is none. */
  get threadId(): number | null {
    return this.#worker?.threadId ?? null
  }

  /** Begins a snapshot; commands that are posted up to the next `begin` are of this one. */
  begin(command: Extract<SnapshotCommand, { kind: 'begin' }>, listener: SnapshotListener): void {
    clearTimeout(this.#idleTimer)
    this.#worker ??= this.#start()
    this.#worker.ref()
    this.#listeners.set(command.attempt, listener)
    this.post(command)
  }

  post(command: SnapshotCommand, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(command, transfer)
  }

  /** Ends the thread at once, and resolves when it is gone. Nothing is told of what it was writing. */
  async terminate(): Promise<void> {
    clearTimeout(this.#idleTimer)
    if (this.#worker !== null) this.#terminated = this.#worker.terminate()
    this.#worker = null
    this.#listeners.clear()
    await this.#terminated
  }

  #start(): Worker {
    const worker = new Worker(this.#workerUrl, { name: 'zoonode-snapshot', execArgv: [] })
    worker.on('message', (report: SnapshotReport) => this.#take(report))
    worker.on('error', (error) => {
      this.#died(worker, new StorageError('CLOSED', `the snapshot thread died: ${error.message}`, { cause: error }))
    })
    worker.once('exit', () => {
      this.#died(worker, new StorageError('CLOSED', 'the snapshot thread ended before the snapshot was finished'))
    })
    return worker
  }

  #take(report: SnapshotReport): void {
    const { attempt } = report
    const listener = this.#listeners.get(attempt)
    if (report.kind !== 'written') {
      this.#listeners.delete(attempt)
      if (this.#listeners.size === 0) this.#idle()
    }
    listener?.report(report)
  }

  #idle(): void {
    this.#worker?.unref()
    clearTimeout(this.#idleTimer)
    this.#idleTimer = setTimeout(() => {
      this.post({ kind: 'end' })
      this.#worker = null
    }, this.#idleMs)
    this.#idleTimer.unref()
  }

  #died(worker: Worker, error: StorageError): void {
    // One that was told to end, or was ended, has no listeners any more.
    if (this.#worker !== worker) return
    clearTimeout(this.#idleTimer)
    this.#worker = null
    const listeners = [...this.#listeners.values()]
    this.#listeners.clear()
    for (const listener of listeners) listener.died(error)
  }
}
