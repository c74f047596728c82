import { JuteError, type JuteReader } from 'jute-ts'
import { type ConnectFrame, decodeConnectFrame } from '../../protocol/connect-frame.ts'
import { compareInt64 } from '../../protocol/int64.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import type { Session } from '../session/session.ts'
import { isSessionPassword } from '../session/session-password.ts'
import { writeConnectResponse } from './connect-response.ts'
import type { ConnectionThrottle } from './connection-throttle.ts'
import type { PeerState } from './peer-state.ts'
import { countSent, replyHeaderOnly } from './reply.ts'
import type { SessionClaim, WriteEntry } from './write-entry.ts'

/**
 * The first frame of a connection: makes a session or resumes one (client-protocol section 2). What it refuses, it
 * refuses by closing without a word, but a session that is gone is told so.
 */
export class Handshake {
  readonly #state: PeerState
  readonly #entry: WriteEntry
  readonly #throttle: ConnectionThrottle

  constructor(state: PeerState, entry: WriteEntry, throttle: ConnectionThrottle) {
    this.#state = state
    this.#entry = entry
    this.#throttle = throttle
  }

  /**
   * Takes the frame that `reader` holds.
   *
   * @returns the negotiated timeout where a session is to be made; null where nothing is left to do
   */
  connect(connection: ClientConnection, reader: JuteReader): number | null {
    const { metrics, nowMs, settings } = this.#state
    const request = this.#decode(connection, reader)
    if (request === null) return this.#refuse(connection, 'INVALID_REQUEST')
    if (this.#state.isReadOnly && !request.readOnly) return this.#refuse(connection, 'NOT_READ_ONLY_CLIENT')
    const isNew = request.sessionIdHi === 0 && request.sessionIdLo === 0
    if (!this.#throttle.admits(isNew ? 'new' : 'renew', nowMs)) {
      metrics.connectionRejected.add(1)
      return this.#refuse(connection, 'CONNECTION_REJECTED')
    }
    metrics.connectionTokenDeficit.add(this.#throttle.deficit)
    metrics.connectionRequestCount.add(1)
    const { lastZxidHi, lastZxidLo } = this.#state.tree
    if (compareInt64(request.lastZxidSeenHi, request.lastZxidSeenLo, lastZxidHi, lastZxidLo) > 0) {
      return this.#refuse(connection, 'CLIENT_ZXID_AHEAD')
    }
    const timeoutMs = Math.min(Math.max(request.timeOut, settings.minSessionTimeoutMs), settings.maxSessionTimeoutMs)
    if (isNew) return timeoutMs
    this.#resume(connection, request, timeoutMs)
    metrics.connectionRevalidateCount.add(1)
    return null
  }

  /** Asks for the session of a connection that has asked for a new one. */
  createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): Proposal | null {
    const place = this.#entry.createSession(connection, timeoutMs, receivedMs)
    if (typeof place === 'number') {
      // compat: a bare ReplyHeader where the client expects a ConnectResponse.
      replyHeaderOnly(this.#state, connection, 0, place)
      return null
    }
    if (place !== null) return place
    connection.phase = ConnectionPhase.established
    this.#respond(connection)
    return null
  }

  /** What became of the session that a client resumes. */
  resumed(connection: ClientConnection, claim: SessionClaim, isAlive: boolean): void {
    if (connection.phase === ConnectionPhase.closing) return
    const { sessions } = this.#state
    const session = sessions.get(claim.idHi, claim.idLo)
    connection.phase = ConnectionPhase.established
    if (!isAlive || session === undefined) {
      if (session !== undefined) session.ownerConnection = null
      return this.#refuseResume(connection)
    }
    connection.session = session
    session.ownerConnection = connection.id
    this.#respond(connection)
  }

  #decode(connection: ClientConnection, reader: JuteReader): ConnectFrame | null {
    try {
      const request = decodeConnectFrame(reader)
      connection.hasReadOnlyByte = request.hasReadOnly
      return request
    } catch (error) {
      if (error instanceof JuteError) return null
      throw error
    }
  }

  /**
   * The connection that holds the session on this server is closed first. Apache's server does so even if the password then
   * turns out wrong, by which whoever learns a session's id can disconnect its owner again and again.
   */
  #resume(connection: ClientConnection, request: ConnectFrame, timeoutMs: number): void {
    const { sessionIdHi: idHi, sessionIdLo: idLo } = request
    const session = this.#state.sessions.get(idHi, idLo)
    const isRight = isSessionPassword(idHi, idLo, request.passwd)
    if (session !== undefined && (isRight || this.#state.settings.wrongPasswordClosesOwner === true)) {
      this.#closeOwner(session, 'CLIENT_RECONNECT')
    }
    if (!isRight) return this.#refuseResume(connection)
    const claim = { idHi, idLo, timeoutMs }
    const isAlive = this.#entry.resume(connection, session, claim)
    if (isAlive === 'closed') {
      this.#refuse(connection, 'SESSION_REOPEN_FAILED')
      return
    }
    if (isAlive !== null) return this.resumed(connection, claim, isAlive)
    connection.phase = ConnectionPhase.connecting
    connection.mustWait = true
  }

  /** A session goes on at another server: what its connection here has still to say comes too late. */
  moved(sessionHi: number, sessionLo: number): void {
    const session = this.#state.sessions.get(sessionHi, sessionLo)
    if (session !== undefined) this.#closeOwner(session, 'SESSION_MOVED')
  }

  #refuseResume(connection: ClientConnection): void {
    connection.phase = ConnectionPhase.established
    this.#respond(connection)
    this.#refuse(connection, 'SESSION_REOPEN_FAILED')
  }

  #respond(connection: ClientConnection): void {
    writeConnectResponse(this.#state, connection)
    countSent(this.#state, connection)
  }

  #closeOwner(session: Session, reason: CloseReason): void {
    const owner = session.ownerConnection
    session.ownerConnection = null
    const holder = owner === null ? undefined : this.#state.connections.get(owner)
    if (holder === undefined) return
    holder.session = null
    if (holder.phase === ConnectionPhase.closing) return
    this.#refuse(holder, reason)
  }

  #refuse(connection: ClientConnection, reason: CloseReason): null {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, reason)
    return null
  }
}
