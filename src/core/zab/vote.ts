/** States of a server as notifications give them. */
export const ServerState = {
  looking: 0,
  following: 1,
  leading: 2,
  observing: 3
} as const
export type ServerState = (typeof ServerState)[keyof typeof ServerState]

/** Who a server thinks should lead, or who leads. */
export interface Vote {
  /** Sid of the proposed or present leader; -2^63 in notifications of a non-voter that is looking. */
  readonly leader: number
  /** Last zxid in the leader's log, as voted; -2^63 as above. */
  readonly zxidHi: number
  readonly zxidLo: number
  /** The leader's currentEpoch; -2^63 as above. */
  readonly peerEpoch: number
  /** Round (logical clock) of the server whose vote it is. */
  readonly electionEpoch: number
}
