import { compareInt64 } from '../../../protocol/int64.ts'
import { ServerState, type Vote } from '../vote.ts'

/**
 * Whether `a` proposes a better leader than `b`: a later epoch, then a longer log, then a greater id. The weight of the
 * leader has to be looked at besides.
 */
export function isBetterVote(a: Vote, b: Vote): boolean {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch
  const byZxid = compareInt64(a.zxidHi, a.zxidLo, b.zxidHi, b.zxidLo)
  return byZxid !== 0 ? byZxid > 0 : a.leader > b.leader
}

/** Whether neither of the proposed leaders has more than the other. */
export function isSameHistory(a: Vote, b: Vote): boolean {
  return a.peerEpoch === b.peerEpoch && a.zxidHi === b.zxidHi && a.zxidLo === b.zxidLo
}

/** A vote as it was received. */
export interface RecordedVote {
  readonly vote: Vote
  /** Of the sender. */
  readonly state: ServerState
  /** Of the notification; 0 where it does not matter. */
  readonly version: number
}

/**
 * Whether two servers want the same leader. While one of them is still looking, everything must be equal; two that have
 * settled may have learnt of their leader in different rounds, with different zxids.
 *
 * compat: between a vote with a version and one without, the leader alone counts: old servers do not raise the peerEpoch.
 */
export function isAgreement(a: RecordedVote, b: RecordedVote): boolean {
  if (a.vote.leader !== b.vote.leader) return false
  if (a.state === ServerState.looking || b.state === ServerState.looking) return isEqualVote(a.vote, b.vote)
  return a.version > 0 !== b.version > 0 || a.vote.peerEpoch === b.vote.peerEpoch
}

function isEqualVote(a: Vote, b: Vote): boolean {
  return (
    a.leader === b.leader &&
    a.zxidHi === b.zxidHi &&
    a.zxidLo === b.zxidLo &&
    a.electionEpoch === b.electionEpoch &&
    a.peerEpoch === b.peerEpoch
  )
}
