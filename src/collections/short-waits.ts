export interface ShortWaitsLimits {
  /** How long to look for the next input before the thread goes to sleep, ms. */
  readonly watchMs: number
  /** Waits that are longer on the average, with the time to fall asleep and wake up in them, are not worth a try, ms. */
  readonly shortMs: number
}

/** A longer wait counts as this: one pause is no reason not to watch for long. */
const LONGEST_COUNTED_MS = 0.8
/** Turns with more inputs than this have others to come anyway, and gain by taking more of them at once. */
const FEW_INPUTS = 2
const WEIGHT = 1 / 8
/** After watching in vain too often this many turns pass before it is tried again. */
const TURNS_OFF = 500

/**
 * Decides after each turn of a thread whether to watch for the next input instead of sleeping.
 *
 * perf: to put a thread to sleep and wake it takes longer than to serve a read. One client that waits for each answer gets
 * twice as many from a server that is awake, at the same CPU time an answer. Nothing is watched for where the next
 * input is not expected within the time: not while a disk is waited for, nor between requests now and then.
 */
export class ShortWaits {
  /** Moving average of the waits between turns, ms. */
  #averageMs = LONGEST_COUNTED_MS
  /** Moving average of how many watches were not in vain, 0 to 1. */
  #successes = 1
  #turnsOff = 0
  #lastEndMs = Number.NEGATIVE_INFINITY
  #watchUntilMs = Number.NEGATIVE_INFINITY
  readonly #limits: ShortWaitsLimits

  constructor(limits: ShortWaitsLimits) {
    this.#limits = limits
  }

  /** A turn begins, at this time of a monotonic clock, ms. */
  turnBegins(nowMs: number): void {
    const waitedMs = Math.min(nowMs - this.#lastEndMs, LONGEST_COUNTED_MS)
    this.#averageMs += (waitedMs - this.#averageMs) * WEIGHT
    if (this.#watchUntilMs <= this.#lastEndMs) return
    this.#successes += ((nowMs < this.#watchUntilMs ? 1 : 0) - this.#successes) * WEIGHT
    if (this.#successes >= 1 / 2) return
    this.#successes = 1
    this.#turnsOff = TURNS_OFF
  }

  /**
   * A turn has ended that had so many inputs.
   *
   * @returns until when to watch for input; a time that is not after `nowMs` if not at all
   */
  turnEnded(nowMs: number, inputCount: number): number {
    this.#lastEndMs = nowMs
    if (this.#turnsOff > 0) this.#turnsOff--
    const isWorth = this.#turnsOff === 0 && inputCount <= FEW_INPUTS && this.#averageMs < this.#limits.shortMs
    this.#watchUntilMs = isWorth ? nowMs + this.#limits.watchMs : nowMs
    return this.#watchUntilMs
  }
}
