import type { Socket } from 'node:net'
import { decodeHandshake, type ElectionHandshake, HandshakeError } from './election-handshake.ts'
import type { LimitedLog } from './limited-log.ts'

/** Connections that have not said yet who they are; when there are more, the one that has been silent longest goes. */
const PENDING_COUNT_MAX = 100

/** Takes a connection that has told who it is, and what came behind that. */
export type HandshakeDone = (socket: Socket, handshake: ElectionHandshake, rest: Buffer) => void

interface Pending {
  readonly socket: Socket
  readonly timer: NodeJS.Timeout
  readonly stop: () => void
}

/** Accepted connections of the election port until their handshake has come. */
export class PendingHandshakes {
  readonly #timeoutMs: number
  readonly #done: HandshakeDone
  readonly #log: LimitedLog
  /** Oldest first. */
  readonly #pending = new Set<Pending>()

  constructor(timeoutMs: number, done: HandshakeDone, log: LimitedLog) {
    this.#timeoutMs = timeoutMs
    this.#done = done
    this.#log = log
  }

  add(socket: Socket): void {
    const remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
    let bytes: Buffer = Buffer.alloc(0)
    const refuse = (kind: string, problem: string): void => {
      this.#drop(pending)
      this.#log.warn(kind, `closing a connection to the election port from ${remote}: ${problem}`)
    }
    const read = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      try {
        const decoded = decodeHandshake(bytes)
        if (decoded === null) return
        this.#release(pending)
        this.#done(socket, decoded.handshake, bytes.subarray(decoded.length))
      } catch (error) {
        if (!(error instanceof HandshakeError)) throw error
        refuse('handshake', error.message)
      }
    }
    const gone = (): void => this.#release(pending)
    const late = (): void => refuse('late', `it did not say who it is within ${this.#timeoutMs} ms`)
    const pending: Pending = {
      socket,
      timer: setTimeout(late, this.#timeoutMs),
      stop: () => {
        socket.removeListener('data', read)
        socket.removeListener('close', gone)
      }
    }
    // Stays for the socket's life; `close` follows and tells all that matters.
    socket.on('error', ignore)
    socket.on('data', read)
    socket.on('close', gone)
    this.#pending.add(pending)
    this.#dropOldest()
  }

  closeAll(): void {
    for (const pending of this.#pending) this.#drop(pending)
  }

  #dropOldest(): void {
    if (this.#pending.size <= PENDING_COUNT_MAX) return
    for (const oldest of this.#pending) {
      this.#drop(oldest)
      break
    }
    this.#log.warn(
      'crowd',
      `more than ${PENDING_COUNT_MAX} connections to the election port have not said who they are`
    )
  }

  #release(pending: Pending): void {
    clearTimeout(pending.timer)
    pending.stop()
    this.#pending.delete(pending)
  }

  #drop(pending: Pending): void {
    this.#release(pending)
    pending.socket.destroy()
  }
}

function ignore(): void {
  // See add.
}
