/** Part of a commit's usual time that the next one may be put off. */
const DELAY_SHARE = 0.4
/** However slow the disk is, ms. */
const DELAY_MS_MAX = 5
/** Commits that usually take less than this are not worth a delay, ms: answering takes as long as they do. */
const COMMIT_MS_MIN = 0.5
/** What a commit's usual time keeps of itself when a new one is known. */
const OLD_WEIGHT = 0.75
/** Commits that go without a delay after delays that brought nothing: twice as many each time. */
const SKIPPED_MAX = 64
/** By how much more a delay must bring. */
const GAIN_MIN = 1.3

/**
 * When the next group commit begins: at once, or a little later because most of those whose writes have just become
 * durable are about to write again.
 *
 * Clients that wait for an answer before they write again fall into two groups that take turns: while the writes of one
 * are synced, the other one's gather, and each write waits for two syncs. If the next sync waits until the first group is
 * back, there is one group, and half the syncs. That pays as long as they are back soon, compared with the time that a
 * sync takes; so it is tried, and kept up where it works. One client alone never waits.
 *
 * Times are milliseconds of one monotonic clock.
 */
export class CommitPacing {
  #commitMs = 0
  #endMs = Number.NEGATIVE_INFINITY
  #lastTxns = 0
  /** Transactions that were there when the last commit ended. */
  #leftTxns = 0
  /** Of those to come without a delay. */
  #skipped = 0
  #penalty = 1
  #isDelayed = false
  /** What there was for the next commit when it was put off, and when that was. */
  #firstTxns = 0
  #firstMs = 0

  /**
   * A commit has ended.
   *
   * @param txns       its transactions
   * @param queued     transactions that are there already for the next one
   * @param nowMs      when it ended
   * @param durationMs how long it took
   */
  committed(txns: number, queued: number, nowMs: number, durationMs: number): void {
    this.#commitMs = this.#commitMs === 0 ? durationMs : OLD_WEIGHT * this.#commitMs + (1 - OLD_WEIGHT) * durationMs
    this.#endMs = nowMs
    this.#lastTxns = txns
    this.#leftTxns = queued
    this.#isDelayed = false
  }

  /**
   * How long the next commit is still to be put off; 0 = it begins now. To be asked again when more has come.
   *
   * @param queued transactions that are there for it, at least one
   */
  delayMs(queued: number, nowMs: number): number {
    const isComplete = queued >= this.#lastTxns + this.#leftTxns
    if (!this.#isDelayed) {
      if (isComplete || !this.#mayDelay()) return 0
      this.#firstTxns = queued
      this.#firstMs = nowMs
    }
    const delayMs = isComplete ? 0 : this.#endMs + Math.min(DELAY_MS_MAX, DELAY_SHARE * this.#commitMs) - nowMs
    if (delayMs > 0) {
      this.#isDelayed = true
      return delayMs
    }
    if (this.#isDelayed) this.#judge(queued, nowMs - this.#firstMs)
    return 0
  }

  #mayDelay(): boolean {
    if (this.#commitMs < COMMIT_MS_MIN) return false
    if (this.#skipped === 0) return true
    this.#skipped--
    return false
  }

  /** A delay was worth it when the log does more in its time and that of the commit than it would have done at once. */
  #judge(queued: number, delayedMs: number): void {
    this.#isDelayed = false
    const atOnce = this.#firstTxns / this.#commitMs
    const delayed = queued / (this.#commitMs + delayedMs)
    if (delayed > GAIN_MIN * atOnce) {
      this.#penalty = Math.max(1, this.#penalty / 2)
      return
    }
    this.#skipped = this.#penalty
    this.#penalty = Math.min(SKIPPED_MAX, this.#penalty * 2)
  }
}
