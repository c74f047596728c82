/** First delay before the servers are tried all over again, in milliseconds; it doubles with each round. */
const BACKOFF_MS_MIN = 50
/** Doublings after which no limit is reached any more. */
const DOUBLINGS_MAX = 20

/**
 * How long a client waits between its attempts to connect. The delays are random, so that the clients of a server that died
 * do not fall upon the others all at once.
 */
export class ReconnectPolicy {
  readonly #serverCount: number
  readonly #delayMsMax: number
  readonly #random: () => number
  /** Attempts that have failed since one did not. */
  #failedCount = 0

  constructor(serverCount: number, delayMsMax: number, random: () => number) {
    this.#serverCount = serverCount
    this.#delayMsMax = delayMsMax
    this.#random = random
  }

  succeeded(): void {
    this.#failedCount = 0
  }

  failed(): void {
    this.#failedCount++
  }

  /** Whether the last attempt was one that failed, and every server has failed as often. */
  get isRoundOver(): boolean {
    return this.#failedCount > 0 && this.#failedCount % this.#serverCount === 0
  }

  /** In milliseconds, before the next attempt. Within a round there is none: the next server of the list may be well. */
  delayMs(): number {
    if (this.#failedCount === 0) return this.#random() * this.#delayMsMax
    if (!this.isRoundOver) return 0
    const doublings = Math.min(this.#failedCount / this.#serverCount - 1, DOUBLINGS_MAX)
    return this.#random() * Math.min(this.#delayMsMax, BACKOFF_MS_MIN * 2 ** doublings)
  }
}
