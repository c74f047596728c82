import type { Socket } from 'node:net'
import { createServer, type TLSSocket, type TlsOptions, type Server as TlsServer } from 'node:tls'
import { handOver, isTls } from './first-bytes.ts'
import type { LimitedLog } from './limited-log.ts'
import type { PeerTls } from './peer-tls.ts'
import { socketProblem } from './socket-problem.ts'

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

interface Pending {
  readonly raw: Socket
  readonly key: string
  timer: NodeJS.Timeout
}

/**
 * What comes between accepting a connection of another server and reading what it says: TLS is told from plain text by
 * its first bytes, and the handshake is done. Whoever fails in that is closed with a line.
 */
export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions
  readonly #accepted: (socket: Socket) => void
  readonly #log: LimitedLog
  /** Oldest first; by the addresses of both sides, which is what the socket of TLS and the one below it have in common. */
  readonly #pending = new Map<string, Pending>()
  #server: TlsServer | null = null
  #serverOptions: TlsOptions | null = null

  /** @param accepted gets sockets that are ready to be read, and adds its listeners before it returns */
  constructor(options: TlsAcceptorOptions, accepted: (socket: Socket) => void, log: LimitedLog) {
    this.#options = options
    this.#accepted = accepted
    this.#log = log
  }

  /** A connection that has just been accepted. */
  add(raw: Socket): void {
    const timer = setTimeout(() => this.#silent(pending), this.#options.timeoutMs)
    const pending: Pending = { raw, key: keyOf(raw), timer }
    // Stays for the socket's life; whoever reads it then has a listener of its own.
    raw.on('error', ignore)
    raw.once('close', () => this.#forget(pending))
    this.#pending.set(pending.key, pending)
    this.#dropOldest()
    this.#sniff(pending)
  }

  closeAll(): void {
    for (const pending of [...this.#pending.values()]) this.#drop(pending)
  }

  #sniff(pending: Pending): void {
    const { raw } = pending
    let bytes: Buffer = Buffer.alloc(0)
    const read = (chunk: Buffer): void => {
      bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
      const isSecure = isTls(bytes)
      if (isSecure === null) return
      raw.removeListener('data', read)
      if (isSecure) this.#handshake(pending, bytes)
      else this.#plain(pending, bytes)
    }
    raw.on('data', read)
  }

  #plain(pending: Pending, bytes: Buffer): void {
    const { tls, isPlainTaken } = this.#options
    if (tls !== null && !isPlainTaken) return this.#refuse(pending, 'plain', 'it does not speak TLS')
    this.#forget(pending)
    handOver(pending.raw, bytes, () => this.#accepted(pending.raw))
  }

  #handshake(pending: Pending, bytes: Buffer): void {
    const { tls, timeoutMs } = this.#options
    if (tls === null) return this.#refuse(pending, 'tls', 'it speaks TLS, for which this server is not configured')
    clearTimeout(pending.timer)
    pending.timer = setTimeout(
      () => this.#refuse(pending, 'late', `the TLS handshake took longer than ${timeoutMs} ms`),
      timeoutMs
    )
    const { raw } = pending
    // What was read goes to the handshake: a TLS socket takes what it finds in the buffer of the one below.
    raw.pause()
    raw.unshift(bytes)
    this.#serverFor(tls).emit('connection', raw)
  }

  /** The one with the newest certificates. It does not listen: connections are given to it. */
  #serverFor(tls: PeerTls): TlsServer {
    const options = tls.serverOptions()
    if (this.#server !== null && this.#serverOptions === options) return this.#server
    // Certificates are judged below: Node.js would end the connection without telling why.
    const server = createServer({ ...options, rejectUnauthorized: false })
    server.on('secureConnection', (socket) => {
      const pending = this.#pending.get(keyOf(socket))
      if (pending === undefined) socket.destroy()
      else this.#secured(tls, pending, socket, options.rejectUnauthorized === true)
    })
    server.on('tlsClientError', (error, socket) => {
      const pending = this.#pending.get(keyOf(socket))
      if (pending !== undefined) this.#refuse(pending, 'handshake', socketProblem(error))
    })
    this.#server = server
    this.#serverOptions = options
    return server
  }

  #secured(tls: PeerTls, pending: Pending, socket: TLSSocket, isCertificateNeeded: boolean): void {
    socket.on('error', ignore)
    const problem = certificateProblem(socket, isCertificateNeeded)
    if (problem !== null) return this.#refuse(pending, 'certificate', problem)
    // Until the checks are done nothing is read: it stays in the socket's buffer.
    tls.checkAccepted(socket).then(
      () => {
        if (this.#pending.get(pending.key) !== pending || socket.destroyed) return
        this.#forget(pending)
        this.#accepted(socket)
      },
      (error: Error) => this.#refuse(pending, 'certificate', error.message)
    )
  }

  #silent(pending: Pending): void {
    const { timeoutMs, isPlainTaken, tls } = this.#options
    // compat: one that says nothing is taken for plain where that is allowed; whoever reads it has a time limit of its own.
    if (tls === null || isPlainTaken) {
      pending.raw.removeAllListeners('data')
      return this.#plain(pending, Buffer.alloc(0))
    }
    this.#refuse(pending, 'silent', `it began no TLS handshake within ${timeoutMs} ms`)
  }

  #dropOldest(): void {
    if (this.#pending.size <= PENDING_COUNT_MAX) return
    for (const oldest of this.#pending.values()) {
      this.#drop(oldest)
      break
    }
    this.#log.warn('tls crowd', `more than ${PENDING_COUNT_MAX} connections of servers have not done their handshake`)
  }

  #refuse(pending: Pending, kind: string, problem: string): void {
    if (this.#pending.get(pending.key) !== pending) return
    const remote = remoteOf(pending.raw)
    this.#drop(pending)
    this.#log.warn(`tls ${kind}`, `closing a connection of another server, from ${remote}: ${problem}`)
  }

  #forget(pending: Pending): void {
    clearTimeout(pending.timer)
    if (this.#pending.get(pending.key) === pending) this.#pending.delete(pending.key)
  }

  #drop(pending: Pending): void {
    this.#forget(pending)
    pending.raw.destroy()
  }
}

/** What is wrong with the certificate that was shown, as the handshake found it. */
function certificateProblem(socket: TLSSocket, isNeeded: boolean): string | null {
  if (socket.getPeerX509Certificate() === undefined) return isNeeded ? 'it shows no certificate' : null
  // compat: declared as an error, it is the code of one.
  const code: unknown = socket.authorizationError
  if (code === undefined || code === null) return null
  return socketProblem(Object.assign(new Error(String(code)), { code }))
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}

function remoteOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? 'unknown'}:${remotePort ?? 0}`
}

function ignore(): void {
  // `close` follows and tells all that matters.
}
