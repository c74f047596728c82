import type { Socket } from 'node:net'
import type { JuteWriter } from 'jute-ts'
import type { ConnectionId } from '../core/ports.ts'
import { type ExpiryEntry, NOT_QUEUED } from '../core/session/expiry-queue.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { OutputPool } from './output-pool.ts'

/** Above this much unsent output a connection is not read from until the client has taken it. */
const UNSENT_BYTES_PAUSE = 1024 * 1024

/** The socket of one client connection: its input being cut into frames, its output gathered for one write a turn. */
export class ClientSocket implements ExpiryEntry {
  readonly id: ConnectionId
  readonly socket: Socket
  readonly remoteAddress: string
  readonly remotePort: number
  readonly splitter: FrameSplitter
  /** False until the first four bytes have been told apart from a four-letter word. */
  isHandshakeSeen = false
  /** Input is not wanted: by the core, and because output is stuck. */
  isPausedByCore = false
  isPausedByOutput = false
  isClosing = false
  /** Bytes of the first chunk while they are too few to tell what the connection begins with. */
  firstBytes: Buffer | null = null
  expiryBucket = NOT_QUEUED
  expiryIndex = 0
  #output: JuteWriter | null = null
  readonly #pool: OutputPool

  constructor(id: ConnectionId, socket: Socket, remoteAddress: string, frameBytesMax: number, pool: OutputPool) {
    this.id = id
    this.socket = socket
    this.remoteAddress = remoteAddress
    this.remotePort = socket.remotePort ?? 0
    this.splitter = new FrameSplitter(frameBytesMax)
    this.#pool = pool
  }

  /** Where this turn's frames go. */
  get output(): JuteWriter {
    this.#output ??= this.#pool.take()
    return this.#output
  }

  /** Whether something has been written since the last flush. */
  get hasOutput(): boolean {
    return this.#output !== null
  }

  get unsentBytes(): number {
    return this.socket.writableLength + (this.#output?.offset ?? 0)
  }

  /** Sends what was gathered, in one write. */
  flush(): void {
    const writer = this.#output
    if (writer === null) return
    this.#output = null
    if (writer.offset > 0 && !this.socket.destroyed) this.socket.write(writer.bytes())
    // The kernel has taken everything, so the buffer is free again; else it belongs to the socket until it is sent.
    if (this.socket.writableLength === 0) this.#pool.giveBack(writer)
    else if (this.socket.writableLength > UNSENT_BYTES_PAUSE) this.#pauseForOutput()
  }

  /** Closes after all output has been sent. */
  closeWhenSent(): void {
    this.flush()
    this.isClosing = true
    this.socket.destroySoon()
  }

  pauseByCore(isPaused: boolean): void {
    this.isPausedByCore = isPaused
    this.#updateReading()
  }

  #pauseForOutput(): void {
    if (this.isPausedByOutput) return
    this.isPausedByOutput = true
    this.#updateReading()
    this.socket.once('drain', () => {
      this.isPausedByOutput = false
      this.#updateReading()
    })
  }

  #updateReading(): void {
    if (this.isClosing) return
    if (this.isPausedByCore || this.isPausedByOutput) this.socket.pause()
    else this.socket.resume()
  }
}
