import type { JuteReader, JuteWriter } from 'jute-ts'
import { encodeRequestHeader } from '../protocol/generated/proto.ts'
import type { OpCode } from '../protocol/op-code.ts'
import { MarshallingError, ZkError } from './errors.ts'
import { errorOfWire } from './wire-error.ts'

/** One request: how it is written, and what its answer means. Made by the functions in `operations/`. */
export interface Request<T> {
  readonly opCode: OpCode
  /** Path for errors, as the caller gave it; null if the request has none. */
  readonly path: string | null
  encodeBody(writer: JuteWriter): void
  /** The result, from the body of a reply without an error. Must not keep views of the reader's buffer. */
  decodeBody(reader: JuteReader): T
  /** For errors that are an answer and not a failure (`exists`): the result, or undefined if it is a failure. */
  resultOfError?(wire: number): { readonly value: T } | undefined
  /**
   * Runs when the reply is read, before the next frame is looked at: here watches are registered, so that none of their
   * events is missed. `wire` is 0 for success.
   */
  onReply?(wire: number): void
}

/** A request on its way, from `submit` until its promise settles. */
export interface Outstanding {
  readonly xid: number
  readonly path: string | null
  /** Length of its frame, in bytes. */
  readonly sizeBytes: number
  /** When it fails with a timeout, on the clock of `performance.now`; Infinity for never. */
  readonly deadlineMs: number
  /** Whether its promise has been settled, as by a timeout before the reply. */
  readonly isSettled: boolean
  /** Takes the reply. Throws what the decoder throws, after failing the request with it. */
  answer(wire: number, reader: JuteReader): void
  fail(error: ZkError): void
}

/** The promise's side of an outstanding request. */
export class PendingReply<T> implements Outstanding {
  readonly xid: number
  readonly path: string | null
  readonly sizeBytes: number
  readonly deadlineMs: number
  readonly #request: Request<T>
  readonly #resolve: (value: T) => void
  readonly #reject: (error: ZkError) => void
  #isSettled = false

  constructor(
    xid: number,
    sizeBytes: number,
    deadlineMs: number,
    request: Request<T>,
    resolve: (value: T) => void,
    reject: (error: ZkError) => void
  ) {
    this.xid = xid
    this.path = request.path
    this.sizeBytes = sizeBytes
    this.deadlineMs = deadlineMs
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  answer(wire: number, reader: JuteReader): void {
    this.#request.onReply?.(wire)
    if (wire === 0) {
      this.#succeed(reader)
      return
    }
    const result = this.#request.resultOfError?.(wire)
    if (result === undefined) this.fail(errorOfWire(wire, this.path))
    else this.#settle(() => this.#resolve(result.value))
  }

  fail(error: ZkError): void {
    this.#settle(() => this.#reject(error))
  }

  #succeed(reader: JuteReader): void {
    try {
      const value = this.#request.decodeBody(reader)
      this.#settle(() => this.#resolve(value))
    } catch (cause) {
      if (cause instanceof ZkError) {
        this.fail(cause) // a transaction that failed: its reply header says 0
        return
      }
      this.fail(new MarshallingError('the reply cannot be read', { path: this.path, cause }))
      throw cause
    }
  }

  #settle(how: () => void): void {
    if (this.#isSettled) return
    this.#isSettled = true
    how()
  }
}

/**
 * Appends a frame: its length, then whatever `encode` writes. If that throws, the writer is as it was before.
 *
 * @returns the frame's length in bytes, the four of the length itself included
 */
export function encodeFrame(writer: JuteWriter, encode: (writer: JuteWriter) => void): number {
  const start = writer.offset
  try {
    writer.writeInt(0) // replaced below
    encode(writer)
  } catch (error) {
    writer.offset = start
    throw error
  }
  const sizeBytes = writer.offset - start
  writer.buffer.writeInt32BE(sizeBytes - 4, start)
  return sizeBytes
}

/** As `encodeFrame`, for a request with its header. */
export function encodeRequest(
  writer: JuteWriter,
  xid: number,
  type: OpCode,
  encodeBody: (writer: JuteWriter) => void
): number {
  return encodeFrame(writer, () => {
    encodeRequestHeader(writer, { xid, type })
    encodeBody(writer)
  })
}
