import type { PersistBatch } from '../core/outbox.ts'
import type { Storage } from '../storage/storage.ts'
import { monotonicNowMs } from './event-loop.ts'
import type { LogMeter } from './log-meter.ts'

/** What of the storage it uses. */
export type FeedStorage = Pick<Storage, 'append' | 'stats'>

interface HeldBatch extends PersistBatch {
  readonly sequence: number
}

/**
 * Hands batches to the log, and keeps those that it has no room for just now, in order. The core lets only a few
 * batches be under way, so few are ever held.
 */
export class LogFeed {
  readonly #storage: FeedStorage
  readonly #meter: LogMeter
  #held: HeldBatch[] = []
  #waiting: (() => void)[] = []

  constructor(storage: FeedStorage, meter: LogMeter) {
    this.#storage = storage
    this.#meter = meter
  }

  append(sequence: number, batch: PersistBatch): void {
    const startMs = monotonicNowMs()
    const isTaken = this.#held.length === 0 && this.#storage.append(sequence, batch)
    if (!isTaken) this.#held.push({ ...batch, sequence, body: new Uint8Array(batch.body) })
    this.#meter.handed(sequence, batch.txnCount, startMs, monotonicNowMs())
  }

  /** All batches up to `sequence` are durable. */
  persisted(sequence: number): void {
    this.#meter.persisted(sequence, monotonicNowMs(), this.#storage.stats)
    this.retry()
  }

  /** Resolves when nothing is held: what is asked of the storage then comes behind all that was appended before. */
  whenHanded(): Promise<void> {
    if (this.#held.length === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Tries again what was held: the log may have room. */
  retry(): void {
    while (this.#held.length > 0) {
      const [head] = this.#held
      if (head === undefined || !this.#storage.append(head.sequence, head)) return
      this.#held.shift()
    }
    if (this.#waiting.length === 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
