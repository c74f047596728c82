import type { JuteReader } from 'jute-ts'
import { JuteError } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeAuthPacket, decodeGetSASLRequest, decodeSyncRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { addIdentities } from '../acl/acl-checker.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase, type HeldRequest, type Pending } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import { AnswerContext } from './answer/answer-context.ts'
import { answerFor } from './answer/answers.ts'
import type { Handshake } from './handshake.ts'
import type { PeerState } from './peer-state.ts'
import { prepareCloseSession } from './prepare/close-session.ts'
import { isWrite, prepareWrite } from './prepare/prepare-write.ts'
import { noteAnswered, replyHeaderOnly } from './reply.ts'
import type { WriteOrder, WriteOrigin } from './write-order.ts'

/**
 * Takes the requests of established connections, each in its place: auth and SASL packets at once, writes into the
 * order of writes, reads at once unless an earlier request of the connection still waits.
 */
export class Intake {
  readonly #state: PeerState
  readonly #writes: WriteOrder
  readonly #handshake: Handshake
  readonly #reader: JuteReader
  readonly #answer: AnswerContext

  constructor(state: PeerState, writes: WriteOrder, handshake: Handshake, reader: JuteReader) {
    this.#state = state
    this.#writes = writes
    this.#handshake = handshake
    this.#reader = reader
    this.#answer = new AnswerContext(state, reader)
  }

  /** Takes one request; the reader stands behind its header. `receivedMs` is when its frame was read. */
  request(connection: ClientConnection, type: number, xid: number, receivedMs: number): void {
    if (connection.phase === ConnectionPhase.connecting) return this.#keepEarly(connection, type, xid, receivedMs)
    if (type === OpCode.auth) return this.#authenticate(connection, xid)
    if (type === OpCode.sasl) return this.#sasl(connection, xid)
    if (!this.#isAuthEnough(connection)) {
      this.#replyUnprocessed(connection, xid, 0, ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH)
      return this.#close(connection, 'AUTH_FAILED')
    }
    const answer = answerFor(type)
    if (answer === undefined && !isWrite(type) && !isOtherRequest(type)) {
      this.#replyUnprocessed(connection, xid, -1, ErrorCode.UNIMPLEMENTED)
      return this.#close(connection, 'UNIMPLEMENTED')
    }
    connection.outstanding++
    this.#state.outstanding++
    if (answer === undefined) this.#order(connection, type, xid, receivedMs)
    else if (connection.pending.size > 0) this.#hold(connection, type, xid, receivedMs)
    else this.#answerNow(connection, type, xid, receivedMs)
  }

  /** After a write of the connection has been answered: what was held behind it, up to the next write. */
  drain(connection: ClientConnection, committed: Proposal): void {
    const head = connection.pending.shift()
    if (head !== committed) throw new Error('a write was committed out of the order of its connection')
    this.#settled(connection)
    if (connection.early.length > 0) return this.#takeEarly(connection)
    for (let next = connection.pending.peek(); isHeld(next); next = connection.pending.peek()) {
      connection.pending.shift()
      if (connection.phase === ConnectionPhase.closing) this.#settled(connection)
      else {
        this.#reader.reset(next.body)
        this.#answerNow(connection, next.type, next.xid, next.receivedMs)
      }
    }
  }

  /** Proposes the closing of a session; `connection` is the one that asked for it, if one did. */
  closeSession(origin: WriteOrigin): Proposal | null {
    const { session } = origin
    if (session === null) return null
    const context = this.#writes.begin(session, true)
    const body = prepareCloseSession(context)
    this.#state.sessions.markClosing(session)
    return this.#writes.propose(origin, body, OpCode.closeSession)
  }

  /** Gives up the requests of a connection that is gone. Its writes still happen. */
  forget(connection: ClientConnection): void {
    this.#state.outstanding -= connection.outstanding
    connection.outstanding = 0
    connection.pending.clear()
  }

  #answerNow(connection: ClientConnection, type: number, xid: number, receivedMs: number): void {
    const context = this.#answer
    context.connection = connection
    context.xid = xid
    const err = this.#run(type)
    if (err !== ErrorCode.OK) replyHeaderOnly(this.#state, connection, xid, err)
    noteAnswered(this.#state, connection, type, xid, receivedMs)
    this.#settled(connection)
    this.#state.metrics.readLatency.add(Math.max(0, Math.round(this.#state.nowMs - receivedMs)))
  }

  #run(type: number): number {
    const { session } = this.#answer.connection
    if (session === null || session.isClosing) return ErrorCode.SESSIONEXPIRED
    try {
      return answerFor(type)?.(this.#answer) ?? ErrorCode.UNIMPLEMENTED
    } catch (error) {
      if (error instanceof JuteError) return ErrorCode.MARSHALLINGERROR
      throw error
    }
  }

  /** Bytes sent before the session is there are looked at afterwards; no more of them are read until then. */
  #keepEarly(connection: ClientConnection, type: number, xid: number, receivedMs: number): void {
    if (connection.early.length === 0) this.#state.out.pauseReading(connection.id)
    connection.early.push({ type, xid, body: this.#copyBody(), receivedMs })
  }

  #takeEarly(connection: ClientConnection): void {
    const { early } = connection
    connection.early = []
    this.#state.out.resumeReading(connection.id)
    for (const { type, xid, body, receivedMs } of early) {
      if (connection.phase === ConnectionPhase.closing) return
      this.#reader.reset(body)
      this.request(connection, type, xid, receivedMs)
    }
  }

  #copyBody(): Buffer {
    const { buffer, offset, end } = this.#reader
    return Buffer.from(buffer.subarray(offset, end))
  }

