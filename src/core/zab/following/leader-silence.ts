/**
 * How long the leader may send nothing. Time does not count while the leader waits for this server's storage: it has
 * nothing to send then, or what it sends is not looked at.
 */
export class LeaderSilence {
  #limitMs: number
  #heardMs: number
  #isSuspended = false
  /** Counting begins at the next time that becomes known. */
  #isRestarting = false

  constructor(limitMs: number, nowMs: number) {
    this.#limitMs = limitMs
    this.#heardMs = nowMs
  }

  setLimit(limitMs: number): void {
    this.#limitMs = limitMs
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs
    this.#isRestarting = false
  }

  suspend(): void {
    this.#isSuspended = true
  }

  resume(): void {
    this.#isSuspended = false
    this.#isRestarting = true
  }

  postpone(deltaMs: number): void {
    this.#heardMs += deltaMs
  }

  /** When `isTooLong` is to be asked next. */
  get deadlineMs(): number {
    if (this.#isSuspended) return Number.POSITIVE_INFINITY
    if (this.#isRestarting) return this.#heardMs // passed: the time is wanted
    return this.#heardMs + this.#limitMs
  }

  isTooLong(nowMs: number): boolean {
    if (this.#isSuspended) return false
    if (this.#isRestarting) this.heard(nowMs)
    return nowMs - this.#heardMs >= this.#limitMs
  }
}
