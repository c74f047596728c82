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

  /** Takes the frame that `reader` holds. */
  connect(connection: ClientConnection, reader: JuteReader): void {
    const request = this.#decode(connection, reader)
    if (request === null) return this.#refuse(connection, 'INVALID_REQUEST')
    this.#state.metrics.connectionRequestCount.add(1)
    const isNew = request.sessionIdHi === 0 && request.sessionIdLo === 0
    if (!this.#throttle.admits(isNew ? 'new' : 'renew', this.#state.nowMs)) {
      this.#state.metrics.connectionRejected.add(1)
      return this.#refuse(connection, 'CONNECTION_REJECTED')
    }
    if (this.#writes.isAhead(request.lastZxidSeenHi, request.lastZxidSeenLo)) {
      return this.#refuse(connection, 'CLIENT_ZXID_AHEAD')
    }
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#state.settings
    const timeoutMs = Math.min(Math.max(request.timeOut, minSessionTimeoutMs), maxSessionTimeoutMs)
    if (isNew) this.#createSession(connection, timeoutMs)
    else this.#resume(connection, request, timeoutMs)
  }

  /** Proposes createSession for a session that the connection has already: what upstream makes of a stray request. */
  proposeCreateSession(connection: ClientConnection, timeoutMs: number, xid: number): Proposal {
    const { nowMs } = this.#state
    const session = connection.session
    this.#writes.begin(session, true)
    const origin = { connection, session, type: OpCode.createSession, xid, receivedMs: nowMs }
    return this.#writes.propose(origin, { kind: 'createSession', timeoutMs }, OpCode.createSession)
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

  #createSession(connection: ClientConnection, timeoutMs: number): void {
    this.#nextSessionId()
    connection.phase = ConnectionPhase.connecting
    const context = this.#writes.begin(null, true)
    context.sessionHi = this.#sessionIds.hi
    context.sessionLo = this.#sessionIds.lo
    const { nowMs } = this.#state
    const origin = { connection, session: null, type: OpCode.createSession, xid: 0, receivedMs: nowMs }
    const proposal = this.#writes.propose(origin, { kind: 'createSession', timeoutMs }, OpCode.createSession)
    connection.pending.push(proposal)
    connection.outstanding++
    this.#state.outstanding++
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
      writeConnectResponse(this.#state, connection)
      return this.#refuse(connection, 'SESSION_REOPEN_FAILED')
    }
    connection.session = session
    session.ownerConnection = connection.id
    writeConnectResponse(this.#state, connection)
  }

  #closeOwner(owner: ClientConnection['id'] | null): void {
    const holder = owner === null ? undefined : this.#state.connections.get(owner)
    if (holder === undefined) return
    holder.session = null
    if (holder.phase === ConnectionPhase.closing) return
    this.#refuse(holder, 'CLIENT_RECONNECT')
  }

  #refuse(connection: ClientConnection, reason: CloseReason): void {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, reason)
  }
}
