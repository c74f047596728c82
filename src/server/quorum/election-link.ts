import type { Socket } from 'node:net'
import { FrameSplitter } from '../frame-splitter.ts'
import { socketProblem } from './socket-problem.ts'

/** Longest message between election ports, as upstream. */
const MESSAGE_BYTES_MAX = 512 * 1024
const LENGTH_BYTES = 4

/** What a link tells its owner; nothing after it has been closed. */
export interface ElectionLinkEvents {
  message(link: ElectionLink, bytes: Buffer): void
  /** The socket takes the next message. */
  writable(link: ElectionLink): void
  /** The other side is gone, or sent what no peer sends. */
  closed(link: ElectionLink, problem: string): void
}

/**
 * One connection between two election ports, behind its handshake: messages in frames of int32 length (1..524288) and
 * bytes, in both directions.
 */
export class ElectionLink {
  readonly sid: number
  readonly #socket: Socket
  readonly #events: ElectionLinkEvents
  readonly #splitter = new FrameSplitter(MESSAGE_BYTES_MAX)
  #problem = 'closed by the other side'
  #isClosed = false

  constructor(sid: number, socket: Socket, events: ElectionLinkEvents) {
    this.sid = sid
    this.#socket = socket
    this.#events = events
    socket.on('error', (error) => {
      this.#problem = socketProblem(error)
    })
    socket.on('data', (chunk: Buffer) => this.take(chunk))
    socket.on('close', () => this.#fail(this.#problem))
  }

  /** Address of the other side; null when it is gone. */
  get remoteHost(): string | null {
    return this.#socket.remoteAddress ?? null
  }

  get remote(): string {
    return `${this.#socket.remoteAddress ?? 'unknown'}:${this.#socket.remotePort ?? 0}`
  }

  /** Whether all that was sent has been taken by the network. */
  get isIdle(): boolean {
    return !this.#isClosed && this.#socket.writableLength === 0
  }

  /** Bytes of the other side; also those that came right behind its handshake. */
  take(chunk: Buffer): void {
    if (this.#isClosed) return
    const refused = this.#splitter.push(chunk, (bytes, start, end) => {
      if (this.#isClosed) return
      if (start === end) return this.#fail('it sent a message of length 0')
      this.#events.message(this, bytes.subarray(start, end))
    })
    if (refused !== null) this.#fail(`it announced a message of ${refused} bytes`)
  }

  /** @param bytes must not change until they are sent */
  send(bytes: Buffer): void {
    const head = Buffer.alloc(LENGTH_BYTES)
    head.writeInt32BE(bytes.length, 0)
    this.#socket.cork()
    this.#socket.write(head)
    this.#socket.write(bytes, () => {
      if (!this.#isClosed) this.#events.writable(this)
    })
    this.#socket.uncork()
  }

  /** Closes at once. Nothing is told any more. */
  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #fail(problem: string): void {
    if (this.#isClosed) return
    this.close()
    this.#events.closed(this, problem)
  }
}
