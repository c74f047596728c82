import { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'
import type { DirectWrites, WritingHandle } from './direct-writes.ts'
import type { Transport, TransportObserver } from './transport.ts'

/** A TCP connection of libuv, as Node.js 20 to 24 have them under a Socket; no public interface. */
export interface BareHandle extends WritingHandle {
  onread: unknown
  useUserBuffer(buffer: Buffer): void
  readStart(): number
  readStop(): number
  /** Calls with the handle as `this`, in a later turn. */
  close(closed: (this: BareHandle) => void): void
  /** Sets `address` and `port`. @returns 0, or a negative errno */
  getpeername(into: PeerName): number
  setNoDelay(isOn: boolean): number
  setKeepAlive(isOn: boolean, delaySeconds: number): number
}

export interface PeerName {
  address?: string
  port?: number
}

/** What all bare sockets of a listener share. */
export interface BareSurroundings {
  /** Where what was read lies. */
  readonly buffer: Buffer
  readonly writes: DirectWrites
  /** The function that Node.js gives to its own handles for what was read. It calls the owner of the handle. */
  readonly onread: unknown
  /** Where a handle has its owner. */
  readonly owner: symbol
  /** Tells the owner of a handle that it is closed. */
  readonly closed: (this: BareHandle) => void
}

/** What the function `onread` looks at when the other side has ended; it then calls `push(null)` and `read`. */
const NOT_ENDED = { endEmitted: false }

/**
 * A client connection without a Socket of Node.js.
 *
 * perf: a Socket has two streams with their states, five listeners, and some ten ticks in its life; that is a third of what
 * a short session costs, and 3 KB for each idle one. Everything here is done by the calls that the Socket would make.
 *
 * It stands where the Socket would stand, as the owner of the handle, and so has of it what `onread` uses: the members
 * `destroyed`, `destroy`, `push`, `read`, `_readableState`, and those that `BareSockets` adds under their symbols.
 */
export class BareSocket implements Transport {
  readonly remotePort: number
  destroyed = false
  unsentBytes = 0
  readonly #handle: BareHandle
  readonly #surroundings: BareSurroundings
  #observer: TransportObserver | null = null
  #isReading = false
  /** It closes when everything is sent. */
  #isEnding = false
  /** Owns the handle from `toStream` on. */
  #stream: Socket | null = null

  /** @param handle nothing has been read from it */
  constructor(handle: BareHandle, remotePort: number, surroundings: BareSurroundings) {
    this.#handle = handle
    this.remotePort = remotePort
    this.#surroundings = surroundings
    Reflect.set(handle, surroundings.owner, this)
    handle.onread = surroundings.onread
    handle.useUserBuffer(surroundings.buffer)
  }

  get _readableState(): { readonly endEmitted: boolean } {
    return NOT_ENDED
  }

  get isStuck(): boolean {
    return this.unsentBytes > 0
  }

  /** Whether it is being read from. */
  get isReading(): boolean {
    return this.#isReading
  }

  begin(observer: TransportObserver): void {
    this.#observer = observer
    this.resume()
  }

  send(bytes: Buffer): boolean {
    if (this.destroyed || this.#isEnding) return true
    const { writes } = this.#surroundings
    const request = writes.newRequest()
    if (request === null) throw new Error('a bare socket was made before anybody had written')
    const status = this.#handle.writeBuffer(request, bytes)
    if (request.getAsyncId() === -1) {
      writes.giveBack(request)
      if (status !== 0) this.destroy(systemError('write', status))
      return true
    }
    const { length } = bytes
    this.unsentBytes += length
    request.buffer = bytes
    request.oncomplete = (result) => this.#written(length, result)
    return false
  }

  pause(): void {
    if (!this.#isReading) return
    this.#isReading = false
    if (this.#stream !== null) this.#stream.pause()
    else if (!this.destroyed) this.#handle.readStop()
  }

  resume(): void {
    if (this.#isReading || this.destroyed || this.#isEnding) return
    this.#isReading = true
    if (this.#stream !== null) {
      this.#stream.resume()
      return
    }
    const status = this.#handle.readStart()
    if (status !== 0) this.destroy(systemError('read', status))
  }

  closeWhenSent(): void {
    if (this.#stream !== null) {
      this.#stream.destroySoon()
      return
    }
    this.#isEnding = true
    // What the kernel has taken it still sends, and then that there is no more.
    if (this.unsentBytes === 0) this.destroy()
  }

  destroy(error?: Error): void {
    if (this.destroyed) return
    if (this.#stream !== null) {
      this.#stream.destroy(error)
      return
    }
    this.destroyed = true
    if (error !== undefined) this.#observer?.failed(error)
    this.#handle.close(this.#surroundings.closed)
  }

  /** A Socket in its place, from which nothing is to be read any more: for who needs a stream to send something long. */
  toStream(): Socket {
    if (this.#isReading) this.#handle.readStop()
    // The option is what `net.Server` itself makes its sockets with.
    const stream = new Socket({ handle: this.#handle } as object)
    this.#stream = stream
    stream.on('error', (error) => this.#observer?.failed(error))
    stream.on('close', () => this.closed())
    return stream
  }

  /** The handle is closed. */
  closed(): void {
    this.destroyed = true
    this.unsentBytes = 0
    this.#observer?.closed()
  }

  /** So many bytes are in the buffer. */
  filled(count: number): void {
    this.#observer?.read(count)
  }

  /** The other side has ended. */
  push(_nothing: null): void {
    if (this.#isEnding || this.destroyed) return
    this.#observer?.ended()
    this.closeWhenSent()
  }

  /** Follows `push`; there is nothing to do. */
  read(): null {
    return null
  }

  #written(bytes: number, status: number): void {
    if (this.destroyed) return
    this.unsentBytes -= bytes
    if (status < 0) this.destroy(systemError('write', status))
    else if (this.unsentBytes > 0) return
    else if (this.#isEnding) this.destroy()
    else this.#observer?.sent()
  }
}

function systemError(call: string, status: number): Error {
  return new Error(`${call} ${getSystemErrorName(status)}`)
}
