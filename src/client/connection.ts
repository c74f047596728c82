import type { Duplex } from 'node:stream'
import { JuteWriter } from 'jute-ts'
import { Xid } from '../protocol/op-code.ts'
import type { ServerAddress } from './connect-string.ts'
import { FrameSplitter } from './frame-splitter.ts'
import type { Transport } from './transport.ts'

/** Told what happens on a connection; nothing more is told after `onLost`. */
export interface ConnectionListener {
  /** Bytes can be sent. */
  onOpen(connection: Connection): void
  /** One frame, without its length; valid during the call only. */
  onFrame(connection: Connection, frame: Buffer): void
  /** The connection is gone; `cause` is null if the server closed it. */
  onLost(connection: Connection, cause: Error | null): void
}

/** Bytes gathered before they are written though the turn has not ended, so that a burst does not pile up. */
const FLUSH_SIZE_BYTES = 256 * 1024
const XID_SIZE_BYTES = 4

/**
 * One connection to one server: frames in, bytes out. What is written in one turn of the event loop leaves in one write.
 *
 * Replies settle promises, whose continuations run after this turn; events call watchers at once. For a program to see both
 * in the order of the server, an event that follows a reply waits for the next turn, and so does what comes behind it.
 */
export class Connection {
  readonly server: ServerAddress
  /** Where frames are encoded; call `flushSoon` after it. */
  readonly out = new JuteWriter(1024)
  readonly #socket: Duplex
  readonly #splitter: FrameSplitter
  readonly #listener: ConnectionListener
  #isFlushScheduled = false
  #hasAnswered = false
  #isYielding = false
  /** How the connection was lost while an event waits for its turn. */
  #lossToTell: { readonly cause: Error | null } | null = null
  #isLost = false

  constructor(server: ServerAddress, transport: Transport, frameLengthMax: number, listener: ConnectionListener) {
    this.server = server
    this.#splitter = new FrameSplitter(frameLengthMax)
    this.#listener = listener
    this.#socket = transport(server, () => {
      if (!this.#isLost) listener.onOpen(this)
    })
    this.#socket.on('data', (chunk: Buffer) => {
      this.#splitter.push(chunk)
      if (!this.#isYielding) this.#drain()
    })
    this.#socket.on('end', () => this.#lose(null))
    this.#socket.on('error', (error) => this.#lose(error))
    this.#socket.on('close', () => this.#lose(null))
  }

  /** Writes what is in `out` once the current turn's work is done. */
  flushSoon(): void {
    if (this.out.offset >= FLUSH_SIZE_BYTES) {
      this.#flush()
    } else if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true
      process.nextTick(() => {
        this.#isFlushScheduled = false
        this.#flush()
      })
    }
  }

  /** Drops the connection without a word; `onLost` is not called. */
  destroy(): void {
    this.#isLost = true
    this.#socket.destroy()
  }

  /** Drops the connection and says why by `onLost`. */
  abort(cause: Error): void {
    this.#lose(cause)
  }

  #flush(): void {
    if (this.#isLost || this.out.offset === 0) return
    this.#socket.write(this.out.copyBytes())
    this.out.reset()
  }

  /** Hands on the whole frames that are there, after `event` if one has waited for its turn. */
  #drain(event: Buffer | null = null): void {
    try {
      if (event !== null) this.#listener.onFrame(this, event)
      for (let frame = this.#splitter.next(); frame !== null; frame = this.#splitter.next()) {
        if (this.#isLost) return
        if (isEvent(frame) && this.#hasAnswered) {
          this.#yieldBefore(frame)
          return
        }
        if (!isEvent(frame)) this.#noteAnswer()
        this.#listener.onFrame(this, frame)
      }
    } catch (error) {
      this.#lose(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** Lets the continuations of the replies of this turn run, then goes on with an event. */
  #yieldBefore(event: Buffer): void {
    this.#isYielding = true
    setImmediate(() => {
      this.#isYielding = false
      this.#hasAnswered = false
      if (this.#isLost) return
      this.#drain(event)
      if (this.#lossToTell !== null) this.#lose(this.#lossToTell.cause)
    })
  }

  #noteAnswer(): void {
    if (this.#hasAnswered) return
    this.#hasAnswered = true
    setImmediate(() => {
      if (!this.#isYielding) this.#hasAnswered = false
    })
  }

  #lose(cause: Error | null): void {
    if (this.#isLost) return
    if (this.#isYielding) {
      this.#lossToTell ??= { cause }
      return
    }
    this.#isLost = true
    this.#socket.destroy()
    this.#listener.onLost(this, cause)
  }
}

function isEvent(frame: Buffer): boolean {
  return frame.length >= XID_SIZE_BYTES && frame.readInt32BE(0) === Xid.notification
}
