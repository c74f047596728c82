/**
 * Tells which sets of servers are a quorum (quorum-protocol section 5). Two quorums of one verifier always have a server
 * in common.
 */
export interface QuorumVerifier {
  /** Sids of those who vote. */
  readonly voters: ReadonlySet<number>
  /** Whether the voters among `sids` are a quorum. Others are ignored. */
  isQuorum(sids: ReadonlySet<number>): boolean
  /** Whether the same set of servers always gets the same answer. */
  readonly isSteady: boolean
  /** 1 with majorities; a leader of weight 0 is never elected. */
  weight(sid: number): number
}
