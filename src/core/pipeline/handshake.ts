import { JuteError, type JuteReader } from 'jute-ts'
import { type ConnectFrame, decodeConnectFrame } from '../../protocol/connect-frame.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import type { SessionIdSequence } from '../session/session-id.ts'
import { isSessionPassword } from '../session/session-password.ts'
import { writeConnectResponse } from './connect-response.ts'
import type { ConnectionThrottle } from './connection-throttle.ts'
import type { PeerState } from './peer-state.ts'
import { countSent } from './reply.ts'
import type { WriteOrder } from './write-order.ts'

/**
 * The first frame of a connection: makes a session or resumes one (client-protocol section 2). What it refuses, it
 * refuses by closing without a word, but a session that is gone is told so.
 */
export class Handshake {
  readonly #state: PeerState
  readonly #writes: WriteOrder
  readonly #sessionIds: SessionIdSequence
  readonly #throttle: ConnectionThrottle

  constructor(state: PeerState, writes: WriteOrder, sessionIds: SessionIdSequence, throttle: ConnectionThrottle) {
    this.#state = state
    this.#writes = writes
    this.#sessionIds = sessionIds
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
    const isNew = request.sessionIdHi === 0 && request.sessionIdLo === 0
    if (!this.#throttle.admits(isNew ? 'new' : 'renew', nowMs)) {
      metrics.connectionRejected.add(1)
      return this.#refuse(connection, 'CONNECTION_REJECTED')
    }
    metrics.connectionTokenDeficit.add(this.#throttle.deficit)
    metrics.connectionRequestCount.add(1)
    if (this.#writes.isAhead(request.lastZxidSeenHi, request.lastZxidSeenLo)) {
      return this.#refuse(connection, 'CLIENT_ZXID_AHEAD')
    }
    const timeoutMs = Math.min(Math.max(request.timeOut, settings.minSessionTimeoutMs), settings.maxSessionTimeoutMs)
    if (isNew) return timeoutMs
    this.#resume(connection, request, timeoutMs)
    metrics.connectionRevalidateCount.add(1)
    return null
  }

  /** Proposes the session of a connection that has asked for a new one. */
  createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): Proposal {
    this.#nextSessionId()
    const context = this.#writes.begin(null, true)
    context.sessionHi = this.#sessionIds.hi
    context.sessionLo = this.#sessionIds.lo
    const type = OpCode.createSession
    const origin = { connection, session: null, type, xid: 0, receivedMs, largeBytes: 0 }
    return this.#writes.propose(origin, { kind: 'createSession', timeoutMs }, type)
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

  /** Skips ids of living sessions: the clock they are made from may start again with the machine. */
  #nextSessionId(): void {
    do this.#sessionIds.next()
    while (this.#state.sessions.get(this.#sessionIds.hi, this.#sessionIds.lo) !== undefined)
  }

  /**
   * The connection that holds the session on this server is closed first, even if the password then turns out wrong.
   * compat: so does Apache's server.
   */
  #resume(connection: ClientConnection, request: ConnectFrame, timeoutMs: number): void {
    const { sessionIdHi: hi, sessionIdLo: lo } = request
    const { sessions, nowMs } = this.#state
    const session = sessions.get(hi, lo)
    if (session !== undefined) this.#closeOwner(session.ownerConnection)
    connection.phase = ConnectionPhase.established
    const isRight = isSessionPassword(hi, lo, request.passwd)
    if (session === undefined || !isRight || !sessions.changeTimeout(session, timeoutMs, nowMs)) {
      if (session !== undefined) session.ownerConnection = null
      this.#respond(connection)
      this.#refuse(connection, 'SESSION_REOPEN_FAILED')
      return
    }
    connection.session = session
    session.ownerConnection = connection.id
    this.#respond(connection)
  }

  #respond(connection: ClientConnection): void {
    writeConnectResponse(this.#state, connection)
    countSent(this.#state, connection)
  }

  #closeOwner(owner: ClientConnection['id'] | null): void {
    const holder = owner === null ? undefined : this.#state.connections.get(owner)
    if (holder === undefined) return
    holder.session = null
    if (holder.phase === ConnectionPhase.closing) return
    this.#refuse(holder, 'CLIENT_RECONNECT')
  }

  #refuse(connection: ClientConnection, reason: CloseReason): null {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, reason)
    return null
  }
}
