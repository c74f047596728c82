import type { Oracle } from '../zab/quorum/oracle.ts'

/** Where the followers of an ensemble listen for observers. */
export interface ObserverMasterPort {
  readonly port: number
  /** Bytes that an observer may lag behind before it is closed. */
  readonly sizeLimitBytes: number
}

/** What a member of an ensemble is told by the configuration. Times in ms or in ticks, sizes in bytes. */
export interface EnsembleSettings {
  /** Its own id in the ensemble (`myid`). */
  readonly sid: number
  readonly tickTimeMs: number
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
  readonly minNotificationIntervalMs: number
  readonly maxNotificationIntervalMs: number
  readonly maxConcurrentSnapSyncs: number
  readonly maxConcurrentDiffSyncs: number
  readonly forceSnapshotSync: boolean
  /** Share of the newest snapshot's size up to which a learner is brought up from the stored log; negative = never. */
  readonly snapshotSizeFactor: number
  readonly reconfigEnabled: boolean
  /** Reconfigurations keep at least two voters, since one alone would be a standalone server. */
  readonly standaloneEnabled: boolean
  /** Reconfigurations may give a member several addresses. */
  readonly multiAddressEnabled: boolean
  /** -1: initLimit. */
  readonly maxTimeToWaitForEpochMs: number
  /** Largest data of a packet. */
  readonly dataBytesMax: number
  /** Without a leader, reads are served after a while (`readonlymode.enabled`). */
  readonly readOnlyModeEnabled: boolean
  /** An observer that lost its leader waits up to so long, at random, before it looks for one; 0 if not given. */
  readonly observerElectionDelayMs?: number
  /**
   * An observer waits up to so long, at random, before it connects to its leader, or when it has tried all followers that may
   * serve it; 0 if not given (`observer.reconnectDelayMs`).
   */
  readonly observerReconnectDelayMs?: number
  /** Followers serve observers, which learn from them (`observerMasterPort`); not given: the leader does. */
  readonly observerMaster?: ObserverMasterPort
  /**
   * Counter after which an epoch's zxids begin under this server, to come to their end (`testingonly.initialZxid`); 0 if not
   * given.
   */
  readonly initialCounter?: number
  /** How many packets of each link and direction are kept, and told when it ends; none if not given (`messageTracker.*`). */
  readonly messageTrackerSize?: number
  /** A leader serves clients. */
  readonly leaderServes: boolean
  /** Says whether one of two voters may go on without the other (`oraclePath`); not given: it may not. */
  readonly oracle?: Oracle
}
