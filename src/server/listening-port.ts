import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from './logging/logger.ts'
import { offerHandles } from './net/bare-sockets.ts'

const BACKLOG_DEFAULT = 50
/** Between two attempts to bind a new address. */
const REBIND_RETRY_MS = 1000

/** Where clients are listened for; address null = all. */
export interface ListenAddress {
  readonly port: number
  readonly address: string | null
}

export interface ListeningPortOptions {
  /** null = the system's customary 50. */
  readonly backlog: number | null
  readonly keepAlive: boolean
  /** Whom it is for, in messages: `client connections`. */
  readonly what: string
  /** Is offered what was accepted before it becomes a Socket, and returns whether it takes it. */
  readonly acceptHandle?: ((handle: object) => boolean) | undefined
}

/** A port on which connections are accepted, which may move while the server runs. */
export class ListeningPort {
  readonly #options: ListeningPortOptions
  readonly #accepted: (raw: Socket) => void
  readonly #log: Logger
  #server: Server
  #address: ListenAddress
  #rebindTimer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(address: ListenAddress, options: ListeningPortOptions, accepted: (raw: Socket) => void, log: Logger) {
    this.#options = options
    this.#accepted = accepted
    this.#log = log
    this.#address = address
    this.#server = this.#newServer()
  }

  /** Port that is bound; 0 while none is. */
  get port(): number {
    const bound = this.#server.address()
    return bound !== null && typeof bound === 'object' ? bound.port : 0
  }

  /** Resolves with the port once connections are accepted. @throws the system's error: EADDRINUSE, EACCES … */
  listen(): Promise<number> {
    const { port, address } = this.#address
    const { backlog, what, acceptHandle } = this.#options
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: address ?? undefined, backlog: backlog ?? BACKLOG_DEFAULT }, () => {
        server.removeListener('error', reject)
        if (acceptHandle !== undefined) offerHandles(server, acceptHandle)
        server.on('error', (error) => this.#log.error(`cannot accept ${what}: ${error.message}`))
        resolve(this.port)
      })
    })
  }

  /**
   * Listens elsewhere from now on. Connections that are open stay. One that cannot be bound is tried again each second.
   */
  rebind(to: ListenAddress): void {
    if (this.#isStopped || isSame(to, this.#address)) return
    clearTimeout(this.#rebindTimer)
    this.#server.close()
    this.#address = to
    this.#server = this.#newServer()
    const where = `${to.address ?? '*'}:${to.port}`
    const { what } = this.#options
    this.listen().then(
      () => this.#log.info(`${what} are accepted on ${where} now`),
      (error: Error) => {
        this.#log.error(`cannot listen for ${what} on ${where}: ${error.message}`)
        if (!this.#isStopped && this.#address === to) {
          this.#rebindTimer = setTimeout(() => this.#rebindAgain(to), REBIND_RETRY_MS)
        }
      }
    )
  }

  /** Accepts no more connections. Those that are open go on. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#rebindTimer)
    this.#server.close()
  }

  #newServer(): Server {
    const server = createServer({ noDelay: true, keepAlive: this.#options.keepAlive, allowHalfOpen: false })
    return server.on('connection', this.#accepted)
  }

  #rebindAgain(to: ListenAddress): void {
    this.#address = { port: 0, address: null }
    this.rebind(to)
  }
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  return a.port === b.port && a.address === b.address
}
