import type { Socket } from 'node:net'
import type { Logger } from '../logging/logger.ts'
import type { PeerServer, PeerSocketOptions, PeerTransport } from './peer-transport.ts'

/** Where to listen; host null = all addresses of the machine. */
export interface ListenAddress {
  readonly host: string | null
  readonly port: number
}

export interface PortListenerOptions {
  /** Of the port, in messages: `election port`. */
  readonly name: string
  readonly addresses: readonly ListenAddress[]
  /** Attempts to bind an address; 0 = no end of them. */
  readonly bindTries: number
  readonly socket: PeerSocketOptions
}

/** Between two attempts to bind, as upstream. */
const BIND_RETRY_MS = 1000

/** Listens on the addresses that one server has for one purpose, and tries again where one cannot be bound yet. */
export class PortListener {
  readonly #options: PortListenerOptions
  readonly #transport: PeerTransport
  readonly #accepted: (socket: Socket) => void
  readonly #log: Logger
  readonly #servers = new Set<PeerServer>()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #ports: number[] = []
  #isClosed = false
  #settle: () => void = ignore

  constructor(options: PortListenerOptions, transport: PeerTransport, accepted: (socket: Socket) => void, log: Logger) {
    this.#options = options
    this.#transport = transport
    this.#accepted = accepted
    this.#log = log
  }

  /** Ports that are bound. */
  get ports(): readonly number[] {
    return this.#ports
  }

  /**
   * Resolves as soon as one address is bound, or when the listener has been closed.
   *
   * @throws Error, the system's, when no address could be bound however often it was tried
   */
  open(): Promise<void> {
    const { addresses, name } = this.#options
    let failed = 0
    return new Promise((resolve, reject) => {
      this.#settle = resolve
      for (const address of addresses) {
        this.#bind(address, 1, resolve, (error) => {
          failed++
          if (failed === addresses.length) reject(error)
        })
      }
      if (addresses.length === 0) reject(new Error(`no address for the ${name}`))
    })
  }

  /** Accepts no more. Sockets that were accepted are their owner's. */
  close(): void {
    this.#isClosed = true
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    for (const server of this.#servers) server.close()
    this.#servers.clear()
    this.#settle()
  }

  #bind(address: ListenAddress, attempt: number, bound: () => void, failed: (error: Error) => void): void {
    const { name, bindTries, socket } = this.#options
    const where = `${name} ${address.host ?? '*'}:${address.port}`
    const opened = this.#transport.createServer(socket, (peer) => {
      if (this.#isClosed) peer.destroy()
      else this.#accepted(peer)
    })
    const { server } = opened
    this.#servers.add(opened)
    let isBound = false
    server.on('error', (error) => {
      if (this.#isClosed) return
      if (isBound) return this.#log.error(`cannot accept connections on the ${where}: ${error.message}`)
      this.#servers.delete(opened)
      this.#log.error(`cannot listen on the ${where} (attempt ${attempt}): ${error.message}`)
      if (bindTries > 0 && attempt >= bindTries) return failed(error)
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        this.#bind(address, attempt + 1, bound, failed)
      }, BIND_RETRY_MS)
      this.#timers.add(timer)
    })
    server.listen({ port: address.port, host: address.host ?? undefined }, () => {
      if (this.#isClosed) return
      isBound = true
      const at = server.address()
      if (at !== null && typeof at === 'object') this.#ports.push(at.port)
      this.#log.info(`listening on the ${where}`)
      bound()
    })
  }
}

function ignore(): void {
  // Nobody waits for the port to be open.
}
