import type { PercentileSummary, Summary } from '../instruments.ts'
import type { PacketsMeter } from '../zab/zab-meter.ts'

/** The first packet is timed, and each so many. compat: upstream's `markerPacketInterval`. */
const TIMED_PACKET_DISTANCE = 1000

/**
 * Counts how many packets wait for one learner as each is taken, and how long some of them waited. They are taken together: at the end of
 * the step, or when the network has taken what had become too much for it.
 */
export class QueuedPackets implements PacketsMeter {
  readonly #sizes: Summary
  readonly #times: PercentileSummary
  readonly #nowMs: () => number
  #count = 0
  #waiting = 0
  /** When packets that are timed were written. */
  readonly #timedSince: number[] = []
  #isStuck = false

  /** @param nowMs the clock of the step, monotonic */
  constructor(sizes: Summary, times: PercentileSummary, nowMs: () => number) {
    this.#sizes = sizes
    this.#times = times
    this.#nowMs = nowMs
  }

  sent(): void {
    if (this.#count++ % TIMED_PACKET_DISTANCE === 0) this.#timedSince.push(this.#nowMs())
    this.#waiting++
  }

  stuck(): void {
    this.#isStuck = true
  }

  drained(): void {
    this.#isStuck = false
    this.#taken(this.#nowMs())
  }

  /** The step has ended: what was written is with the network, unless that takes nothing. */
  settle(nowMs: number): void {
    if (!this.#isStuck) this.#taken(nowMs)
  }

  #taken(nowMs: number): void {
    this.#sizes.addCountdown(this.#waiting)
    this.#waiting = 0
    for (const sinceMs of this.#timedSince.splice(0)) this.#times.add(Math.max(0, Math.floor(nowMs - sinceMs)))
  }
}
