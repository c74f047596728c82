import type { Logger } from './logging/logger.ts'

/** A jump of the wall clock that is worth a line, ms. Slewing, as NTP does it in normal operation, stays below. */
const JUMP_MS = 1000

/**
 * Notices that the machine's wall clock was set. Sessions and limits go by another clock, so none of them ends by that; but
 * the times of new nodes jump, TTL nodes live longer or shorter, and latencies between servers are wrong for a while.
 */
export class ClockWatch {
  readonly #log: Logger
  /** Wall clock minus monotonic clock. */
  #offsetMs: number | null = null

  constructor(log: Logger) {
    this.#log = log
  }

  /** Both clocks as they are now; to be told often. */
  see(monotonicMs: number, wallMs: number): void {
    const offsetMs = wallMs - monotonicMs
    const jumpMs = this.#offsetMs === null ? 0 : offsetMs - this.#offsetMs
    // Every small step counts from the last one: drift and slewing are no jumps.
    this.#offsetMs = offsetMs
    if (Math.abs(jumpMs) < JUMP_MS) return
    const direction = jumpMs > 0 ? 'forward' : 'back'
    this.#log.warn(
      `the clock of this machine was set ${direction} by ${Math.round(Math.abs(jumpMs))} ms: sessions go on, but times of ` +
        'znodes and the lives of TTL nodes follow it'
    )
  }
}
