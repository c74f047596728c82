import type { LinkId } from '../peer-link.ts'

export interface FollowingSettings {
  readonly sid: number
  /** Observers do not vote, and do not acknowledge transactions. */
  readonly isObserver: boolean
  readonly tickTimeMs: number
  /** Ticks that the leader may be silent until its history has been taken over. */
  readonly initLimitTicks: number
  /** Ticks that the leader may be silent afterwards. */
  readonly syncLimitTicks: number
  /** Largest data of a packet that is accepted. */
  readonly dataBytesMax: number
  /** Whether configurations that the leader sends are taken. */
  readonly reconfigEnabled: boolean
}

/** Where a learner stands when it turns to a leader. Nothing is on its way to its log. */
export interface FollowingStart {
  readonly link: LinkId
  readonly leaderSid: number
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** End of the log. All of it has been applied to the tree. */
  readonly lastLoggedHi: number
  readonly lastLoggedLo: number
  /** Version of the configuration in force. */
  readonly configVersion: bigint
  /** Its log cannot be cut to what a leader wanted of it: only a snapshot brings it up. */
  readonly needsSnapshot?: boolean
  readonly nowMs: number
}
