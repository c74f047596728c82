import { compareInt64 } from '../../../protocol/int64.ts'
import type { Zxid } from '../commit-log.ts'
import type { History } from './history.ts'
import type { SyncSettings } from './leading-settings.ts'

/** How a learner is brought up (quorum-protocol section 8). */
export type SyncDecision =
  /** What it has is ours: it gets what comes after. `zxid` = what the packet says. */
  | { readonly kind: 'diff'; readonly zxid: Zxid }
  /** It has to drop what comes after `zxid`, and gets what comes after that. */
  | { readonly kind: 'trunc'; readonly zxid: Zxid }
  | { readonly kind: 'snap' }
  /** It is behind what is in memory: the stored log tells. */
  | { readonly kind: 'log' }

const SNAP: SyncDecision = { kind: 'snap' }
const LOG: SyncDecision = { kind: 'log' }

/** The decision as far as it can be made from memory, for a learner whose log ends at `last`. */
export function decideFromMemory(last: Zxid, history: History, settings: SyncSettings): SyncDecision {
  if (settings.forceSnapshotSync) return SNAP
  if (compareInt64(last.hi, last.lo, history.lastProcessedHi, history.lastProcessedLo) === 0) {
    return { kind: 'diff', zxid: last }
  }
  const { commitLog } = history
  const minHi = commitLog.isEmpty ? history.lastProcessedHi : commitLog.minHi
  const minLo = commitLog.isEmpty ? history.lastProcessedLo : commitLog.minLo
  const maxHi = commitLog.isEmpty ? history.lastProcessedHi : commitLog.maxHi
  const maxLo = commitLog.isEmpty ? history.lastProcessedLo : commitLog.maxLo
  if (compareInt64(last.hi, last.lo, maxHi, maxLo) > 0) {
    // Nothing can be cut off from a snapshot, which is all that a learner with counter 0 may have of that epoch.
    return isEpochStart(last) ? SNAP : { kind: 'trunc', zxid: { hi: maxHi, lo: maxLo } }
  }
  if (compareInt64(last.hi, last.lo, minHi, minLo) >= 0) {
    return decideFromLog(last, commitLog.floor(last.hi, last.lo), commitLog.after(last.hi, last.lo), history)
  }
  if (settings.snapshotSizeFactor < 0) return SNAP
  // It has something that was never committed, or an epoch without transactions, after all that we have.
  return compareInt64(last.hi, last.lo, history.endHi, history.endLo) > 0 ? SNAP : LOG
}

/**
 * The decision from a log that goes back to the learner's last zxid.
 *
 * @param floor greatest zxid of the log that is not greater than the learner's; null: the log does not go back so far
 * @param next  the one after the learner's; null: there is none
 */
export function decideFromLog(last: Zxid, floor: Zxid | null, next: Zxid | null, history: History): SyncDecision {
  if (floor === null) return SNAP
  if (isHere(last, floor)) return { kind: 'diff', zxid: history.newest }
  // A cut must not cross the border of an epoch: upstream's learners cannot do it.
  if (next === null || next.hi !== last.hi) return SNAP
  return { kind: 'trunc', zxid: floor }
}

/** Whether the learner's log ends at a point of this history: at the transaction found, or at the start of an epoch. */
export function isHere(last: Zxid, floor: Zxid): boolean {
  return isEpochStart(last) || (last.hi === floor.hi && last.lo === floor.lo)
}

function isEpochStart(zxid: Zxid): boolean {
  return zxid.lo === 0
}
