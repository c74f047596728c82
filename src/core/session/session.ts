import type { ConnectionId } from '../ports.ts'
import { type ExpiryEntry, NOT_QUEUED } from './expiry-queue.ts'

/**
 * Names the way by which requests of a session reach a leader: a number that the leader gives to itself and to each link
 * of a learner. On a standalone server there is only one.
 */
export type SessionOwner = number

/** A client's session, as this server knows it. Only the SessionTable writes the fields that are not marked. */
export class Session implements ExpiryEntry {
  readonly idHi: number
  readonly idLo: number
  /** Timeout in force, as negotiated by the last connect. */
  timeoutMs: number
  /** Timeout in the createSession transaction. Snapshots hold this one, and a restart goes back to it. */
  createdTimeoutMs: number
  /** Known only to this server and made without a transaction (`localSessionsEnabled`). */
  isLocal: boolean
  /** It was local: its createSession transaction is on its way, and may never be committed. */
  isUpgrading = false
  /** The closing transaction is on its way: no request of the session is taken any more, nothing touches it. */
  isClosing = false
  /** The connection of *this* server that holds the session, null while it is held by none or elsewhere. The peer's. */
  ownerConnection: ConnectionId | null = null
  /** On a leader: from where writes are accepted; others get SESSIONMOVED. Null until the first request. */
  owner: SessionOwner | null = null
  /** When the session last gave a sign of life, by the monotonic clock. */
  lastSeenMs: number
  /** On a learner: it gave a sign of life of which the leader has not been told yet. */
  isUnreported = false
  expiryBucket = NOT_QUEUED
  expiryIndex = 0

  constructor(idHi: number, idLo: number, timeoutMs: number, isLocal: boolean, nowMs: number) {
    this.idHi = idHi
    this.idLo = idLo
    this.timeoutMs = timeoutMs
    this.createdTimeoutMs = timeoutMs
    this.isLocal = isLocal
    this.lastSeenMs = nowMs
  }
}
