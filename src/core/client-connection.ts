import { Fifo } from '../collections/fifo.ts'
import type { Txn } from '../protocol/txn.ts'
import type { Identity } from './acl/authentication-provider.ts'
import type { AuditedWrite } from './audit/audited-request.ts'
import type { ConnectionId, SaslExchange } from './ports.ts'
import type { Session, SessionOwner } from './session/session.ts'

/**
 * A place in the order of writes: a transaction on its way to the log, or a mark that only waits for those before it
 * (sync, a write that could not be parsed).
 */
export interface Proposal {
  /** Null for a mark, and for a request that was forwarded to the leader until its transaction has come back. */
  txn: Txn | null
  /** Batch of the log that it became durable with; a mark has that of the last transaction before it. */
  readonly sequence: number
  /** Who waits for the answer; null for what the server asked of itself. */
  readonly connection: ClientConnection | null
  readonly session: Session | null
  /** Request type, which need not be the transaction's. */
  readonly type: number
  readonly xid: number
  readonly receivedMs: number
  /** What it counts against largeRequestMaxBytes until it is answered; 0 if it is no large request. */
  readonly largeBytes: number
  /** A mark's outcome, and for sync the path to echo. */
  readonly markError: number
  readonly markPath: string | null
  /** Null where nothing is to be audited: mostly. */
  readonly audited: AuditedWrite | null
  /** By which way it came: LOCAL_OWNER, or a learner's link. */
  readonly owner: SessionOwner
}

/** A request that has to wait: for a write of its own connection, for room in its output, or in the throttle. */
export interface HeldRequest {
  readonly type: number
  readonly xid: number
  /** What followed the RequestHeader; a copy. */
  readonly body: Buffer
  readonly receivedMs: number
  /** As in Proposal. */
  readonly largeBytes: number
  /** Whose request it is: what the connection was when it came. */
  readonly identities: readonly Identity[]
  /** The error that it is answered with in its turn, without being looked at; 0 = it is looked at. */
  readonly err: number
}

/** What a connection waits for, in the order of its requests. */
export type Pending = Proposal | HeldRequest

/** Where a connection is in its life. */
export const ConnectionPhase = {
  /** Accepted; nothing but a ConnectRequest may come. */
  opened: 0,
  /** Its session is being created. */
  connecting: 1,
  established: 2,
  /** Nothing of it is looked at any more. */
  closing: 3
} as const
export type ConnectionPhase = (typeof ConnectionPhase)[keyof typeof ConnectionPhase]

/** Why the shell has been asked to read no more of a connection; bits. */
export const PauseReason = {
  /** globalOutstandingLimit. */
  limit: 1,
  /** Some of its requests wait for their session to be there, or for the output to be sent. */
  waiting: 2
} as const
export type PauseReason = (typeof PauseReason)[keyof typeof PauseReason]

/** One client connection, as the core knows it. Figures are those that `cons` shows. */
export class ClientConnection {
  readonly id: ConnectionId
  /** Numeric address of the client. */
  readonly address: string
  readonly pending = new Fifo<Pending>()
  /** Proposals among them. */
  pendingWrites = 0
  /** Requests that came before the session was there, or while the connection was blocked; taken, in order, then. */
  readonly waiting = new Fifo<HeldRequest>()
  /** New requests join these: the session is being made, or the connection is blocked, or some wait already. */
  mustWait = false
  phase: ConnectionPhase = ConnectionPhase.opened
  session: Session | null = null
  /** Whether its ConnectRequest had the readOnly byte: its reply has it then, too. */
  hasReadOnlyByte = false
  identities: readonly Identity[] = []
  /** Id of the certificate that its client has shown; null without TLS, or without a certificate. */
  certificateId: string | null = null
  /** Null before its first SASL token. */
  saslExchange: SaslExchange | null = null
  /** A request that waits for the limit of its path; those behind it wait, too. Null where there is none. */
  delayed: HeldRequest | null = null
  /** Of the SASL packet whose answer takes its time; requests behind it wait. Null where there is none. */
  awaitedSaslXid: number | null = null
  /** `PauseReason`s in force. */
  pauseReasons = 0
  /** One of its requests has been dropped by the throttle, so all later ones must be. */
  isInvalid = false
  /** Its client does not take its replies: nothing is done for it until the shell says that the output has been sent. */
  isBlocked = false
  /** Monotonic clock when it was blocked no more; 0 where it never was. */
  unblockedMs = 0
  /** Bytes of replies to reads in this step; while it is blocked, since it is. */
  outputBytes = 0
  /** Requests with a positive xid read and not yet answered; others do not count for throttling. */
  outstanding = 0
  received = 0
  sent = 0
  /** Wall clock of the accept. */
  readonly establishedMs: number
  /** Type of the last request; null before the first, 0 after one that failed before it was looked at. */
  lastType: number | null = null
  /** Type of the last request that was answered, failed ones too; 0 before the first. */
  answeredType = 0
  lastXid = 0
  lastZxidHi = 0
  lastZxidLo = 0
  lastResponseMs = 0
  lastLatencyMs = 0
  /** compat: 0 until it is reset, as upstream. */
  minLatencyMs = 0
  maxLatencyMs = 0
  latencySumMs = 0
  latencyCount = 0

  constructor(id: ConnectionId, address: string, wallMs: number) {
    this.id = id
    this.address = address
    this.establishedMs = wallMs
  }

  /** Notes an answered request (upstream's updateStatsForResponse); the rest follows by `noteAnswers`. */
  noteResponse(type: number, isSeen: boolean, xid: number, zxidHi: number, zxidLo: number): void {
    // Special xids say nothing of the client's last real operation.
    if (xid >= 0) this.lastXid = xid
    this.answeredType = type
    this.lastType = isSeen ? type : 0
    this.lastZxidHi = zxidHi
    this.lastZxidLo = zxidLo
  }

  /** At the end of a step: `count` requests that took `latencyMs` have been answered. */
  noteAnswers(count: number, latencyMs: number, nowMs: number): void {
    this.sent += count
    if (!this.isBlocked) this.outputBytes = 0
    this.lastResponseMs = nowMs
    this.lastLatencyMs = latencyMs
    if (latencyMs < this.minLatencyMs) this.minLatencyMs = latencyMs
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs
    this.latencySumMs += latencyMs * count
    this.latencyCount += count
  }

  /** Sets the figures back (`crst`). */
  resetStats(): void {
    this.received = 0
    this.sent = 0
    this.lastType = 0
    this.lastXid = -1
    this.lastZxidHi = -1
    this.lastZxidLo = -1
    this.lastResponseMs = 0
    this.lastLatencyMs = 0
    this.minLatencyMs = Number.MAX_SAFE_INTEGER
    this.maxLatencyMs = 0
    this.latencySumMs = 0
    this.latencyCount = 0
  }
}
