import type { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../core/ports.ts'
import { type ExpiryEntry, NOT_QUEUED } from '../core/session/expiry-queue.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { Transport, TransportObserver } from './net/transport.ts'
import type { OutputPool } from './output-pool.ts'

/** Above this much unsent output a connection is not read from until the client has taken it. */
export const UNSENT_BYTES_PAUSE = 1024 * 1024
/** Output that has to wait for earlier output is gathered in pieces of this size. */
const PIECE_BYTES = 256 * 1024

/** What all sockets of a listener share. */
export interface SocketSurroundings {
  readonly frameBytesMax: number
  readonly pool: OutputPool
  /** Unsent output of all connections, in bytes. */
  readonly unsent: { bytes: number }
  /** The client does not take its replies, and so is not read from. */
  congested(socket: ClientSocket): void
  /** What was written has been sent, after `congested` or `awaitDrained`. */
  drained(socket: ClientSocket): void
  /** So many bytes of it are in the buffer for reads. */
  received(socket: ClientSocket, count: number): void
  /** The client has ended its side. */
  ended(socket: ClientSocket): void
  failed(socket: ClientSocket, error: Error): void
  /** The connection is gone: nothing more is said of it. */
  gone(socket: ClientSocket): void
}

/** The socket of one client connection: its input being cut into frames, its output gathered for one write a turn. */
export class ClientSocket implements ExpiryEntry, TransportObserver {
  readonly id: ConnectionId
  readonly transport: Transport
  readonly remoteAddress: string
  /** It came in on the port for TLS alone. */
  readonly isOfSecurePort: boolean
  readonly splitter: FrameSplitter
  /** False until the first four bytes have been told apart from a four-letter word. */
  isHandshakeSeen = false
  /** It began with a four-letter word. */
  isAsking = false
  /** Input is not wanted: by the core, because output is stuck, because the server stops. */
  isPausedByCore = false
  isPausedByOutput = false
  isPausedForGood = false
  isClosing = false
  /** Something has been written to `output` in this turn. */
  isDirty = false
  /** Bytes of the first chunk while they are too few to tell what the connection begins with. */
  firstBytes: Buffer | null = null
  expiryBucket = NOT_QUEUED
  expiryIndex = 0
  /** For how long it may be silent, as of when it was last heard of, ms. */
  silenceMs = 0
  readonly #surroundings: SocketSurroundings
  #output: JuteWriter | null = null
  /** What `writeShared` was given in this turn, while there is nothing else. */
  #shared: Buffer | null = null
  #isDrainAwaited = false
  /** Bytes of events written since the kernel took no more. */
  #stuckEventBytes = 0
  /** What of `unsent` is this socket's. */
  #accountedBytes = 0

  constructor(
    id: ConnectionId,
    transport: Transport,
    remoteAddress: string,
    isOfSecurePort: boolean,
    surroundings: SocketSurroundings
  ) {
    this.id = id
    this.transport = transport
    this.remoteAddress = remoteAddress
    this.isOfSecurePort = isOfSecurePort
    this.splitter = new FrameSplitter(surroundings.frameBytesMax)
    this.#surroundings = surroundings
  }

  get remotePort(): number {
    return this.transport.remotePort
  }

  /** Where this turn's frames go. */
  get output(): JuteWriter {
    if (this.#output !== null) return this.#output
    const writer = this.#surroundings.pool.take()
    this.#output = writer
    if (this.#shared !== null) writer.writeBytes(this.#shared)
    this.#shared = null
    return writer
  }

  /**
   * Adds a frame that many connections get and nobody changes any more.
   * perf: alone in its turn, as most events are, it is sent as it is: no buffer for each of 500 watchers.
   */
  writeShared(frame: Buffer): void {
    if (this.#output === null && this.#shared === null && !this.transport.isStuck) this.#shared = frame
    else this.output.writeBytes(frame)
  }

  get unsentBytes(): number {
    return this.transport.unsentBytes + (this.#output?.offset ?? this.#shared?.length ?? 0)
  }

  /** Most bytes of events that can be waiting for the client to take them. */
  get unsentEventBytes(): number {
    return Math.min(this.#stuckEventBytes, this.unsentBytes)
  }

  /** An event of so many bytes has been written to `output`. */
  noteEvent(bytes: number): void {
    if (this.transport.isStuck) this.#stuckEventBytes += bytes
  }

  /** Asks to be told by `drained` when what has been written is sent, or nearly. */
  awaitDrained(): void {
    this.#isDrainAwaited = true
  }

  /** Sends what was gathered, in one write; while earlier output is stuck it goes on gathering. */
  flush(): void {
    this.#sendShared()
    const writer = this.#output
    if (writer !== null && (!this.transport.isStuck || writer.offset >= PIECE_BYTES)) this.#send(writer)
    const { unsentBytes } = this
    if (unsentBytes > 0 || this.#accountedBytes > 0) this.#account(unsentBytes)
    if (unsentBytes > UNSENT_BYTES_PAUSE && !this.isPausedByOutput && !this.isClosing) {
      this.isPausedByOutput = true
      this.#updateReading()
      this.#surroundings.congested(this)
    } else if (this.#isDrainAwaited && !this.transport.isStuck) this.#tellDrained()
  }

  /** Closes after all output has been sent. */
  closeWhenSent(): void {
    this.#sendShared()
    if (this.#output !== null) this.#send(this.#output)
    this.isClosing = true
    this.transport.closeWhenSent()
  }

  destroy(): void {
    this.isClosing = true
    this.transport.destroy()
  }

  pauseByCore(isPaused: boolean): void {
    this.isPausedByCore = isPaused
    this.#updateReading()
  }

  /** Reads nothing any more: the server stops. */
  pauseForGood(): void {
    this.isPausedForGood = true
    this.#updateReading()
  }

  read(count: number): void {
    this.#surroundings.received(this, count)
  }

  /** What was gathered while the kernel took nothing is next. */
  sent(): void {
    this.#stuckEventBytes = 0
    this.flush()
    const { isStuck } = this.transport
    if (!isStuck && (this.isPausedByOutput || this.#isDrainAwaited)) this.#tellDrained()
  }

  ended(): void {
    this.#surroundings.ended(this)
  }

  failed(error: Error): void {
    this.#surroundings.failed(this, error)
  }

  closed(): void {
    this.#account(0)
    this.#surroundings.gone(this)
  }

  #send(writer: JuteWriter): void {
    const { transport } = this
    this.#output = null
    const isFree = writer.offset === 0 || transport.destroyed || transport.send(writer.bytes(), false)
    // Else it belongs to the transport.
    if (isFree) this.#surroundings.pool.giveBack(writer)
  }

  #sendShared(): void {
    const frame = this.#shared
    if (frame === null) return
    this.#shared = null
    if (!this.transport.destroyed) this.transport.send(frame, true)
  }

  #tellDrained(): void {
    this.#isDrainAwaited = false
    this.isPausedByOutput = false
    this.#updateReading()
    this.#surroundings.drained(this)
  }

  #account(bytes: number): void {
    this.#surroundings.unsent.bytes += bytes - this.#accountedBytes
    this.#accountedBytes = bytes
  }

  #updateReading(): void {
    if (this.isClosing) return
    if (this.isPausedByCore || this.isPausedByOutput || this.isPausedForGood) this.transport.pause()
    else this.transport.resume()
  }
}
