import type { Socket } from 'node:net'
import { beginServerHandshake } from '../../tls/server-handshake.ts'
import { handOver, isTls } from './first-bytes.ts'
import type { LimitedLog } from './limited-log.ts'
import type { PeerTls } from './peer-tls.ts'

export interface TlsAcceptorOptions {
  /** Null: all connections are plain, and one that begins with a TLS handshake is turned away with a line. */
  readonly tls: PeerTls | null
  /** Connections in plain text are taken as well (`portUnification`). */
  readonly isPlainTaken: boolean
  /** Time for the first bytes, and for the handshake (`ssl.quorum.handshakeDetectionTimeoutMillis`). */
  readonly timeoutMs: number
}

/** Connections whose handshake is not done; when there are more, the one that has taken longest goes. */
const PENDING_COUNT_MAX = 100
const NOTHING = Buffer.alloc(0)

interface Pending {
  readonly raw: Socket
  readonly remote: string
  /** For the first bytes. */
  readonly timer: NodeJS.Timeout
  /** Reads them. */
  read: (chunk: Buffer) => void
}

/**
 * What comes between accepting a connection of another server and reading what it says: TLS is told from plain text by
 * its first bytes, and the handshake is done. Whoever fails in that is closed with a line.
 */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions
  readonly #accepted: (socket: Socket) => void
  readonly #log: LimitedLog
  /** Oldest first. */
  readonly #pending = new Set<Pending>()

  /** @param accepted gets sockets that are ready to be read, and adds its listeners before it returns */
  constructor(options: TlsAcceptorOptions, accepted: (socket: Socket) => void, log: LimitedLog) {
    this.#options = options
    this.#accepted = accepted
    this.#log = log
  }

  /** A connection that has just been accepted. */
  add(raw: Socket): void {
    const remote = `${raw.remoteAddress ?? 'unknown'}:${raw.remotePort ?? 0}`
    const timer = setTimeout(() => this.#silent(pending), this.#options.timeoutMs)
    let bytes: Buffer = NOTHING
    const read = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      const isSecure = isTls(bytes)
      if (isSecure === null) return
      if (isSecure) this.#handshake(pending, bytes)
      else this.#plain(pending, bytes)
    }
    const pending: Pending = { raw, remote, timer, read }
    // Stays for the socket's life; whoever reads it then has a listener of its own.
    raw.on('error', ignore)
    raw.once('close', () => this.#forget(pending))
    raw.on('data', read)
    this.#pending.add(pending)
    this.#dropOldest()
  }

  closeAll(): void {
    for (const pending of [...this.#pending]) this.#drop(pending)
  }

  #plain(pending: Pending, bytes: Buffer): void {
    const { tls, isPlainTaken } = this.#options
    if (tls !== null && !isPlainTaken) return this.#refuse(pending, 'it does not speak TLS')
    this.#forget(pending)
    handOver(pending.raw, bytes, () => this.#accepted(pending.raw))
  }

  #handshake(pending: Pending, bytes: Buffer): void {
    const { tls, timeoutMs } = this.#options
    if (tls === null) return this.#refuse(pending, 'it speaks TLS, for which this server is not configured')
    const { raw } = pending
    clearTimeout(pending.timer)
    raw.removeListener('data', pending.read)
    raw.pause()
    raw.unshift(bytes)
    beginServerHandshake(
      raw,
      { ...tls.acceptOptions(), timeoutMs },
      {
        done: (socket) => {
          if (!this.#forget(pending) || socket.destroyed) socket.destroy()
          else this.#accepted(socket)
        },
        failed: (problem) => this.#refuse(pending, problem)
      }
    )
  }

  #silent(pending: Pending): void {
    const { timeoutMs, isPlainTaken, tls } = this.#options
    // compat: one that says nothing is taken for plain where that is allowed; whoever reads it has a time limit of its own.
    if (tls === null || isPlainTaken) this.#plain(pending, NOTHING)
    else this.#refuse(pending, `it began no TLS handshake within ${timeoutMs} ms`)
  }

  #dropOldest(): void {
    if (this.#pending.size <= PENDING_COUNT_MAX) return
    for (const oldest of this.#pending) {
      this.#drop(oldest)
      break
    }
    this.#log.warn('tls crowd', `more than ${PENDING_COUNT_MAX} connections of servers have not done their handshake`)
  }

  #refuse(pending: Pending, problem: string): void {
    if (!this.#pending.has(pending)) return
    this.#drop(pending)
    const line = `closing a connection of another server, from ${pending.remote}: ${problem}`
    this.#log.warn(`tls ${kindOf(problem)}`, line)
  }

  /** @returns whether it was waited for */
  #forget(pending: Pending): boolean {
    clearTimeout(pending.timer)
    pending.raw.removeListener('data', pending.read)
    return this.#pending.delete(pending)
  }

  #drop(pending: Pending): void {
    this.#forget(pending)
    pending.raw.destroy()
  }
}

/** What is counted together: the problem, without what the other side can choose, such as names in its certificate. */
function kindOf(problem: string): string {
  return problem.slice(problem.lastIndexOf(': ') + 1).replace(/ \(.*$/s, '')
}

function ignore(): void {
  // `close` follows and tells all that matters.
}
