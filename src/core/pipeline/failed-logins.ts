import type { PeerState } from './peer-state.ts'

/** Distance of two lines about failed logins, ms: who tries passwords must not fill the log. */
const LINE_DISTANCE_MS = 1000

/** Tells the log of logins that failed: from where and why, and how many it has kept to itself since the line before. */
export class FailedLogins {
  readonly #state: PeerState
  #nextLineMs = 0
  #untoldCount = 0

  constructor(state: PeerState) {
    this.#state = state
  }

  note(address: string, reason: string): void {
    const { nowMs, out } = this.#state
    if (nowMs < this.#nextLineMs) {
      this.#untoldCount++
      return
    }
    const others = this.#untoldCount === 0 ? '' : `; ${this.#untoldCount} more before it`
    out.log('warn', `client ${address} failed to authenticate by SASL: ${reason}${others}`)
    this.#nextLineMs = nowMs + LINE_DISTANCE_MS
    this.#untoldCount = 0
  }
}
