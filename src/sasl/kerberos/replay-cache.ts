/** Requests that are remembered for as long as a recorded one could still be taken for a new one. */
export class ReplayCache {
  readonly #forMs: number
  readonly #countMax: number
  /** When each was noted, the oldest first. */
  readonly #notedMs = new Map<string, number>()

  /**
   * @param forMs    how long each is remembered
   * @param countMax when so many are remembered, no other one is new
   */
  constructor(forMs: number, countMax: number) {
    this.#forMs = forMs
    this.#countMax = countMax
  }

  /** Notes a request; false if it has been noted before, or cannot be. */
  isNew(fingerprint: Uint8Array, nowMs: number): boolean {
    for (const [old, notedMs] of this.#notedMs) {
      if (nowMs - notedMs <= this.#forMs) break
      this.#notedMs.delete(old)
    }
    const key = Buffer.from(fingerprint).toString('base64')
    if (this.#notedMs.has(key) || this.#notedMs.size >= this.#countMax) return false
    this.#notedMs.set(key, nowMs)
    return true
  }
}
