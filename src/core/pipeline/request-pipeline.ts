import { JuteError, type JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { REPLY_HEADER_SIZE_BYTES } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase, type HeldRequest, type Pending } from '../client-connection.ts'
import { type Answer, AnswerContext } from './answer/answer-context.ts'
import { answerFor } from './answer/answers.ts'
import { endLocalSession } from './local-sessions.ts'
import type { PeerState } from './peer-state.ts'
import { isWrite } from './prepare/prepare-write.ts'
import type { OutstandingLimit } from './reading-pauses.ts'
import { countReplyBytes, noteAnswered, replyHeaderOnly } from './reply.ts'
import { LOCAL_OWNER } from './role-ports.ts'
import type { WriteEntry } from './write-entry.ts'

/** When one step has written more than this for a connection, the rest waits until that has been sent. */
const OUTPUT_BYTES_PAUSE = 1024 * 1024
/** Reads with writes behind them cannot wait; a connection whose step comes to this much is closed. */
const OUTPUT_BYTES_MAX = 128 * 1024 * 1024
const NO_BODY = Buffer.alloc(0)

/** A request on its way, as far as it does not come from the reader. */
export interface RequestFields {
  readonly type: number
  readonly xid: number
  readonly receivedMs: number
  readonly largeBytes: number
}

/**
 * Where requests are done: writes go into the order of writes, reads are answered at once unless an earlier write of
 * their connection is still under way.
 */
export class RequestPipeline {
  readonly #state: PeerState
  readonly #entry: WriteEntry
  readonly #limit: OutstandingLimit
  readonly #reader: JuteReader
  readonly #answer: AnswerContext

  /** @param reader stands at a request's body whenever `admit` is called */
  constructor(state: PeerState, entry: WriteEntry, limit: OutstandingLimit, reader: JuteReader) {
    this.#state = state
    this.#entry = entry
    this.#limit = limit
    this.#reader = reader
    this.#answer = new AnswerContext(state, reader)
  }

  /** Whether requests of this type have a place in the order of writes. */
  isOrdered(type: number): boolean {
    return isWrite(type) || type === OpCode.sync || type === OpCode.closeSession || type === OpCode.createSession
  }

  /**
   * Takes a request.
   *
   * @param answer how it is answered; undefined if it has a place in the order of writes
   */
  admit(
    connection: ClientConnection,
    answer: Answer | undefined,
    type: number,
    xid: number,
    receivedMs: number,
    largeBytes: number
  ): void {
    if (this.#isThrottled(type, receivedMs)) {
      return this.#refuseThrottled(connection, { type, xid, receivedMs, largeBytes })
    }
    if (answer === undefined) return this.#order(connection, type, xid, receivedMs, largeBytes)
    // What the throttle lets out may be of a connection that has been blocked meanwhile.
    const isOver = connection.session === null || connection.session.isClosing
    if (connection.pending.size > 0 || connection.isBlocked) {
      const fields = { type, xid, receivedMs, largeBytes }
      if (isOver) return this.#hold(connection, fields, NO_BODY, ErrorCode.SESSIONEXPIRED)
      return this.#hold(connection, fields, this.#copyBody(), ErrorCode.OK)
    }
    if (isOver) this.#answerUnseen(connection, type, xid, receivedMs, ErrorCode.SESSIONEXPIRED)
    else this.#answerNow(connection, answer, type, xid, receivedMs)
    this.#state.largeRequests.leave(largeBytes)
  }

  /** After a write of the connection has been answered: what was held behind it, up to the next write. */
  drain(connection: ClientConnection, committed: Proposal): void {
    if (connection.pending.size === 0) return
    if (connection.pending.peek() !== committed) {
      // A write that left the throttle after its connection had been closed has no place there.
      if (connection.phase === ConnectionPhase.closing) return
      throw new Error('a write was committed out of the order of its connection')
    }
    connection.pending.shift()
    connection.pendingWrites--
    this.#limit.ended(connection, committed.xid)
    this.drainHeld(connection)
    if (connection.pending.size === 0) this.#state.meter.commits?.emptied()
  }

