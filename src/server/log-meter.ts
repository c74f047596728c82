import { Fifo } from '../collections/fifo.ts'
import type { Counter } from '../core/instruments.ts'
import type { Metrics } from '../core/metrics.ts'
import type { StorageStats } from '../storage/storage.ts'

interface HandedBatch {
  readonly sequence: number
  readonly txnCount: number
  readonly handedMs: number
}

/** Commits of the log that an operator should know of. */
export interface SlowCommits {
  readonly thresholdMs: number
  readonly count: Counter
}

const NANOS_PER_MS = 1e6

/**
 * Measures the log: how long transactions wait for it, and its commits. Times are whole milliseconds whose fractions are
 * carried over, so that sums and averages are right.
 */
export class LogMeter {
  readonly #metrics: Metrics
  readonly #isSynced: boolean
  readonly #slow: SlowCommits | null
  readonly #batches = new Fifo<HandedBatch>()
  #waitingTxnCount = 0
  #commitsSeen = 0
  #txnsSeen = 0
  /** Of commits, in whole ms. */
  #msSeen = 0

  /**
   * @param isSynced whether commits are synced to the disk (`forceSync`)
   * @param slow     counts commits that took so long; without it nothing does
   */
  constructor(metrics: Metrics, isSynced: boolean, slow: SlowCommits | null = null) {
    this.#metrics = metrics
    this.#isSynced = isSynced
    this.#slow = slow
  }

  /**
   * A batch has been handed over.
   *
   * @param startMs monotonic clock before it was, and
   * @param endMs   after
   */
  handed(sequence: number, txnCount: number, startMs: number, endMs: number): void {
    this.#metrics.syncProcessTime.addShared(Math.floor(endMs) - Math.floor(startMs), txnCount)
    this.#metrics.syncProcessorQueueSize.addMany(this.#waitingTxnCount, txnCount)
    this.#waitingTxnCount += txnCount
    this.#batches.push({ sequence, txnCount, handedMs: Math.floor(startMs) })
  }

  /** When the oldest batch that is not durable yet was handed over, by the monotonic clock; null if there is none. */
  get oldestHandedMs(): number | null {
    return this.#batches.peek()?.handedMs ?? null
  }

  /** All batches up to `sequence` are durable. */
  persisted(sequence: number, monotonicMs: number, stats: StorageStats): void {
    const flushMs = this.#countCommits(stats)
    const nowMs = Math.floor(monotonicMs)
    const { syncProcessorQueueAndFlushTimeMs, syncProcessorQueueTimeMs } = this.#metrics
    for (let head = this.#batches.peek(); head !== undefined; head = this.#batches.peek()) {
      if (head.sequence > sequence) return
      this.#batches.shift()
      this.#waitingTxnCount -= head.txnCount
      const elapsedMs = nowMs - head.handedMs
      syncProcessorQueueAndFlushTimeMs.addMany(elapsedMs, head.txnCount)
      syncProcessorQueueTimeMs.addMany(Math.max(0, elapsedMs - flushMs), head.txnCount)
    }
  }

  /** Counts the commits since the last time. Returns how long they took, together. */
  #countCommits({ commits, txns, commitNanos, lastCommitMs }: StorageStats): number {
    const count = commits - this.#commitsSeen
    const ms = Math.floor(commitNanos / NANOS_PER_MS) - this.#msSeen
    this.#metrics.syncProcessorBatchSize.addShared(txns - this.#txnsSeen, count)
    this.#metrics.syncProcessorQueueFlushTimeMs.addShared(ms, count)
    if (this.#isSynced) this.#metrics.fsyncTime.addShared(ms, count)
    if (count > 0 && this.#slow !== null && lastCommitMs >= this.#slow.thresholdMs) this.#slow.count.add(1)
    this.#commitsSeen = commits
    this.#txnsSeen = txns
    this.#msSeen += ms
    return ms
  }
}
