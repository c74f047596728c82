import { MessageChannel, type Worker } from 'node:worker_threads'
import { RingWriter } from './command-ring.ts'
import { startLogThread } from './log-worker.ts'
import type { SharedMemory } from './shared-memory.ts'
import { ControlWord, makeSharedMemory } from './shared-memory.ts'
import { StorageError } from './storage-error.ts'
import type { LogAnswers, LogReport, LogRequest, LogRequestKind, LogThreadSettings } from './thread-messages.ts'

/** Requests that did not fit into the ring, at most; more of them is a mistake of the caller. */
const WAITING_REQUESTS_MAX = 1000

interface PendingAnswer {
  readonly resolve: (value: LogAnswers[LogRequestKind]) => void
  readonly reject: (error: StorageError) => void
}

/** What the link tells its owner, besides answers. */
export interface LogLinkEvents {
  persisted(sequence: number): void
  diskFull(isFull: boolean): void
  fatal(error: StorageError): void
  say(level: 'info' | 'warn' | 'error', message: string): void
}

/** The main thread's side of the log thread: starts it, puts commands into its ring, and matches answers to requests. */
export class LogLink {
  readonly ring: RingWriter
  readonly memory: SharedMemory
  readonly #worker: Worker
  readonly #events: LogLinkEvents
  readonly #pending = new Map<number, PendingAnswer>()
  readonly #waiting: { id: number; body: Uint8Array }[] = []
  readonly #opened: Promise<void>
  readonly #ended: Promise<void>
  #settleOpened: { resolve: () => void; reject: (error: StorageError) => void } | null = null
  #lastId = 0
  #isClosing = false
  #failure: StorageError | null = null

  constructor(
    workerUrl: URL,
    ringBytes: number,
    settings: Omit<LogThreadSettings, 'memory' | 'largeBodies'>,
    events: LogLinkEvents
  ) {
    this.#events = events
    this.memory = makeSharedMemory(ringBytes)
    const { port1, port2 } = new MessageChannel()
    this.ring = new RingWriter(this.memory, port1)
    port1.unref()
    this.#worker = startLogThread(workerUrl, { ...settings, memory: this.memory.buffer, largeBodies: port2 })
    this.#opened = new Promise((resolve, reject) => {
      this.#settleOpened = { resolve, reject }
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        port1.close()
        if (!this.#isClosing)
          this.#fail(new StorageError('CLOSED', 'the log thread ended by itself; nothing can be written'))
        resolve()
      })
    })
    this.#worker.on('message', (report: LogReport) => this.#take(report))
    this.#worker.on('error', (error) => {
      this.#fail(new StorageError('CLOSED', `the log thread died: ${error.message}`, { cause: error }))
    })
  }

  /** Resolves when the data directory is open; rejects with the reason why it is not. */
  opened(): Promise<void> {
    return this.#opened
  }

  /** Why nothing can be written any more, or null. */
  get failure(): StorageError | null {
    return this.#failure
  }

  /** Tells whether requests wait for room; batches must then wait behind them. */
  get hasWaitingRequests(): boolean {
    return this.#waiting.length > 0
  }

  request<K extends LogRequestKind>(request: Extract<LogRequest, { kind: K }>): Promise<LogAnswers[K]> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#isClosing) return Promise.reject(new StorageError('CLOSED', 'the storage is closed'))
    if (this.#waiting.length >= WAITING_REQUESTS_MAX) {
      return Promise.reject(new StorageError('BUSY', `${WAITING_REQUESTS_MAX} requests to the log are waiting`))
    }
    if (request.kind === 'close') this.#isClosing = true
    const id = ++this.#lastId
    const body = Buffer.from(JSON.stringify(request), 'utf8')
    const answer = new Promise<LogAnswers[K]>((resolve, reject) => {
      // The log thread answers a request of a kind with the value of that kind.
      this.#pending.set(id, { resolve: (value) => resolve(value as LogAnswers[K]), reject })
    })
    if (this.#waiting.length > 0 || !this.ring.putRequest(id, body)) this.#waiting.push({ id, body })
    return answer
  }

  /** Resolves when the thread has ended. */
  ended(): Promise<void> {
    return this.#ended
  }

  /** Ends the thread without waiting for anything that it has not written. */
  async abandon(): Promise<void> {
    this.#isClosing = true
    Atomics.store(this.memory.control, ControlWord.giveUp, 1)
    Atomics.notify(this.memory.control, ControlWord.giveUp)
    await this.#worker.terminate()
    this.#rejectAll(new StorageError('CLOSED', 'the storage was closed before this was done'))
  }

  #take(report: LogReport): void {
    if (typeof report === 'number') {
      this.#putWaiting()
      this.#events.persisted(report)
      return
    }
    switch (report.kind) {
      case 'opened':
        return this.#settleOpened?.resolve()
      case 'answer':
        this.#putWaiting()
        return this.#settle(report.id)?.resolve(report.value)
      case 'failed':
        this.#putWaiting()
        return this.#settle(report.id)?.reject(new StorageError(report.error.code, report.error.message))
      case 'diskFull':
        return this.#events.diskFull(report.isFull)
      case 'fatal':
        return this.#fail(new StorageError(report.error.code, report.error.message))
      case 'say':
        return this.#events.say(report.level, report.message)
      default:
        return unreachable(report)
    }
  }

  #settle(id: number): PendingAnswer | undefined {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    return pending
  }

  #putWaiting(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.ring.putRequest(first.id, first.body)) return
      this.#waiting.shift()
    }
  }

  /** The first failure decides; what comes after it follows from it. */
  #fail(error: StorageError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#settleOpened?.reject(error)
    this.#rejectAll(error)
    this.#events.fatal(error)
  }

  #rejectAll(error: StorageError): void {
    this.#waiting.length = 0
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}

function unreachable(report: never): never {
  throw new Error(`unknown report ${JSON.stringify(report)}`)
}
