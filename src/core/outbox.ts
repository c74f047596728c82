import type { JuteWriter } from 'jute-ts'
import type { EventType } from '../protocol/op-code.ts'
import type { AuditRecord } from './audit/audit-record.ts'
import type { ConnectionId } from './ports.ts'

/** Transactions in zxid order, as they go to the log. */
export interface PersistBatch {
  readonly firstZxidHi: number
  readonly firstZxidLo: number
  readonly lastZxidHi: number
  readonly lastZxidLo: number
  readonly txnCount: number
  /** Each transaction as int32 length and its Jute bytes; valid only during the call. */
  readonly body: Uint8Array
}

/** Why the server closes a connection (upstream's DisconnectReason names, for logs and metrics). */
export type CloseReason =
  | 'CLIENT_CLOSED_SESSION'
  | 'SESSION_EXPIRED'
  | 'SESSION_REOPEN_FAILED'
  | 'CLIENT_RECONNECT'
  | 'CLIENT_ZXID_AHEAD'
  | 'NOT_READ_ONLY_CLIENT'
  | 'CONNECTION_REJECTED'
  | 'SESSION_MOVED'
  | 'AUTH_FAILED'
  | 'FAILED_HANDSHAKE'
  | 'UNIMPLEMENTED'
  | 'INVALID_REQUEST'
  | 'SERVER_SHUTDOWN'
  | 'IO_EXCEPTION'
  | 'CNX_STALE'
  | 'CONNECTION_MODE_CHANGED'

/**
 * What a step decides. The order of calls is part of the contract: what is written to one connection arrives in that
 * order, and `persist` comes before anything that depends on it (whose trigger is the input `persisted`).
 */
export interface Outbox {
  /**
   * Begins a reply frame on `connection` and writes its ReplyHeader; the caller writes the record, if there is one, to
   * the writer and calls `endFrame`. No other call to the outbox may come in between. A connection that is gone gets a
   * writer all the same, whose bytes go nowhere.
   */
  beginReply(connection: ConnectionId, xid: number, zxidHi: number, zxidLo: number, err: number): JuteWriter
  /** Begins a frame without ReplyHeader: a ConnectResponse. */
  beginFrame(connection: ConnectionId): JuteWriter
  /** @returns bytes of the frame, without its length prefix */
  endFrame(): number
  /**
   * Sends a whole notification frame: ReplyHeader {xid -1, zxid, 0} and WatcherEvent {type, state 3, path}.
   *
   * @returns bytes of the frame, without its length prefix
   */
  notify(connection: ConnectionId, zxidHi: number, zxidLo: number, type: EventType, path: string): number
  /** Closes a connection after what was written to it so far has been sent. Its `connectionClosed` input still comes. */
  close(connection: ConnectionId, reason: CloseReason): void
  /** No more frames of this connection, please, beyond those already in the batch. */
  pauseReading(connection: ConnectionId): void
  resumeReading(connection: ConnectionId): void
  /** Asks for the input `drained` as soon as what was written to a connection has been sent, all or nearly. */
  awaitDrained(connection: ConnectionId): void
  /** Makes the batch durable; answered by the input `persisted` with this sequence or a later one. */
  persist(sequence: number, batch: PersistBatch): void
  /** A snapshot begins at this zxid: the shell opens a writer and asks for it by `snapshotPull` inputs. */
  snapshotBegin(zxidHi: number, zxidLo: number): void
  /** The next bytes of the snapshot, in Apache's snapshot stream format. Valid only during the call. */
  snapshotChunk(bytes: Uint8Array): void
  snapshotEnd(summary: SnapshotSummary): void
  /** The snapshot that was begun last is given up; no `snapshotPull` or `snapshotDone` comes for it any more. */
  snapshotAbandon(): void
  /** A change for the audit log; called only where `CoreSettings.audit` is set. */
  audit(record: AuditRecord): void
  /** Something an operator should know; never per request. */
  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void
}

/** What identifies a complete snapshot; stored beside it and verified when it is loaded. */
export interface SnapshotSummary {
  readonly zxidHi: number
  readonly zxidLo: number
  /** Tree digest at that zxid. */
  readonly digestHi: number
  readonly digestLo: number
  readonly nodeCount: number
  readonly sessionCount: number
}
