import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { type ClientConnection, ConnectionPhase, PauseReason } from '../client-connection.ts'
import type { SaslAnswer } from '../ports.ts'
import { answerFor } from './answer/answers.ts'
import { AuthIntake } from './auth-intake.ts'
import type { Handshake } from './handshake.ts'
import type { PeerState } from './peer-state.ts'
import type { PrefixLimit } from './prefix-limit.ts'
import { PrefixLimits } from './prefix-limits.ts'
import { type OutstandingLimit, pauseReading, resumeReading } from './reading-pauses.ts'
import type { RequestPipeline } from './request-pipeline.ts'
import { RequestThrottler, type ThrottledRequest } from './request-throttler.ts'

const NO_BODY = Buffer.alloc(0)

/**
 * The way of a request to the pipeline: it waits while its session is being made, while its client does not take its
 * replies, and while the throttle holds it; auth and SASL packets are answered on the way.
 */
export class Intake {
  readonly #state: PeerState
  readonly #pipeline: RequestPipeline
  readonly #handshake: Handshake
  readonly #limit: OutstandingLimit
  readonly #reader: JuteReader
  readonly #auth: AuthIntake
  readonly #throttler: RequestThrottler
  readonly #prefixes: PrefixLimits

  constructor(
    state: PeerState,
    pipeline: RequestPipeline,
    handshake: Handshake,
    limit: OutstandingLimit,
    reader: JuteReader
  ) {
    this.#state = state
    this.#pipeline = pipeline
    this.#handshake = handshake
    this.#limit = limit
    this.#reader = reader
    this.#auth = new AuthIntake(state, reader)
    this.#throttler = new RequestThrottler(state)
    this.#prefixes = new PrefixLimits(state)
  }

  /** Requests that the throttle holds. */
  get throttledCount(): number {
    return this.#throttler.size
  }

  /** Monotonic ms at which a request that waits for the limit of its path may be let through; infinite if none does. */
  get nextReleaseMs(): number {
    return this.#prefixes.nextMs
  }

  /** The first frame of a connection, which the reader holds. */
  connect(connection: ClientConnection, receivedMs: number): void {
    const timeoutMs = this.#handshake.connect(connection, this.#reader)
    if (timeoutMs === null) return
    connection.phase = ConnectionPhase.connecting
    connection.mustWait = true
    if (this.#throttler.mustHold) {
      const { identities } = connection
      const request = {
        type: OpCode.createSession,
        xid: 0,
        body: NO_BODY,
        receivedMs,
        largeBytes: 0,
        identities,
        err: 0
      }
      this.#throttler.hold({ ...request, connection, session: null, timeoutMs })
      return
    }
    this.#state.meter.took(receivedMs)
    this.#createSession(connection, timeoutMs, receivedMs)
  }

  /**
   * Takes one request; the reader stands behind its header.
   *
   * @param receivedMs when its frame was read
   * @param largeBytes what it counts as a large request
   */
  request(connection: ClientConnection, type: number, xid: number, receivedMs: number, largeBytes: number): void {
    if (connection.mustWait) return this.#wait(connection, type, xid, largeBytes)
    this.#take(connection, type, xid, receivedMs, largeBytes)
    this.#limit.check(connection, this.#throttler.size)
  }

