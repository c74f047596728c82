/** Lets one call through in each interval; the interval begins with the first call after the last one is over, as upstream. */
export class RateLimit {
  readonly #intervalMs: number
  readonly #nowMs: () => number
  #resetMs: number
  #isFree = true

  /** @param nowMs a monotonic clock */
  constructor(intervalMs: number, nowMs: () => number) {
    this.#intervalMs = intervalMs
    this.#nowMs = nowMs
    this.#resetMs = nowMs()
  }

  /** Whether this call is let through. */
  isAllowed(): boolean {
    const nowMs = this.#nowMs()
    if (nowMs > this.#resetMs + this.#intervalMs) {
      this.#isFree = true
      this.#resetMs = nowMs
    }
    const isAllowed = this.#isFree
    this.#isFree = false
    return isAllowed
  }
}
