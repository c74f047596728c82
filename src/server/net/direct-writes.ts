import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { getSystemErrorName } from 'node:util'
import type { LocalStream } from './local-stream.ts'

/** A write request of libuv, as Node.js 20 to 24 have them; no public interface. */
export interface WriteRequest {
  /** Called when a write that was queued is over, with 0 or a negative errno. */
  oncomplete?: (status: number) => void
  /** Keeps the bytes in memory while they are queued. */
  buffer?: Buffer
  /** -1 unless the request is in use. */
  getAsyncId(): number
}

type WriteRequestClass = new () => WriteRequest
type WriteBuffer = (request: WriteRequest, bytes: Uint8Array) => number

export interface WritingHandle {
  writeBuffer: WriteBuffer
}

export const Written = {
  /** Not this way: the socket's own `write` is to be used. */
  refused: 0,
  /** The kernel has taken everything, or the socket has failed and is being destroyed. */
  taken: 1,
  /** The rest goes when the client takes more; the bytes must stay as they are until then. */
  queued: 2
} as const
export type Written = (typeof Written)[keyof typeof Written]

/**
 * Writes to sockets past their Writable.
 *
 * perf: a Writable makes an object for each write, keeps states and schedules a tick, which costs as much as all that is
 * done for a small read. What the kernel takes at once, which is nearly everything, needs none of this.
 *
 * The class of libuv's requests is not to be had but from an ordinary write, so the first one is made that way. Where
 * Node.js does not look as expected, all writes are refused.
 */
export class DirectWrites {
  #Request: WriteRequestClass | null = null
  /** A request that is not in use: a write that is not queued leaves it as it was. */
  #spare: WriteRequest | null = null

  /** What writes to this socket. */
  to(socket: Socket | LocalStream): DirectWriter {
    return new DirectWriter(this, socket)
  }

  /** Whether `newRequest` has something to give. */
  get isLearned(): boolean {
    return this.#Request !== null
  }

  /** A request for one write; null if there is none yet. */
  newRequest(): WriteRequest | null {
    const spare = this.#spare
    if (spare === null) return this.#Request === null ? null : new this.#Request()
    this.#spare = null
    return spare
  }

  /** Learns what requests are from the next write of this handle. */
  learnFrom(handle: WritingHandle): void {
    watchWrite(handle, (found) => {
      this.#Request = found
    })
  }

  /** The request has not been used. */
  giveBack(request: WriteRequest): void {
    this.#spare = request
  }
}

/** Direct writes to one socket. */
export class DirectWriter {
  readonly #writes: DirectWrites
  readonly #socket: Socket | LocalStream
  readonly #handle: WritingHandle | null

  constructor(writes: DirectWrites, socket: Socket | LocalStream) {
    this.#writes = writes
    this.#socket = socket
    // What TLS makes of the bytes is nothing that the kernel could take at once.
    this.#handle = socket instanceof TLSSocket || !(socket instanceof Socket) ? null : writingHandle(socket)
  }

  /**
   * Writes, while nothing is waiting to be sent, neither of this nor of the socket's own `write`. What the socket's
   * `write`, `end` or `destroySoon` send later goes out behind what is queued here.
   *
   * @param whenSent called later if the bytes are queued: when they have been sent, or never will be
   */
  write(bytes: Buffer, whenSent: () => void): Written {
    const socket = this.#socket
    const handle = this.#handle
    // A socket that is over says so by its own `write`; its handle must not be used any more.
    if (handle === null || socket.destroyed || socket.writableEnded) return Written.refused
    const request = this.#writes.newRequest()
    if (request === null) {
      this.#writes.learnFrom(handle)
      return Written.refused
    }
    const status = handle.writeBuffer(request, bytes)
    if (request.getAsyncId() === -1) {
      this.#writes.giveBack(request)
      if (status !== 0) socket.destroy(writeError(status))
      return Written.taken
    }
    request.buffer = bytes
    request.oncomplete = (result) => {
      if (result < 0 && !socket.destroyed) socket.destroy(writeError(result))
      whenSent()
    }
    return Written.queued
  }
}

function writingHandle(socket: Socket): WritingHandle | null {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null || !('writeBuffer' in handle)) return null
  // Checked as far as it can be.
  return typeof handle.writeBuffer === 'function' ? (handle as WritingHandle) : null
}

/** Tells the class of the request of the next write of this handle. */
function watchWrite(handle: WritingHandle, found: (Request: WriteRequestClass) => void): void {
  if (Object.hasOwn(handle, 'writeBuffer')) return
  handle.writeBuffer = function (this: WritingHandle, request: WriteRequest, bytes: Uint8Array): number {
    Reflect.deleteProperty(this, 'writeBuffer')
    if (typeof request.getAsyncId === 'function') found(request.constructor as WriteRequestClass)
    return this.writeBuffer(request, bytes)
  }
}

function writeError(status: number): Error {
  return new Error(`write ${getSystemErrorName(status)}`)
}
