import type { Txn } from '../../../protocol/txn.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import type { MessageTracker } from '../message-tracker.ts'
import type { LinkOutput } from '../peer-link.ts'
import type { FollowingMeter } from '../zab-meter.ts'

/** A session that gave a sign of life since the last ping. */
export interface ActiveSession {
  readonly idHi: number
  readonly idLo: number
  readonly timeoutMs: number
}

/**
 * What a learner's Zab asks of the server around it. "Answered" calls have one outstanding at a time, and their answer is
 * a call of `Following` of the name given.
 */
export interface FollowingHost extends LinkOutput {
  readonly meter?: FollowingMeter
  /** For the link to the leader; null, or not given, where packets are not tracked. */
  newMessageTracker?(): MessageTracker | null
  /** Makes the epoch durable; `epochStored` answers. */
  setAcceptedEpoch(epoch: number): void
  /** Makes the epoch durable, and with it everything appended before; `epochStored` answers. */
  setCurrentEpoch(epoch: number): void
  /** Cuts the log after a zxid and reads tree and sessions anew; `truncated` answers. */
  truncate(zxidHi: number, zxidLo: number): void
  /** A snapshot begins: the tree is emptied. */
  beginSnapshot(zxidHi: number, zxidLo: number): void
  /**
   * Takes the next bytes of the snapshot stream.
   * @returns how many of them belonged to it: fewer than all only when it is complete
   * @throws an error with `code` SNAPSHOT_FORMAT on bytes that cannot be such a stream
   */
  takeSnapshot(bytes: Uint8Array): number
  readonly isSnapshotComplete: boolean
  /**
   * Writes the tree as it is as the one snapshot in place of everything stored, log included, and sets currentEpoch, all
   * in one step; `installed` answers.
   */
  install(currentEpoch: number): void
  /** Appends a transaction to the log (copies it); `logged` tells when it is durable. In zxid order. */
  append(zxidHi: number, zxidLo: number, bytes: Uint8Array): void
  /**
   * Applies a transaction to the tree and answers the client that waits for it. In zxid order.
   * @param txn what the bytes say; both may be kept
   */
  commit(zxidHi: number, zxidLo: number, bytes: Uint8Array, txn: Txn): void
  /** UPTODATE: the server serves clients from now on; called before the ACK of UPTODATE is written. */
  serve(): void
  /** Sessions that were active since the last call, with the timeout in force. */
  takeActiveSessions(): readonly ActiveSession[]
  /** The leader's answer to `Following.revalidate`. */
  revalidated(sessionHi: number, sessionLo: number, isValid: boolean): void
  /** The leader's answer to the oldest sync forwarded: everything before it has been committed here. */
  synced(): void
  /** A configuration that is not in force yet (NEWLEADER's, or a proposed one): stored as the next one. */
  configurationSeen(config: EnsembleConfig): void
  /**
   * The configuration last seen is in force now.
   * @param designatedLeader sid that a COMMITANDACTIVATE suggests; null at UPTODATE
   * @returns whether this server must leave its role, since its own part in the ensemble or the leader has changed
   */
  configurationActivated(config: EnsembleConfig, designatedLeader: number | null): boolean
  /** This server cannot go on with this leader. The host closes the Following and looks for a leader. */
  resign(reason: string): void
  log(level: 'error' | 'info' | 'warn' | 'debug', message: string): void
}