  /** Answers the reads at the head of what the connection waits for. */
  drainHeld(connection: ClientConnection): void {
    const { pending } = connection
    for (let next = pending.peek(); isHeld(next); next = pending.peek()) {
      // Those with writes behind them go on, since the writes will not wait.
      if (connection.isBlocked && connection.pendingWrites === 0) return
      pending.shift()
      this.#leave(next)
      if (connection.phase !== ConnectionPhase.closing) this.#answerHeld(connection, next)
      this.#limit.ended(connection, next.xid)
    }
  }

  /** What had been written to the connection has been sent. */
  unblock(connection: ClientConnection): void {
    connection.isBlocked = false
    connection.unblockedMs = this.#state.nowMs
    connection.outputBytes = 0
    if (connection.pending.size === 0) return
    this.drainHeld(connection)
    if (connection.pending.size === 0) this.#state.meter.commits?.emptied()
  }

  /** Gives up the reads of a connection that is gone. Its writes still happen, and count until they are applied. */
  forget(connection: ClientConnection): void {
    const { pending } = connection
    if (pending.size > 0) this.#state.meter.commits?.emptied()
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) if (isHeld(next)) this.#leave(next)
  }

  /** A place for a proposal among what its connection waits for. */
  awaitCommit(connection: ClientConnection, proposal: Proposal): void {
    this.#state.outstanding++
    if (connection.phase === ConnectionPhase.closing) return
    connection.pending.push(proposal)
    connection.pendingWrites++
    this.#state.meter.commits?.queued(connection.pending.size, false)
    this.#limit.began(connection, proposal.xid)
    // Reads before it that were held since the connection is blocked cannot wait any longer: this will not.
    if (connection.isBlocked) this.drainHeld(connection)
  }

  /** Whether a request waited so long that it is refused (`throttled_op_wait_time`). */
  #isThrottled(type: number, receivedMs: number): boolean {
    const { settings, nowMs } = this.#state
    if (settings.throttledOpWaitTimeMs === 0 || !isThrottlable(type)) return false
    return Math.floor(nowMs) - receivedMs > settings.throttledOpWaitTimeMs
  }

  /** THROTTLEDOP in the request's turn; it uses no zxid. */
  #refuseThrottled(connection: ClientConnection, fields: RequestFields): void {
    this.#state.metrics.throttledOps.add(1)
    // The throttle lets writes of connections that are gone through.
    if (connection.phase === ConnectionPhase.closing) return this.#state.largeRequests.leave(fields.largeBytes)
    if (connection.pending.size > 0) return this.#hold(connection, fields, NO_BODY, ErrorCode.THROTTLEDOP)
    this.#state.largeRequests.leave(fields.largeBytes)
    this.#answerUnseen(connection, fields.type, fields.xid, fields.receivedMs, ErrorCode.THROTTLEDOP)
  }

  #hold(connection: ClientConnection, fields: RequestFields, body: Buffer, err: number): void {
    const { type, xid, receivedMs, largeBytes } = fields
    connection.pending.push({ type, xid, body, receivedMs, largeBytes, identities: connection.identities, err })
    this.#state.meter.commits?.queued(connection.pending.size, true)
    this.#state.outstanding++
    this.#limit.began(connection, xid)
  }

  #leave(held: HeldRequest): void {
    this.#state.outstanding--
    this.#state.meter.commits?.readLeft()
    this.#state.largeRequests.leave(held.largeBytes)
  }

  #answerHeld(connection: ClientConnection, held: HeldRequest): void {
    const { type, xid, body, receivedMs, err } = held
    if (err !== ErrorCode.OK) return this.#answerUnseen(connection, type, xid, receivedMs, err)
    if (type === OpCode.closeSession) return this.#endLocal(connection, xid, receivedMs)
    const answer = answerFor(type)
    if (answer === undefined) throw new Error(`a request of type ${type} was held, which is no read`)
    this.#reader.reset(body)
    const { identities } = connection
    connection.identities = held.identities
    this.#answerNow(connection, answer, type, xid, receivedMs)
    connection.identities = identities
  }

  #answerNow(connection: ClientConnection, answer: Answer, type: number, xid: number, receivedMs: number): void {
    const state = this.#state
    const context = this.#answer
    context.connection = connection
    context.xid = xid
    context.bodyStart = this.#reader.offset
    context.replyBytes = REPLY_HEADER_SIZE_BYTES
    state.operations.add(type)
    const err = this.#run(answer)
    const bytes = err === ErrorCode.OK ? context.replyBytes : replyHeaderOnly(state, connection, xid, err)
    state.stats.clientResponseSize.add(bytes)
    // compat: upstream leaves pings out of this one.
    if (type !== OpCode.ping) state.metrics.responseBytes.add(bytes)
    noteAnswered(state, connection, type, true, xid, receivedMs, false)
    connection.outputBytes += bytes
    if (connection.outputBytes > OUTPUT_BYTES_PAUSE) this.#block(connection)
  }

  #run(answer: Answer): number {
    try {
      return answer(this.#answer)
    } catch (error) {
      if (error instanceof JuteError) return ErrorCode.MARSHALLINGERROR
      throw error
    }
  }

  /** Refuses a request without looking at it. */
  #answerUnseen(connection: ClientConnection, type: number, xid: number, receivedMs: number, err: number): void {
    const state = this.#state
    countReplyBytes(state, replyHeaderOnly(state, connection, xid, err))
    noteAnswered(state, connection, type, false, xid, receivedMs, false)
  }

  /** A few bytes of requests can ask for gigabytes of replies: they are made only as fast as the client takes them. */
  #block(connection: ClientConnection): void {
    const { out } = this.#state
    if (!connection.isBlocked) {
      connection.isBlocked = true
      connection.mustWait = true
      out.awaitDrained(connection.id)
    }
    if (connection.outputBytes <= OUTPUT_BYTES_MAX || connection.pendingWrites === 0) return
    if (connection.phase === ConnectionPhase.closing) return
    connection.phase = ConnectionPhase.closing
    out.log('warn', `closing a connection of ${connection.address}: it asks for too much at once`)
    out.close(connection.id, 'IO_EXCEPTION')
  }

  #copyBody(): Buffer {
    const { buffer, offset, end } = this.#reader
    return Buffer.from(buffer.subarray(offset, end))
  }

  /** A local session ends without a transaction, in the turn of its request. */
  #closeLocal(connection: ClientConnection, fields: RequestFields): void {
    if (connection.pending.size > 0) return this.#hold(connection, fields, NO_BODY, ErrorCode.OK)
    this.#state.largeRequests.leave(fields.largeBytes)
    this.#endLocal(connection, fields.xid, fields.receivedMs)
  }

  #endLocal(connection: ClientConnection, xid: number, receivedMs: number): void {
    const { session } = connection
    if (session === null || !session.isLocal) {
      return this.#answerUnseen(connection, OpCode.closeSession, xid, receivedMs, ErrorCode.SESSIONEXPIRED)
    }
    this.#answerUnseen(connection, OpCode.closeSession, xid, receivedMs, ErrorCode.OK)
    endLocalSession(this.#state, session, 'CLIENT_CLOSED_SESSION')
  }

  #order(connection: ClientConnection, type: number, xid: number, receivedMs: number, largeBytes: number): void {
    const { session } = connection
    if (type === OpCode.closeSession && session?.isLocal) {
      return this.#closeLocal(connection, { type, xid, receivedMs, largeBytes })
    }
    const place = this.#entry.submit({ connection, session, type, xid, receivedMs, largeBytes, owner: LOCAL_OWNER })
    if (typeof place !== 'number') return this.awaitCommit(connection, place)
    if (connection.pending.size > 0) {
      return this.#hold(connection, { type, xid, receivedMs, largeBytes }, NO_BODY, place)
    }
    this.#state.largeRequests.leave(largeBytes)
    this.#answerUnseen(connection, type, xid, receivedMs, place)
  }
}

/** Whether a request may be refused for having waited. */
function isThrottlable(type: number): boolean {
  return type !== OpCode.ping && type !== OpCode.closeSession && type !== OpCode.createSession
}

function isHeld(pending: Pending | undefined): pending is HeldRequest {
  return pending !== undefined && 'body' in pending
}
