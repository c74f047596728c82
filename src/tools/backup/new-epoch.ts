import { highWord, lowWord } from '../../protocol/int64.ts'
import { lastZxidOf, type State } from '../migrate/state.ts'

/**
 * Epochs between the newest that is known of and the one that a restored or recovered history begins with: members may have
 * elected each other some times since, and what they have must be older to an election than this.
 */
export const EPOCHS_SKIPPED = 1000

/**
 * Has a state begin an epoch far above its own, so that an election prefers it to whatever other members have, and no zxid
 * is given out twice.
 *
 * @param knownEpoch another one that is known of; 0 for none
 */
export function moveToNewEpoch(state: State, knownEpoch: number): void {
  const own = Number(BigInt.asUintN(64, lastZxidOf(state)) >> 32n)
  const zxid = BigInt.asIntN(64, BigInt(Math.max(own, knownEpoch) + EPOCHS_SKIPPED) << 32n)
  state.tree.setLastZxid(highWord(zxid), lowWord(zxid))
}
