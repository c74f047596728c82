import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import type { Oracle } from '../quorum/oracle.ts'

/** What a leader is told once, from the configuration file. */
export interface LeadingSettings {
  readonly sid: number
  readonly tickTimeMs: number
  /** Ticks that discovery and synchronisation may take. */
  readonly initLimitTicks: number
  /** Ticks of silence, and ticks without an ACK, after which a learner is given up. */
  readonly syncLimitTicks: number
  /** Learners that are sent a snapshot at a time; only observers are refused. `zookeeper.leader.maxConcurrentSnapSyncs`. */
  readonly maxConcurrentSnapSyncs: number
  /** The same for those brought up from the log. `zookeeper.leader.maxConcurrentDiffSyncs`. */
  readonly maxConcurrentDiffSyncs: number
  /** Every learner gets a snapshot. `zookeeper.forceSnapshotSync`. */
  readonly forceSnapshotSync: boolean
  /**
   * Negative: the stored log is not used to bring learners up. `zookeeper.snapshotSizeFactor`. How large a part of the log is
   * worth it is decided by the host, which answers `findInLog` with null when it is too much.
   */
  readonly snapshotSizeFactor: number
  readonly reconfigEnabled: boolean
  /**
   * While it waits for the epoch longer than this, a leader gives up as soon as one of its voters looks again; -1: it waits
   * for initLimit. `zookeeper.leader.maxTimeToWaitForEpoch`.
   */
  readonly maxTimeToWaitForEpochMs: number
  /** Largest data of a packet that is accepted. */
  readonly dataBytesMax: number
  /** Says whether one of two voters may go on without the other; not given: it may not. */
  readonly oracle?: Oracle
}

/** Of these, what decides how learners are brought up. */
export type SyncSettings = Pick<
  LeadingSettings,
  'maxConcurrentSnapSyncs' | 'maxConcurrentDiffSyncs' | 'forceSnapshotSync' | 'snapshotSizeFactor'
>

/** Where a server stands when it has been elected. */
export interface LeadingStart {
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** Last zxid of its log; the whole log is the committed history now, and applied to the tree. */
  readonly lastLoggedHi: number
  readonly lastLoggedLo: number
  /** The configuration in force. */
  readonly config: EnsembleConfig
  /** One that was proposed and may not be in force; null if none. */
  readonly lastSeen: EnsembleConfig | null
  readonly nowMs: number
  /** It was elected by the oracle's word: it need not wait for the other voter. */
  readonly isByOracle?: boolean
}

/** Links of learners at a time; further ones are closed at once. */
export const LEARNER_COUNT_MAX = 1024

/** Bytes of a snapshot or of the log that are written to a learner before the next ones wait for these to be sent. */
export const SYNC_SLICE_BYTES = 1 << 20

/** Bytes written to a learner after which the leader asks to be told when they have been sent. */
export const DRAIN_MARK_BYTES = 256 << 10

/**
 * Bytes written to a learner and not known to be sent: beyond them it is closed. It comes back, and is brought up from the
 * log at its own pace. This has room for what one step of a busy leader writes.
 */
export const UNSENT_BYTES_MAX = 128 << 20
