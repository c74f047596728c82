/**
 * How long a learner has left a proposal without an ACK (upstream's SyncLimitCheck). Two proposals are remembered, the one
 * waited for and the newest: when the first is acknowledged, the newest takes its place. So its cost does not depend on
 * how many are outstanding, and a learner that makes progress is never given up.
 */
export class AckDeadline {
  #isStarted = false
  #waitedHi = 0
  #waitedLo = 0
  #waitedSinceMs = -1
  #newestHi = 0
  #newestLo = 0
  #newestSinceMs = -1

  /** The learner has acknowledged NEWLEADER: from now on it answers proposals. */
  start(): void {
    this.#isStarted = true
  }

  proposed(zxidHi: number, zxidLo: number, nowMs: number): void {
    if (!this.#isStarted) return
    if (this.#waitedSinceMs < 0) {
      this.#waitedHi = zxidHi
      this.#waitedLo = zxidLo
      this.#waitedSinceMs = nowMs
    } else {
      this.#newestHi = zxidHi
      this.#newestLo = zxidLo
      this.#newestSinceMs = nowMs
    }
  }

  acknowledged(zxidHi: number, zxidLo: number): void {
    if (zxidHi === this.#waitedHi && zxidLo === this.#waitedLo) {
      this.#waitedHi = this.#newestHi
      this.#waitedLo = this.#newestLo
      this.#waitedSinceMs = this.#newestSinceMs
      this.#forgetNewest()
    } else if (zxidHi === this.#newestHi && zxidLo === this.#newestLo) {
      this.#forgetNewest()
    }
  }

  /** Whether a proposal has been waiting for at least that long. */
  isOver(nowMs: number, limitMs: number): boolean {
    return this.#waitedSinceMs >= 0 && nowMs - this.#waitedSinceMs >= limitMs
  }

  postpone(deltaMs: number): void {
    if (this.#waitedSinceMs >= 0) this.#waitedSinceMs += deltaMs
    if (this.#newestSinceMs >= 0) this.#newestSinceMs += deltaMs
  }

  #forgetNewest(): void {
    this.#newestHi = 0
    this.#newestLo = 0
    this.#newestSinceMs = -1
  }
}
