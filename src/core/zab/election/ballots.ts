import { ServerState } from '../vote.ts'
import { isAgreement, type RecordedVote } from './vote-order.ts'

/** Newest vote of each server, by sid. */
export type Ballots = Map<number, RecordedVote>

/** Sids of those who want what `wanted` wants. */
export function supportersOf(ballots: Ballots, wanted: RecordedVote): Set<number> {
  const supporters = new Set<number>()
  for (const [sid, ballot] of ballots) {
    if (isAgreement(wanted, ballot)) supporters.add(sid)
  }
  return supporters
}

/**
 * Whether the leader that others follow is one: it must say so itself, or else two servers that both lost it could send
 * each other after it for ever. This server, being asked to lead by a vote, must be in the round of that vote.
 */
export function isLeaderConfirmed(ballots: Ballots, leader: number, self: number, isSameRound: boolean): boolean {
  return leader === self ? isSameRound : ballots.get(leader)?.state === ServerState.leading
}
