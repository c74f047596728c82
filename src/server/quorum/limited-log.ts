import type { Logger } from '../logging/logger.ts'

const INTERVAL_MS = 60_000
const LINES_MAX = 5
const KEYS_MAX = 1000

interface Tally {
  sinceMs: number
  lines: number
  suppressed: number
}

/**
 * Warnings that somebody outside can cause as often as he likes: of each kind only a few a minute are written, and the
 * next one that is written says how many were not.
 */
export class LimitedLog {
  readonly #log: Logger
  readonly #nowMs: () => number
  readonly #tallies = new Map<string, Tally>()

  constructor(log: Logger, nowMs: () => number = () => performance.now()) {
    this.#log = log
    this.#nowMs = nowMs
  }

  /** @param kind what is counted together */
  warn(kind: string, message: string): void {
    const nowMs = this.#nowMs()
    const tally = this.#tallyOf(kind, nowMs)
    if (nowMs - tally.sinceMs >= INTERVAL_MS) {
      tally.sinceMs = nowMs
      tally.lines = 0
    }
    if (tally.lines >= LINES_MAX) {
      tally.suppressed++
      return
    }
    tally.lines++
    const { suppressed } = tally
    tally.suppressed = 0
    this.#log.warn(suppressed === 0 ? message : `${message} (and ${suppressed} more like it, not shown)`)
  }

  #tallyOf(kind: string, nowMs: number): Tally {
    const known = this.#tallies.get(kind)
    if (known !== undefined) return known
    if (this.#tallies.size >= KEYS_MAX) this.#tallies.clear()
    const tally = { sinceMs: nowMs, lines: 0, suppressed: 0 }
    this.#tallies.set(kind, tally)
    return tally
  }
}
