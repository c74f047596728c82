import type { Socket } from 'node:net'
import type { JuteWriter } from 'jute-ts'
import type { LinkId } from '../../core/zab/peer-link.ts'
import type { OutputPool } from '../output-pool.ts'
import { socketProblem } from './socket-problem.ts'

/** Output that has to wait for earlier output is gathered in pieces of this size. */
const PIECE_BYTES = 256 * 1024
/** How long a link that is closed may take to send what was written to it. */
const LINGER_MS = 5000

/** What a socket tells its owner; nothing any more after `closeWhenSent` and `destroy`. */
export interface PeerSocketEvents {
  received(socket: PeerSocket, bytes: Buffer): void
  /** The other side is gone. */
  closed(socket: PeerSocket, problem: string): void
  /** What was written has been sent, after `awaitDrained`. */
  drained(socket: PeerSocket): void
}

/** One connection of the quorum port: its output gathered for one write a step. */
export class PeerSocket {
  readonly link: LinkId
  readonly address: string
  /** Wall clock. */
  readonly openedMs = Date.now()
  /** Something has been written to `output` in this step. */
  isDirty = false
  readonly #socket: Socket
  readonly #pool: OutputPool
  readonly #events: PeerSocketEvents
  #output: JuteWriter | null = null
  /** The network takes no more: what comes now is gathered until what was written has been sent. */
  #isStuck = false
  #isDrainAwaited = false
  #isClosing = false
  #problem = 'closed by the other side'

  constructor(link: LinkId, socket: Socket, pool: OutputPool, events: PeerSocketEvents) {
    this.link = link
    this.address = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
    this.#socket = socket
    this.#pool = pool
    this.#events = events
    socket.on('error', (error) => {
      this.#problem = socketProblem(error)
    })
    socket.on('data', (bytes: Buffer) => {
      if (!this.#isClosing) events.received(this, bytes)
    })
    socket.on('drain', () => this.#sent())
    socket.on('close', () => {
      if (this.#isClosing) return
      this.#isClosing = true
      events.closed(this, this.#problem)
    })
  }

  /** Where this step's packets go. */
  get output(): JuteWriter {
    this.#output ??= this.#pool.take()
    return this.#output
  }

  get unsentBytes(): number {
    return this.#socket.writableLength + (this.#output?.offset ?? 0)
  }

  awaitDrained(): void {
    this.#isDrainAwaited = true
  }

  /** Sends what was gathered, in one write; while earlier output is stuck it goes on gathering. */
  flush(): void {
    if (this.#isClosing) return
    const writer = this.#output
    if (writer !== null && (!this.#isStuck || writer.offset >= PIECE_BYTES)) this.#send(writer)
    if (!this.#isDrainAwaited || this.#isStuck) return
    this.#isDrainAwaited = false
    this.#events.drained(this)
  }

  /** Closes when all output has been sent, or after a while. */
  closeWhenSent(): void {
    if (this.#output !== null) this.#send(this.#output)
    this.#isClosing = true
    const socket = this.#socket
    if (socket.destroyed) return
    const timer = setTimeout(() => socket.destroy(), LINGER_MS)
    socket.once('close', () => clearTimeout(timer))
    socket.destroySoon()
  }

  /** Closes at once. */
  destroy(): void {
    this.#isClosing = true
    this.#socket.destroy()
  }

  #send(writer: JuteWriter): void {
    const socket = this.#socket
    this.#output = null
    if (writer.offset === 0 || socket.destroyed) return this.#pool.giveBack(writer)
    // A little behind something else is copied, so that it does not hold a whole buffer while it waits.
    const isCopied = socket.writableLength > 0 && writer.offset < PIECE_BYTES
    const isTaken = socket.write(isCopied ? writer.copyBytes() : writer.bytes())
    // The network has taken everything, so the buffer is free again; else it belongs to the socket until it is sent.
    if (isCopied || socket.writableLength === 0) this.#pool.giveBack(writer)
    if (!isTaken && socket.writableLength > 0) this.#isStuck = true
  }

  #sent(): void {
    if (!this.#isStuck) return
    this.#isStuck = false
    this.flush()
  }
}
