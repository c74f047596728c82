/** Lets through so many a second on average, and as many at once after a second's rest. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #tokensMax: number
  #tokens: number
  #lastMs: number

  /** @param perSecond above 0 */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#tokensMax = Math.max(1, perSecond)
    this.#tokens = this.#tokensMax
    this.#lastMs = nowMs
  }

  has(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#tokens >= 1
  }

  /** To be called after `has`. */
  take(): void {
    this.#tokens -= 1
  }

  /** Monotonic ms at which there is one, as far as nobody takes it before. */
  nextMs(nowMs: number): number {
    this.#fill(nowMs)
    // A step at the very ms could come a rounding too early.
    return this.#tokens >= 1 ? nowMs : nowMs + Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond) + 1
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#lastMs
    if (elapsedMs <= 0) return
    this.#tokens = Math.min(this.#tokensMax, this.#tokens + (elapsedMs * this.#perSecond) / 1000)
    this.#lastMs = nowMs
  }
}
