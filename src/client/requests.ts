import { type JuteReader, JuteWriter } from 'jute-ts'
import { ErrorCode } from '../protocol/error-code.ts'
import type { ReplyHeader } from '../protocol/generated/proto.ts'
import type { Connection } from './connection.ts'
import { LimitReachedError, RequestTooLargeError, type ZkError } from './errors.ts'
import { encodeRequest, PendingReply, type Request } from './request.ts'
import { RequestQueue } from './request-queue.ts'
import { errorOfWire } from './wire-error.ts'

/** What bounds the requests of a client; the names are those of its options. */
export interface RequestLimits {
  readonly frameLengthMax: number
  readonly requestTimeoutMs: number
  readonly outstandingCountMax: number
  readonly outstandingSizeBytesMax: number
}

const XID_MAX = 0x7fffffff

/** The requests of a client on their way: numbered, written or kept for the next connection, answered, timed out. */
export class Requests {
  readonly #limits: RequestLimits
  readonly #queue = new RequestQueue()
  /** For requests that have to wait for a connection. */
  readonly #scratch = new JuteWriter(1024)
  #nextXid = 1
  #deadlineTimer: NodeJS.Timeout | undefined

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  /** Why another request must not be added now, or null if it may. */
  refusal(path: string | null): ZkError | null {
    const { outstandingCountMax, outstandingSizeBytesMax } = this.#limits
    const { count, sizeBytes } = this.#queue
    if (count < outstandingCountMax && sizeBytes < outstandingSizeBytesMax) return null
    const which = 'outstandingCountMax, outstandingSizeBytesMax'
    return new LimitReachedError(`${count} requests of ${sizeBytes} bytes have no answer yet (${which})`, { path })
  }

  /**
   * Adds a request: writes it to the connection, or keeps it for the next one if that is null or others are waiting.
   *
   * @throws what the request's encoder throws; nothing has been added then
   */
  add<T>(
    request: Request<T>,
    connection: Connection | null,
    resolve: (value: T) => void,
    reject: (error: ZkError) => void
  ): void {
    const { frameLengthMax, requestTimeoutMs } = this.#limits
    const target = this.#queue.isAnyWaiting ? null : connection
    const xid = this.#nextXid
    const writer = target?.out ?? this.#scratch.reset()
    const start = writer.offset
    const sizeBytes = encodeRequest(writer, xid, request.opCode, request.encodeBody)
    if (sizeBytes - 4 > frameLengthMax) {
      writer.offset = start
      const problem = `request of ${sizeBytes} bytes, limit ${frameLengthMax} (frameLengthMax)`
      reject(new RequestTooLargeError(problem, { path: request.path }))
      return
    }
    this.#nextXid = xid === XID_MAX ? 1 : xid + 1
    const deadlineMs = requestTimeoutMs === 0 ? Number.POSITIVE_INFINITY : performance.now() + requestTimeoutMs
    const reply = new PendingReply(xid, sizeBytes, deadlineMs, request, resolve, reject)
    if (target === null) this.#queue.addWaiting(reply, this.#scratch.copyBytes())
    else this.#queue.addSent(reply)
    if (requestTimeoutMs > 0 && this.#deadlineTimer === undefined) this.#awaitDeadline(requestTimeoutMs)
  }

  /** Writes what has waited for a connection. */
  sendWaiting(connection: Connection): void {
    for (const frame of this.#queue.send()) connection.out.writeBytes(frame)
  }

  /**
   * Takes a reply, with the reader at its body.
   *
   * @throws Error if it is not that to the oldest request, or cannot be read: the connection makes no sense any more
   */
  answer(header: ReplyHeader, reader: JuteReader): void {
    const outstanding = this.#queue.takeAnswered()
    if (outstanding === undefined) throw new Error(`a reply to xid ${header.xid}, but nothing was asked`)
    if (outstanding.xid !== header.xid) {
      outstanding.fail(errorOfWire(ErrorCode.CONNECTIONLOSS, outstanding.path))
      throw new Error(`a reply to xid ${header.xid} where that to ${outstanding.xid} is due`)
    }
    outstanding.answer(header.err, reader)
  }

  /** Fails those that have been sent: their outcome is unknown. */
  failSent(errorOf: (path: string | null) => ZkError): void {
    this.#queue.failSent(errorOf)
  }

  /** Fails those that wait for a connection. */
  failWaiting(errorOf: (path: string | null) => ZkError): void {
    this.#queue.failWaiting(errorOf)
  }

  /** Stops looking at the clock. */
  stop(): void {
    clearTimeout(this.#deadlineTimer)
  }

  #awaitDeadline(inMs: number): void {
    this.#deadlineTimer = setTimeout(() => {
      this.#deadlineTimer = undefined
      const nextMs = this.#queue.failOverdue(performance.now(), (path) => errorOfWire(ErrorCode.REQUESTTIMEOUT, path))
      if (nextMs !== Number.POSITIVE_INFINITY) this.#awaitDeadline(Math.max(1, Math.ceil(nextMs - performance.now())))
    }, inMs)
  }
}