  #hold(connection: ClientConnection, type: number, xid: number, receivedMs: number): void {
    connection.pending.push({ type, xid, body: this.#copyBody(), receivedMs })
  }

  #order(connection: ClientConnection, type: number, xid: number, receivedMs: number): void {
    connection.pending.push(this.#propose(connection, type, xid, receivedMs))
  }

  #propose(connection: ClientConnection, type: number, xid: number, receivedMs: number): Proposal {
    const { session } = connection
    const origin: WriteOrigin = { connection, session, type, xid, receivedMs }
    if (type === OpCode.sync) return this.#sync(origin)
    if (type === OpCode.closeSession) {
      return this.closeSession(origin) ?? this.#writes.mark(origin, ErrorCode.SESSIONEXPIRED, null)
    }
    if (type === OpCode.createSession) return this.#strayCreateSession(connection, origin)
    const context = this.#writes.begin(session, false)
    context.identities = connection.identities
    const prepared = prepareWrite(context, type, this.#reader)
    if (prepared === null) return this.#writes.mark(origin, ErrorCode.MARSHALLINGERROR, null)
    if (typeof prepared === 'number') return this.#writes.proposeError(origin, prepared)
    return this.#writes.propose(origin, prepared, prepared.kind === 'create' ? prepared.type : type)
  }

  /** Waits for all writes before it; the path is echoed and need not exist. */
  #sync(origin: WriteOrigin): Proposal {
    try {
      return this.#writes.mark(origin, ErrorCode.OK, decodeSyncRequest(this.#reader).path)
    } catch (error) {
      if (error instanceof JuteError) return this.#writes.mark(origin, ErrorCode.MARSHALLINGERROR, null)
      throw error
    }
  }

  #strayCreateSession(connection: ClientConnection, origin: WriteOrigin): Proposal {
    if (this.#reader.end - this.#reader.offset < 4) return this.#writes.mark(origin, ErrorCode.MARSHALLINGERROR, null)
    return this.#handshake.proposeCreateSession(connection, this.#reader.readInt(), origin.xid)
  }

  /** An auth packet is answered when it comes, and so can overtake; one that ends early closes the connection. */
  #authenticate(connection: ClientConnection, xid: number): void {
    const { acl, stats } = this.#state
    let packet: ReturnType<typeof decodeAuthPacket>
    try {
      packet = decodeAuthPacket(this.#reader)
    } catch (error) {
      if (error instanceof JuteError) return this.#close(connection, 'INVALID_REQUEST')
      throw error
    }
    const context = { remoteAddress: connection.address, certificateSubject: null }
    const identities = acl.authenticate(packet.scheme, packet.auth, context)
    if (identities === null) {
      stats.authFailedCount.add(1)
      this.#replyUnprocessed(connection, xid, 0, ErrorCode.AUTHFAILED)
      return this.#close(connection, 'AUTH_FAILED')
    }
    connection.identities = addIdentities(connection.identities, identities)
    this.#replyUnprocessed(connection, xid, 0, ErrorCode.OK)
  }

  /** Without a SASL configuration the answer to a token is OK and a null token; a null one closes the connection. */
  #sasl(connection: ClientConnection, xid: number): void {
    if (!this.#hasToken()) return this.#close(connection, 'INVALID_REQUEST')
    this.#state.out.beginReply(connection.id, xid, 0, 0, ErrorCode.OK).writeBuffer(null)
    this.#state.out.endFrame()
    this.#countSent(connection)
  }

  #hasToken(): boolean {
    try {
      return decodeGetSASLRequest(this.#reader).token !== null
    } catch (error) {
      if (error instanceof JuteError) return false
      throw error
    }
  }

  #isAuthEnough(connection: ClientConnection): boolean {
    const { enforceAuthEnabled, enforceAuthSchemes } = this.#state.settings
    return !enforceAuthEnabled || connection.identities.some(({ scheme }) => enforceAuthSchemes.includes(scheme))
  }

  /** Replies ahead of the pipeline: with a zxid that says nothing. */
  #replyUnprocessed(connection: ClientConnection, xid: number, zxid: 0 | -1, err: number): void {
    this.#state.out.beginReply(connection.id, xid, zxid, zxid, err)
    this.#state.out.endFrame()
    this.#countSent(connection)
  }

  #countSent(connection: ClientConnection): void {
    connection.sent++
    this.#state.stats.packetsSent.add(1)
  }

  #close(connection: ClientConnection, reason: CloseReason): void {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, reason)
  }

  #settled(connection: ClientConnection): void {
    if (connection.outstanding === 0) return
    connection.outstanding--
    this.#state.outstanding--
  }
}

/** Requests with a place in the order of writes that are no writes by themselves. */
function isOtherRequest(type: number): boolean {
  return type === OpCode.sync || type === OpCode.closeSession || type === OpCode.createSession
}

function isHeld(pending: Pending | undefined): pending is HeldRequest {
  return pending !== undefined && 'body' in pending
}
