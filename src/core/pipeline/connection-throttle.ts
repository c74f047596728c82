import type { ConnectionThrottleSettings } from './core-settings.ts'

/** A token bucket for handshakes (`connectionMaxTokens` and its kin; off by default). */
export class ConnectionThrottle {
  readonly #settings: ConnectionThrottleSettings
  #tokens: number
  #lastFillMs: number

  constructor(settings: ConnectionThrottleSettings, nowMs: number) {
    this.#settings = settings
    this.#tokens = settings.tokensMax
    this.#lastFillMs = nowMs
  }

  /** Tokens that are missing from a full bucket; 0 where there is none. */
  get deficit(): number {
    return this.#settings.tokensMax <= 0 ? 0 : this.#settings.tokensMax - this.#tokens
  }

  /** Takes the tokens that a handshake costs, or none and returns false: the connection is to be closed. */
  admits(kind: 'new' | 'renew', nowMs: number): boolean {
    const { tokensMax, weightEnabled, globalSessionWeight, renewSessionWeight } = this.#settings
    if (tokensMax <= 0) return true
    this.#fill(nowMs)
    const cost = weightEnabled ? (kind === 'new' ? globalSessionWeight : renewSessionWeight) : 1
    if (this.#tokens < cost) return false
    this.#tokens -= cost
    return true
  }

  #fill(nowMs: number): void {
    const { tokensMax, fillTimeMs, fillCount } = this.#settings
    const periods = Math.floor((nowMs - this.#lastFillMs) / Math.max(1, fillTimeMs))
    if (periods <= 0) return
    this.#tokens = Math.min(tokensMax, this.#tokens + periods * fillCount)
    this.#lastFillMs += periods * Math.max(1, fillTimeMs)
  }
}
