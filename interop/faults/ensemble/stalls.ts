import type { FaultDone } from './faults.ts'

/** A time without an answered write. */
export interface Stall {
  readonly lastsMs: number
  /** By the clock of the history. */
  readonly beganUs: number
  /** The last fault that had begun before its end, for people. */
  readonly after: string
}

/**
 * The longest time between two answered writes, not counting what went by until the end of a fault that left no quorum. Hierarchical groups
 * are not asked for: such faults are judged by the number of voters.
 *
 * @param answeredUs when writes were answered, in order; what came after the last one does not count
 */
export function longestStall(answeredUs: readonly number[], faults: readonly FaultDone[]): Stall {
  let longest: Stall = { lastsMs: 0, beganUs: 0, after: 'the beginning' }
  for (let index = 1; index < answeredUs.length; index++) {
    const endUs = answeredUs[index] ?? 0
    const before = faults.filter(({ beganUs }) => beganUs < endUs)
    const lifted = before.filter(({ leavesQuorum }) => !leavesQuorum).map(({ endedUs }) => endedUs)
    const beginUs = Math.max(answeredUs[index - 1] ?? 0, ...lifted)
    const lastsMs = Math.round((endUs - beginUs) / 1000)
    if (lastsMs <= longest.lastsMs) continue
    const last = before.at(-1)
    longest = { lastsMs, beganUs: beginUs, after: last === undefined ? 'the beginning' : `${last.what}: ${last.who}` }
  }
  return longest
}
