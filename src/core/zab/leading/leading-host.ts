import type { Id } from '../../../protocol/generated/data.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import type { MessageTracker } from '../message-tracker.ts'
import type { LinkId, LinkOutput } from '../peer-link.ts'
import type { LeadingMeter } from '../zab-meter.ts'

/** A snapshot stream for one learner, exact at one zxid (tree cursors are such). */
export interface SnapshotSource {
  readonly zxidHi: number
  readonly zxidLo: number
  /** Appends the next slice, at least `bytesMax` bytes unless it ends. Returns whether there is more. */
  next(writer: LinkWriter, bytesMax: number): boolean
  close(): void
}
type LinkWriter = ReturnType<LinkOutput['linkWriter']>

/** Transactions as the log has them: each as int32 length and its bytes, in zxid order. */
export interface LogSlice {
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  readonly body: Uint8Array
}

/** What is needed to bring learners up, of any server that does so. */
export interface LearnerSource extends LinkOutput {
  readonly meter?: LeadingMeter
  /** For a link; null, or not given, where packets are not tracked. */
  newMessageTracker?(): MessageTracker | null
  /** The tree as it is now, as a stream; null when too many snapshots are under way (the learner waits and asks again). */
  openSnapshot(): SnapshotSource | null
  /**
   * Greatest zxid in the stored log that is not greater than the given one; `logFound` answers with it, or with null where
   * the log does not go back so far.
   */
  findInLog(request: number, zxidHi: number, zxidLo: number): void
  /** The stored transactions after a zxid; `logRead` answers with a slice, or null at the end or on failure. */
  readLog(request: number, afterHi: number, afterLo: number, bytesMax: number): void
  log(level: 'error' | 'info' | 'warn' | 'debug', message: string): void
}

/**
 * What a leader's Zab asks of the server around it. Calls are made within calls of `Leading`, in the order that matters:
 * what is written to links before a call of the host comes before anything that the host writes.
 */
export interface LeadingHost extends LearnerSource {
  /** Makes the epoch durable; `Leading.epochStored` follows. */
  setAcceptedEpoch(epoch: number): void
  setCurrentEpoch(epoch: number): void
  /**
   * A quorum has acknowledged NEWLEADER: this server leads. The host moves its last processed zxid to epoch << 32 and
   * begins to serve; it may call `proposed` from now on. UPTODATE goes out after this call.
   */
  established(epoch: number): void
  /** A proposal is committed: the host applies it, it is the oldest outstanding one. COMMIT has been written to links. */
  committed(zxidHi: number, zxidLo: number): void
  /**
   * A request that a learner forwarded. `body` is valid during the call only.
   *
   * @param owner link by which requests of the session come from now on, if the session check lets them
   */
  request(
    link: LinkId,
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array,
    identities: readonly Id[]
  ): void
  /** A client reattached to a learner. Returns whether the session lives; if so, its requests come by this link now. */
  revalidate(link: LinkId, sessionHi: number, sessionLo: number, timeoutMs: number): boolean
  /** The session was active at a learner. */
  touch(sessionHi: number, sessionLo: number, timeoutMs: number): void
  /** The learner is gone; what it forwarded stays valid, but nothing can be sent to it. */
  learnerGone(link: LinkId): void
  /** Last zxid applied to the tree. */
  readonly lastProcessedHi: number
  readonly lastProcessedLo: number
  /** This configuration has been proposed: written as the next one before its proposal is acknowledged. */
  configurationSeen(config: EnsembleConfig): void
  /**
   * A reconfiguration is committed: it is in force now.
   * @param designatedLeader sid of who leads now. Another server's means that this one commits nothing more, answers no more
   *   syncs, and resigns a little later
   */
  configurationActivated(config: EnsembleConfig, designatedLeader: number): void
  /** This server cannot go on leading. The host closes the Leading and looks for a leader. */
  resign(reason: string): void
}

/** A transaction that was proposed and not applied when a role ended: the host applies it. */
export interface PendingProposal {
  readonly zxidHi: number
  readonly zxidLo: number
  /** The transaction. */
  readonly bytes: Uint8Array
}
