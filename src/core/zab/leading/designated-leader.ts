import type { EnsembleConfig, EnsembleMember } from '../membership/ensemble-config.ts'
import { memberOf, quorumAddressesText } from '../membership/member-of.ts'
import type { AckSet } from './ack-set.ts'

/**
 * Who leads when a configuration comes into force: this server, if it votes in the new one at the same quorum addresses;
 * else the server that has acknowledged most of what was proposed from the reconfiguration on, the smallest sid of these.
 *
 * @param acks     of the reconfiguration (or of NEWLEADER, which may complete one)
 * @param later    those of the proposals outstanding after it, in order
 */
export function designatedLeader(
  sid: number,
  current: EnsembleConfig,
  next: EnsembleConfig,
  acks: AckSet,
  later: readonly AckSet[]
): number {
  if (keepsPlace(memberOf(current, sid), memberOf(next, sid))) return sid
  const voters = acks.newest?.voters
  let candidates = [...acks.sids].filter((each) => each !== sid && voters?.has(each) === true).sort((a, b) => a - b)
  let best = candidates[0]
  for (const { sids } of later) {
    candidates = candidates.filter((each) => sids.has(each))
    const first = candidates[0]
    if (first === undefined) break
    best = first
  }
  // Nobody else has it: it can only be this one, at its new address.
  return best ?? sid
}

function keepsPlace(current: EnsembleMember | undefined, next: EnsembleMember | undefined): boolean {
  if (next === undefined || next.role !== 'participant') return false
  return current === undefined || quorumAddressesText(current.addresses) === quorumAddressesText(next.addresses)
}