  /** Lets requests out of the throttle, as far as there is room. Returns whether there were any. */
  releaseThrottled(): boolean {
    if (this.#throttler.size === 0) return false
    let isAny = false
    for (let next = this.#throttler.next(this.#drop); next !== undefined; next = this.#throttler.next(this.#drop)) {
      isAny = true
      this.#release(next)
    }
    return isAny
  }

  /** Lets requests go on that have waited for the limit of their path. */
  releaseDelayed(): void {
    this.#prefixes.release(this.#releaseDelayed)
  }

  /** The sessions of connections that wait do not expire: they are not read from. */
  touchDelayed(): void {
    this.#prefixes.touchSessions()
  }

  /** Gives up what the throttle holds. */
  dropThrottled(): void {
    this.#throttler.dropAll(this.#drop)
  }

  /** The answer to a SASL token that took its time; what came behind it is taken now. */
  saslAnswered(connection: ClientConnection, answer: SaslAnswer): void {
    this.#auth.saslAnswered(connection, answer)
    this.takeWaiting(connection)
  }

  /** Takes what waited for the connection's session, for its output to be sent, or for its SASL exchange. */
  takeWaiting(connection: ClientConnection): void {
    if (!connection.mustWait || isHeldUp(connection)) return
    const { waiting } = connection
    // compat: upstream reads them only now, so it is now that their time begins.
    const receivedMs = Math.floor(this.#state.nowMs)
    while (!connection.isBlocked && !isHeldUp(connection) && connection.phase !== ConnectionPhase.closing) {
      const next = waiting.shift()
      if (next === undefined) break
      this.#reader.reset(next.body)
      this.#take(connection, next.type, next.xid, receivedMs, next.largeBytes)
    }
    if (waiting.size === 0) {
      connection.mustWait = connection.isBlocked || isHeldUp(connection)
      resumeReading(this.#state, connection, PauseReason.waiting)
    }
    this.#limit.check(connection, this.#throttler.size)
  }

  /** Gives up what still waits of a connection that is gone. */
  forget(connection: ClientConnection): void {
    const { waiting } = connection
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      this.#state.largeRequests.leave(next.largeBytes)
    }
    this.#prefixes.forget(connection)
    if (connection.delayed !== null) this.#state.largeRequests.leave(connection.delayed.largeBytes)
    connection.delayed = null
    this.#limit.forget(connection)
  }

  /** At the end of a step. */
  resumeReading(): void {
    this.#limit.resumeAll(this.#throttler.size)
  }

  #wait(connection: ClientConnection, type: number, xid: number, largeBytes: number): void {
    pauseReading(this.#state, connection, PauseReason.waiting)
    const { identities } = connection
    connection.waiting.push({ type, xid, body: this.#copyBody(), receivedMs: 0, largeBytes, identities, err: 0 })
  }

  #take(connection: ClientConnection, type: number, xid: number, receivedMs: number, largeBytes: number): void {
    if (type === OpCode.auth || type === OpCode.sasl) {
      this.#state.largeRequests.leave(largeBytes)
      return this.#auth.take(connection, type, xid)
    }
    if (!this.#auth.isEnough(connection)) {
      this.#state.largeRequests.leave(largeBytes)
      return this.#auth.refuse(connection, xid)
    }
    const limit = this.#prefixes.delays(connection, type, this.#reader)
    if (limit !== null) return this.#delay(connection, type, xid, receivedMs, largeBytes, limit)
    this.#admit(connection, type, xid, receivedMs, largeBytes)
  }

  #admit(connection: ClientConnection, type: number, xid: number, receivedMs: number, largeBytes: number): void {
    if (this.#throttler.mustHold) return this.#throttle(connection, type, xid, receivedMs, largeBytes)
    const answer = answerFor(type)
    if (answer === undefined && !this.#pipeline.isOrdered(type)) return this.#refuseUnknown(connection, xid, largeBytes)
    this.#state.meter.took(receivedMs)
    this.#pipeline.admit(connection, answer, type, xid, receivedMs, largeBytes)
  }

  #delay(
    connection: ClientConnection,
    type: number,
    xid: number,
    receivedMs: number,
    largeBytes: number,
    limit: PrefixLimit
  ): void {
    const { identities } = connection
    connection.delayed = { type, xid, body: this.#copyBody(), receivedMs, largeBytes, identities, err: 0 }
    connection.mustWait = true
    limit.waiting.add(connection)
    limit.noteDelay()
    pauseReading(this.#state, connection, PauseReason.waiting)
  }

  readonly #releaseDelayed = (connection: ClientConnection): void => {
    const { delayed } = connection
    connection.delayed = null
    if (delayed === null || connection.phase === ConnectionPhase.closing) return
    const { type, xid, body, receivedMs, largeBytes } = delayed
    this.#reader.reset(body)
    this.#admit(connection, type, xid, receivedMs, largeBytes)
    this.takeWaiting(connection)
  }

  #refuseUnknown(connection: ClientConnection, xid: number, largeBytes: number): void {
    this.#state.largeRequests.leave(largeBytes)
    this.#auth.replyUnprocessed(connection, xid, -1, ErrorCode.UNIMPLEMENTED)
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, 'UNIMPLEMENTED')
  }

  #throttle(connection: ClientConnection, type: number, xid: number, receivedMs: number, largeBytes: number): void {
    this.#limit.began(connection, xid)
    const { identities } = connection
    const request = { type, xid, body: this.#copyBody(), receivedMs, largeBytes, identities, err: 0 }
    this.#throttler.hold({ ...request, connection, session: connection.session, timeoutMs: 0 })
  }

  /** A request leaves the throttle. Its connection may be gone: a write of it still happens. */
  #release(request: ThrottledRequest): void {
    const { connection, type, xid, body, receivedMs, largeBytes, timeoutMs } = request
    this.#limit.ended(connection, xid)
    const isGone = connection.phase === ConnectionPhase.closing
    const answer = answerFor(type)
    const isOrdered = this.#pipeline.isOrdered(type)
    if (isGone && (!isOrdered || timeoutMs > 0)) return this.#state.largeRequests.leave(largeBytes)
    if (answer === undefined && !isOrdered) return this.#refuseUnknown(connection, xid, largeBytes)
    this.#state.meter.released(Math.max(0, Math.floor(this.#state.nowMs) - receivedMs))
    if (timeoutMs > 0) return this.#createSession(connection, timeoutMs, receivedMs)
    this.#reader.reset(body)
    const { identities, session } = connection
    connection.identities = request.identities
    connection.session = request.session
    this.#pipeline.admit(connection, answer, type, xid, receivedMs, largeBytes)
    connection.identities = identities
    connection.session = session
  }

  readonly #drop = ({ connection, xid, largeBytes }: ThrottledRequest, isConnectionToClose: boolean): void => {
    this.#state.largeRequests.leave(largeBytes)
    this.#limit.ended(connection, xid)
    if (!isConnectionToClose) return
    connection.isInvalid = true
    if (connection.phase === ConnectionPhase.closing) return
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, 'CNX_STALE')
  }

  #createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): void {
    const place = this.#handshake.createSession(connection, timeoutMs, receivedMs)
    if (place === null) {
      if (connection.session !== null) this.takeWaiting(connection)
      return
    }
    this.#pipeline.awaitCommit(connection, place)
  }

  #copyBody(): Buffer {
    const { buffer, offset, end } = this.#reader
    return Buffer.from(buffer.subarray(offset, end))
  }
}

/** Whether a request of the connection has to be done before those behind it are looked at. */
function isHeldUp({ awaitedSaslXid, delayed }: ClientConnection): boolean {
  return awaitedSaslXid !== null || delayed !== null
}
