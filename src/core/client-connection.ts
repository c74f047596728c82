import { Fifo } from '../collections/fifo.ts'
import type { Txn } from '../protocol/txn.ts'
import type { Identity } from './acl/authentication-provider.ts'
import type { ConnectionId } from './ports.ts'
import type { Session } from './session/session.ts'

/**
 * A place in the order of writes: a transaction on its way to the log, or a mark that only waits for those before it
 * (sync, a write that could not be parsed).
 */
export interface Proposal {
  /** Null for a mark. */
  readonly txn: Txn | null
  /** Batch of the log that it became durable with; a mark has that of the last transaction before it. */
  readonly sequence: number
  /** Who waits for the answer; null for what the server asked of itself. */
  readonly connection: ClientConnection | null
  readonly session: Session | null
  /** Request type, which need not be the transaction's. */
  readonly type: number
  readonly xid: number
  readonly receivedMs: number
  /** A mark's outcome, and for sync the path to echo. */
  readonly markError: number
  readonly markPath: string | null
}

/** A request that has to wait for a write of its own connection: its bytes, kept. */
export interface HeldRequest {
  readonly type: number
  readonly xid: number
  /** What followed the RequestHeader. */
  readonly body: Buffer
  readonly receivedMs: number
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

/** One client connection, as the core knows it. Figures are those that `cons` shows. */
export class ClientConnection {
  readonly id: ConnectionId
  /** Numeric address of the client. */
  readonly address: string
  readonly pending = new Fifo<Pending>()
  /** Requests that came before the session was there; taken, in order, once it is. */
  early: HeldRequest[] = []
  phase: ConnectionPhase = ConnectionPhase.opened
  session: Session | null = null
  /** Whether its ConnectRequest had the readOnly byte: its reply has it then, too. */
  hasReadOnlyByte = false
  identities: readonly Identity[] = []
  /** Frames are held back by the shell because of globalOutstandingLimit. */
  isPaused = false
  /** Requests read and not yet answered. */
  outstanding = 0
  received = 0
  sent = 0
  /** Wall clock of the accept. */
  readonly establishedMs: number
  /** Type of the last request; 0 before the first. */
  lastType = 0
  lastXid = -1
  lastZxidHi = 0
  lastZxidLo = 0
  lastResponseMs = 0
  lastLatencyMs = 0
  minLatencyMs = Number.MAX_SAFE_INTEGER
  maxLatencyMs = 0
  latencySumMs = 0
  latencyCount = 0

  constructor(id: ConnectionId, address: string, wallMs: number) {
    this.id = id
    this.address = address
    this.establishedMs = wallMs
  }

  /** Counts an answered request (upstream's updateStatsForResponse). */
  noteResponse(type: number, xid: number, zxidHi: number, zxidLo: number, receivedMs: number, nowMs: number): void {
    const latencyMs = Math.max(0, Math.round(nowMs - receivedMs))
    if (xid >= 0) this.lastXid = xid
    this.lastType = type
    this.lastZxidHi = zxidHi
    this.lastZxidLo = zxidLo
    this.lastResponseMs = nowMs
    this.lastLatencyMs = latencyMs
    if (latencyMs < this.minLatencyMs) this.minLatencyMs = latencyMs
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs
    this.latencySumMs += latencyMs
    this.latencyCount++
  }

  /** Sets the figures back (`crst`). */
  resetStats(): void {
    this.received = 0
    this.sent = 0
    this.lastType = 0
    this.lastXid = -1
    this.lastZxidHi = 0
    this.lastZxidLo = 0
    this.lastResponseMs = 0
    this.lastLatencyMs = 0
    this.minLatencyMs = Number.MAX_SAFE_INTEGER
    this.maxLatencyMs = 0
    this.latencySumMs = 0
    this.latencyCount = 0
  }
}
