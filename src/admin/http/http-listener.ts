import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import { createServer as createPlainServer, type Server as NetServer, type Socket } from 'node:net'
import type { ClientAuth } from '../../tls/endpoint-settings.ts'
import type { ReloadingContext } from '../../tls/reloading-context.ts'
import { TLS_FIRST_BYTE } from '../../tls/server-handshake.ts'
import { followContext, serverOptions } from '../../tls/server-options.ts'
import { OpenConnections } from './open-connections.ts'

/** How an HTTP port of the server behaves. */
export interface HttpListenerOptions {
  readonly host: string
  readonly port: number
  /** A connection on which nothing moves for so long is closed. */
  readonly idleTimeoutMs: number
  /** How long a TLS handshake may take, and the head of a request; 10 s unless given. */
  readonly headTimeoutMs?: number
  /** Null: plain HTTP only. */
  readonly tls: HttpTls | null
  /** Told of each plain connection on a port that takes TLS as well. */
  readonly plainAccepted?: () => void
}

export interface HttpTls {
  readonly context: ReloadingContext
  readonly clientAuth: ClientAuth
  /** Plain HTTP is taken on the same port. */
  readonly isPlainTaken: boolean
}

/** Answers a request; what it throws is answered with 500. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const CONNECTION_COUNT_MAX = 256
const HEADER_BYTES_MAX = 16 * 1024
const HEAD_TIMEOUT_MS = 10_000
/** How often Node.js looks for heads that take too long. */
const HEAD_CHECK_MS = 1000

/** An HTTP port: bounded in connections, handshakes, headers and idle time, so that nobody can keep it busy for nothing. */
export class HttpListener {
  readonly #options: HttpListenerOptions
  readonly #headTimeoutMs: number
  readonly #http: Server
  readonly #https: Server | null
  /** What accepts connections: one of the two, or what tells them apart. */
  readonly #acceptor: NetServer
  readonly #connections = new OpenConnections(CONNECTION_COUNT_MAX)

  /** @param failed told what a handler threw */
  constructor(options: HttpListenerOptions, handler: HttpHandler, failed: (error: unknown) => void) {
    this.#options = options
    const { tls, headTimeoutMs = HEAD_TIMEOUT_MS } = options
    this.#headTimeoutMs = headTimeoutMs
    const settings = {
      maxHeaderSize: HEADER_BYTES_MAX,
      connectionsCheckingInterval: Math.min(HEAD_CHECK_MS, headTimeoutMs)
    }
    this.#http = this.#configure(createServer(settings), handler, failed)
    this.#https = tls === null ? null : this.#configure(secureServer(tls, settings, headTimeoutMs), handler, failed)
    if (this.#https === null) this.#acceptor = this.#http
    else this.#acceptor = tls?.isPlainTaken === true ? this.#unified(this.#https) : this.#https
    this.#acceptor.on('connection', (socket: Socket) => this.#connections.add(socket))
  }

  /** Port in use; 0 while not listening. */
  get port(): number {
    const address = this.#acceptor.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  /** @throws the system's error if the port cannot be had */
  listen(): Promise<void> {
    const { host, port } = this.#options
    const acceptor = this.#acceptor
    return new Promise((resolve, reject) => {
      acceptor.once('error', reject)
      acceptor.listen({ host, port }, () => {
        acceptor.removeListener('error', reject)
        // Out of descriptors, perhaps: the next connection may be accepted again.
        acceptor.on('error', ignore)
        resolve()
      })
    })
  }

  /** Stops listening and cuts all connections. Idempotent. */
  close(): Promise<void> {
    this.#options.tls?.context.close()
    return new Promise((resolve) => {
      this.#acceptor.close(() => resolve())
      this.#connections.destroyAll()
      // One that never listened has a timer nevertheless.
      for (const server of [this.#http, this.#https]) if (server !== this.#acceptor) server?.close()
    })
  }

  #configure(server: Server, handler: HttpHandler, failed: (error: unknown) => void): Server {
    const { idleTimeoutMs } = this.#options
    server.timeout = idleTimeoutMs
    server.keepAliveTimeout = idleTimeoutMs
    server.headersTimeout = this.#headTimeoutMs
    // A body may be long; one that stands still is cut by the idle time.
    server.requestTimeout = 0
    server.maxRequestsPerSocket = 10_000
    server.on('clientError', (_error, socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      else socket.destroy()
    })
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A client that goes away in the middle is no error of the server's.
      request.on('error', ignore)
      response.on('error', ignore)
      const { remoteAddress, remotePort } = request.socket
      this.#connections.requestBegins({ remoteAddress, remotePort })
      response.once('close', () => this.#connections.requestEnds({ remoteAddress, remotePort }))
      handler(request, response).catch((error: unknown) => {
        failed(error)
        if (response.headersSent) response.destroy()
        else response.writeHead(500, { 'Content-Length': 0, Connection: 'close' }).end()
      })
    })
    return server
  }

  /** A port for both: the first byte of a connection tells which it is. */
  #unified(secure: Server): NetServer {
    const { plainAccepted } = this.#options
    // Neither listens by itself, which is when Node.js would begin to look for heads that take too long.
    for (const server of [this.#http, secure]) server.emit('listening')
    return createPlainServer((socket) => {
      socket.setTimeout(this.#headTimeoutMs, () => socket.destroy())
      socket.on('error', ignore)
      socket.once('readable', () => {
        const first: Buffer | null = socket.read(1)
        if (first === null) return socket.destroy()
        socket.unshift(first)
        const isSecure = first[0] === TLS_FIRST_BYTE
        if (!isSecure) plainAccepted?.()
        socket.setTimeout(0)
        const server = isSecure ? secure : this.#http
        server.emit('connection', socket)
      })
    })
  }
}

function secureServer(
  { context, clientAuth }: HttpTls,
  settings: ServerOptions,
  handshakeTimeout: number
): SecureServer {
  const server = createSecureServer({ ...settings, ...serverOptions(context, clientAuth), handshakeTimeout })
  // Whoever has no handshake cannot be told anything: an answer would wait for it.
  server.on('tlsClientError', (_error, socket) => socket.destroy())
  followContext(server, context)
  return server
}

function ignore(): void {
  // See the callers.
}
