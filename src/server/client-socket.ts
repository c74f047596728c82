import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../core/ports.ts'
import { type ExpiryEntry, NOT_QUEUED } from '../core/session/expiry-queue.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { type DirectWriter, type DirectWrites, Written } from './net/direct-writes.ts'
import type { LocalStream } from './net/local-stream.ts'
import type { OutputPool } from './output-pool.ts'

/** What a client speaks over. */
export type ClientStream = Socket | LocalStream

/** Above this much unsent output a connection is not read from until the client has taken it. */
export const UNSENT_BYTES_PAUSE = 1024 * 1024
/** Output that has to wait for earlier output is gathered in pieces of this size. */
const PIECE_BYTES = 256 * 1024

/** What all sockets of a listener share. */
export interface SocketSurroundings {
  readonly frameBytesMax: number
  readonly pool: OutputPool
  readonly writes: DirectWrites
  /** Unsent output of all connections, in bytes. */
  readonly unsent: { bytes: number }
  /** The client does not take its replies, and so is not read from. */
  congested(socket: ClientSocket): void
  /** What was written has been sent, after `congested` or `awaitDrained`. */
  drained(socket: ClientSocket): void
}

/** The socket of one client connection: its input being cut into frames, its output gathered for one write a turn. */
export class ClientSocket implements ExpiryEntry {
  readonly id: ConnectionId
  readonly socket: ClientStream
  readonly remoteAddress: string
  readonly remotePort: number
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
  readonly #direct: DirectWriter
  readonly #isEncrypted: boolean
  #output: JuteWriter | null = null
  /** What `writeShared` was given in this turn, while there is nothing else. */
  #shared: Buffer | null = null
  /** The kernel takes no more: what comes now is gathered until what was written has been sent. */
  #isStuck = false
  #isDrainAwaited = false
  /** Bytes of events written since then. */
  #stuckEventBytes = 0
  /** What of `unsent` is this socket's. */
  #accountedBytes = 0
  /** Bytes of a direct write that are not sent, and the buffer that they are in, if it is one of the pool. */
  #queuedBytes = 0
  #queuedWriter: JuteWriter | null = null

  /** @param socket the connection, or TLS over it */
  constructor(
    id: ConnectionId,
    socket: ClientStream,
    remoteAddress: string,
    isOfSecurePort: boolean,
    surroundings: SocketSurroundings
  ) {
    this.id = id
    this.socket = socket
    this.remoteAddress = remoteAddress
    this.remotePort = socket.remotePort ?? 0
    this.isOfSecurePort = isOfSecurePort
    this.splitter = new FrameSplitter(surroundings.frameBytesMax)
    this.#surroundings = surroundings
    this.#direct = surroundings.writes.to(socket)
    this.#isEncrypted = socket instanceof TLSSocket
    socket.on('drain', () => this.#sent())
    socket.on('close', () => this.#account(0))
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
    if (this.#output === null && this.#shared === null && !this.#isStuck) this.#shared = frame
    else this.output.writeBytes(frame)
  }

  get unsentBytes(): number {
    return this.#waitingBytes + (this.#output?.offset ?? this.#shared?.length ?? 0)
  }

  /** What has been given to the socket and is not sent. */
  get #waitingBytes(): number {
    return this.socket.writableLength + this.#queuedBytes
  }

  /** Most bytes of events that can be waiting for the client to take them. */
  get unsentEventBytes(): number {
    return Math.min(this.#stuckEventBytes, this.unsentBytes)
  }

  /** An event of so many bytes has been written to `output`. */
  noteEvent(bytes: number): void {
    if (this.#isStuck) this.#stuckEventBytes += bytes
  }

  /** Asks to be told by `drained` when what has been written is sent, or nearly. */
  awaitDrained(): void {
    this.#isDrainAwaited = true
  }

  /** Sends what was gathered, in one write; while earlier output is stuck it goes on gathering. */
  flush(): void {
    this.#sendShared()
    const writer = this.#output
    if (writer !== null && (!this.#isStuck || writer.offset >= PIECE_BYTES)) this.#send(writer)
    const { unsentBytes } = this
    if (unsentBytes > 0 || this.#accountedBytes > 0) this.#account(unsentBytes)
    if (unsentBytes > UNSENT_BYTES_PAUSE && !this.isPausedByOutput && !this.isClosing) {
      this.isPausedByOutput = true
      this.#updateReading()
      this.#surroundings.congested(this)
    } else if (this.#isDrainAwaited && !this.#isStuck) this.#tellDrained()
  }

  /** Closes after all output has been sent. */
  closeWhenSent(): void {
    this.#sendShared()
    if (this.#output !== null) this.#send(this.#output)
    this.isClosing = true
    this.socket.destroySoon()
  }

  destroy(): void {
    this.isClosing = true
    this.socket.destroy()
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

  #send(writer: JuteWriter): void {
    const { pool } = this.#surroundings
    const { socket } = this
    this.#output = null
    if (writer.offset === 0 || socket.destroyed) return pool.giveBack(writer)
    if (this.#waitingBytes === 0) {
      const written = this.#direct.write(writer.bytes(), this.#directSent)
      if (written === Written.taken) return pool.giveBack(writer)
      if (written === Written.queued) return this.#queue(writer.offset, writer)
    }
    // A little behind something else is copied, so that it does not hold a whole buffer while it waits.
    // TLS takes nothing before the turn is over: without a copy each reply would need a buffer of its own.
    const isCopied = (this.#isEncrypted || this.#waitingBytes > 0) && writer.offset < PIECE_BYTES
    const isTaken = socket.write(isCopied ? writer.copyBytes() : writer.bytes())
    // The kernel has taken everything, so the buffer is free again; else it belongs to the socket until it is sent.
    if (isCopied || socket.writableLength === 0) pool.giveBack(writer)
    this.#noteWritten(isTaken)
  }

  #queue(bytes: number, writer: JuteWriter | null): void {
    this.#queuedBytes = bytes
    this.#queuedWriter = writer
    this.#isStuck = true
    this.#stuckEventBytes = 0
  }

  readonly #directSent = (): void => {
    if (this.#queuedWriter !== null) this.#surroundings.pool.giveBack(this.#queuedWriter)
    this.#queuedWriter = null
    this.#queuedBytes = 0
    // What went to the socket meanwhile is told by `drain`.
    if (!this.socket.destroyed && this.socket.writableLength === 0) this.#sent()
  }

  #sendShared(): void {
    const frame = this.#shared
    if (frame === null) return
    this.#shared = null
    if (this.socket.destroyed) return
    if (this.#waitingBytes === 0) {
      const written = this.#direct.write(frame, this.#directSent)
      if (written === Written.taken) return
      if (written === Written.queued) return this.#queue(frame.length, null)
    }
    this.#noteWritten(this.socket.write(frame))
  }

  #noteWritten(isTaken: boolean): void {
    if (this.#isStuck || isTaken || this.socket.writableLength === 0) return
    this.#isStuck = true
    this.#stuckEventBytes = 0
  }

  /** All that had been given to the socket is sent; what was gathered meanwhile is next. */
  #sent(): void {
    if (!this.#isStuck) return
    this.#isStuck = false
    this.#stuckEventBytes = 0
    this.flush()
    if (!this.#isStuck && (this.isPausedByOutput || this.#isDrainAwaited)) this.#tellDrained()
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
    if (this.isPausedByCore || this.isPausedByOutput || this.isPausedForGood) this.socket.pause()
    else this.socket.resume()
  }
}
