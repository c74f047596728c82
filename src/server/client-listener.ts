import { createServer, type Server, type Socket } from 'node:net'
import { fourLetterWordOf } from '../admin/four-letter/four-letter-words.ts'
import { clientAddressText } from '../core/acl/ip-address.ts'
import type { Metrics } from '../core/metrics.ts'
import type { CloseReason } from '../core/outbox.ts'
import type { ConnectionId } from '../core/ports.ts'
import { ExpiryQueue } from '../core/session/expiry-queue.ts'
import { ClientSocket, type SocketSurroundings } from './client-socket.ts'
import type { EventLoop } from './event-loop.ts'
import { monotonicNowMs } from './event-loop.ts'
import type { Logger } from './logging/logger.ts'
import { DirectReads } from './net/direct-reads.ts'
import { DirectWrites } from './net/direct-writes.ts'
import { OutputPool } from './output-pool.ts'

export interface ClientListenerOptions {
  readonly port: number
  /** Address to bind; null = all. */
  readonly address: string | null
  /** null = the system's customary 50. */
  readonly backlog: number | null
  /** Connections per client address; 0 = no limit. */
  readonly maxClientCnxns: number
  /** Connections in all; 0 = no limit. */
  readonly maxCnxns: number
  readonly keepAlive: boolean
  /** Largest frame (`jute.maxbuffer`), bytes. */
  readonly frameBytesMax: number
  /** A connection that has no session after this long is closed, ms. */
  readonly sessionlessTimeoutMs: number
}

/** What the listener tells others, beside the inputs that it feeds to the event loop. */
export interface ClientListenerPorts {
  /**
   * Answers a four-letter word: the bytes that a connection began with, four or more of them.
   * @returns the text to send before closing; null if the bytes begin a frame; 'wait' if more bytes are needed
   */
  fourLetterWord(bytes: Buffer, socket: ClientSocket): string | null | 'wait'
  /** Whether handshakes are taken; else a connection that begins with one is closed. */
  isServing(): boolean
  /** Timeout of a connection's session, ms; null while it has none. */
  sessionTimeoutMs(id: ConnectionId): number | null
  readonly metrics: Metrics
}

const BACKLOG_DEFAULT = 50
const WORD_BYTES = 4
/** As much as Node.js reads at once. */
const READ_BYTES = 64 * 1024
/** Between two attempts to bind a new address. */
const REBIND_RETRY_MS = 1000

/** Where clients are listened for; address null = all. */
export interface ListenAddress {
  readonly port: number
  readonly address: string | null
}

/** Accepts client connections, tells four-letter words from frames, and feeds frames to the event loop. */
export class ClientListener {
  readonly #options: ClientListenerOptions
  readonly #loop: EventLoop
  readonly #ports: ClientListenerPorts
  readonly #log: Logger
  #server: Server
  #address: ListenAddress
  #rebindTimer: NodeJS.Timeout | undefined
  #isStopped = false
  readonly #surroundings: SocketSurroundings
  readonly #sockets = new Map<ConnectionId, ClientSocket>()
  readonly #countByAddress = new Map<string, number>()
  readonly #idle: ExpiryQueue<ClientSocket>
  #lastId = 0
  /** What has just been read from any of the sockets. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #reads = new DirectReads(this.#readBuffer)
  /** Of the socket that is being read from. */
  #readingId: ConnectionId = 0 as ConnectionId
  #receivedMs = 0

  constructor(options: ClientListenerOptions, loop: EventLoop, ports: ClientListenerPorts, log: Logger) {
    this.#options = options
    this.#loop = loop
    this.#ports = ports
    this.#log = log
    this.#idle = new ExpiryQueue(options.sessionlessTimeoutMs, monotonicNowMs())
    this.#surroundings = {
      frameBytesMax: options.frameBytesMax,
      pool: new OutputPool(),
      writes: new DirectWrites(),
      unsent: { bytes: 0 },
      congested: ({ id }) => {
        loop.inputs.pushCongested(id)
        loop.schedule()
      },
      drained: ({ id }) => {
        loop.inputs.pushDrained(id)
        loop.schedule()
      }
    }
    this.#address = { port: options.port, address: options.address }
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
    const { backlog } = this.#options
    const server = this.#server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: address ?? undefined, backlog: backlog ?? BACKLOG_DEFAULT }, () => {
        server.removeListener('error', reject)
        server.on('error', (error) => this.#log.error(`cannot accept client connections: ${error.message}`))
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
    this.listen().then(
      () => this.#log.info(`client connections are accepted on ${where} now`),
      (error: Error) => {
        this.#log.error(`cannot listen for clients on ${where}: ${error.message}`)
        if (!this.#isStopped && this.#address === to) {
          this.#rebindTimer = setTimeout(() => this.#rebindAgain(to), REBIND_RETRY_MS)
        }
      }
    )
  }

  /** Accepts no more connections. Those that are open go on. */
  stopAccepting(): void {
    this.#isStopped = true
    clearTimeout(this.#rebindTimer)
    this.#server.close()
  }

  /** Takes no more requests. What has been read goes on. */
  stopReading(): void {
    for (const socket of this.#sockets.values()) socket.pauseForGood()
  }

  /** Closes all connections after their output has been sent; those that do not take it within the deadline, then. */
  async closeAll(deadlineMs: number): Promise<void> {
    for (const socket of this.#sockets.values()) socket.closeWhenSent()
    const endMs = monotonicNowMs() + deadlineMs
    while (this.#sockets.size > 0 && monotonicNowMs() < endMs) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const socket of this.#sockets.values()) socket.destroy()
  }

  socket(id: ConnectionId): ClientSocket | undefined {
    return this.#sockets.get(id)
  }

  get sockets(): ReadonlyMap<ConnectionId, ClientSocket> {
    return this.#sockets
  }

  /** Output of all connections that their clients have not taken. */
  get unsentBytes(): number {
    return this.#surroundings.unsent.bytes
  }

  /** Connections by when they are closed if nothing is heard of them (`dump`). */
  get expiry(): ExpiryQueue<ClientSocket> {
    return this.#idle
  }

  close(socket: ClientSocket, reason: CloseReason): void {
    if (this.#log.debugEnabled) {
      this.#log.debug(`closing ${socket.remoteAddress}:${socket.remotePort}: ${reason}`)
    }
    socket.closeWhenSent()
  }

  overflow(socket: ClientSocket): void {
    this.#log.warn(
      `closing ${socket.remoteAddress}:${socket.remotePort}: it does not take its replies ` +
        `(${socket.unsentBytes} bytes wait)`
    )
    socket.destroy()
  }

  /** Closes connections that have been silent for too long. */
  tick(nowMs: number, lateMs: number): void {
    if (lateMs > 0) this.#idle.postpone(lateMs)
    for (const socket of this.#idle.expired(nowMs)) {
      if (this.#log.debugEnabled) this.#log.debug(`closing ${socket.remoteAddress}:${socket.remotePort}: silent`)
      this.#ports.metrics.sessionlessConnectionsExpired.add(1)
      socket.destroy()
    }
  }

  #newServer(): Server {
    const server = createServer({ noDelay: true, keepAlive: this.#options.keepAlive, allowHalfOpen: false })
    return server.on('connection', (socket) => this.#accept(socket))
  }

  #rebindAgain(to: ListenAddress): void {
    this.#address = { port: 0, address: null }
    this.rebind(to)
  }

  #accept(raw: Socket): void {
    const address = clientAddressText(raw.remoteAddress ?? '')
    const refusal = this.#refusal(address)
    if (refusal !== null) {
      this.#ports.metrics.connectionRejected.add(1)
      this.#log.warn(refusal)
      raw.destroy()
      return
    }
    const id = ++this.#lastId as ConnectionId
    const socket = new ClientSocket(id, raw, address, this.#surroundings)
    this.#sockets.set(id, socket)
    this.#countByAddress.set(address, (this.#countByAddress.get(address) ?? 0) + 1)
    this.#idle.update(socket, this.#options.sessionlessTimeoutMs, monotonicNowMs())
    this.#reads.begin(raw, (count) => this.#read(socket, count))
    raw.on('error', (error) => {
      if (this.#log.debugEnabled) this.#log.debug(`${address}:${socket.remotePort}: ${error.message}`)
    })
    raw.on('end', () => {
      if (!socket.isClosing) this.#ports.metrics.connectionDropCount.add(1)
    })
    raw.on('close', () => this.#gone(socket))
    this.#loop.inputs.pushOpened(id, address)
    this.#loop.schedule()
  }

  #refusal(address: string): string | null {
    const { maxClientCnxns, maxCnxns } = this.#options
    const fromAddress = this.#countByAddress.get(address) ?? 0
    if (maxClientCnxns > 0 && fromAddress >= maxClientCnxns) {
      return `Too many connections from ${address} - max is ${maxClientCnxns}`
    }
    if (maxCnxns > 0 && this.#sockets.size >= maxCnxns) return `Too many connections - max is ${maxCnxns}`
    return null
  }

  /** @param count bytes that have been read */
  #read(socket: ClientSocket, count: number): void {
    if (socket.isClosing) return
    if (!socket.isHandshakeSeen) {
      const bytes = this.#begin(socket, Buffer.from(this.#readBuffer.subarray(0, count)))
      if (bytes !== null) this.#take(socket, bytes, 0, bytes.length)
    } else if (socket.splitter.heldBytes > 0) {
      this.#take(socket, this.#readBuffer, 0, count)
    } else {
      const { arena } = this.#loop
      const start = arena.keep(this.#readBuffer, count)
      this.#take(socket, arena.page, start, start + count)
    }
  }

  #take(socket: ClientSocket, bytes: Buffer, start: number, end: number): void {
    const nowMs = monotonicNowMs()
    this.#readingId = socket.id
    this.#receivedMs = Math.floor(nowMs)
    const refused = socket.splitter.push(bytes, this.#onFrame, start, end)
    if (refused !== null) return this.#refuseLength(socket, refused)
    this.#touch(socket, nowMs)
    this.#loop.schedule()
  }

  readonly #onFrame = (bytes: Buffer, start: number, end: number): void => {
    this.#loop.inputs.pushFrame(this.#readingId, bytes, start, end, this.#receivedMs)
  }

  /** The first bytes of a connection: a four-letter word, or the first frame. Returns the bytes to go on with. */
  #begin(socket: ClientSocket, chunk: Buffer): Buffer | null {
    const bytes = socket.firstBytes === null ? chunk : Buffer.concat([socket.firstBytes, chunk])
    if (bytes.length < WORD_BYTES) {
      socket.firstBytes = bytes
      return null
    }
    socket.isAsking = fourLetterWordOf(bytes.readInt32BE(0)) !== null
    const answer = this.#ports.fourLetterWord(bytes, socket)
    if (answer === 'wait') {
      socket.firstBytes = bytes
      return null
    }
    socket.firstBytes = null
    if (answer !== null) {
      this.#ports.metrics.bytesReceivedCount.add(WORD_BYTES)
      socket.isClosing = true
      socket.socket.end(answer, 'utf8')
      return null
    }
    if (!this.#ports.isServing()) {
      socket.destroy()
      return null
    }
    socket.isHandshakeSeen = true
    return bytes
  }

  #refuseLength(socket: ClientSocket, length: number): void {
    this.#log.warn(`closing ${socket.remoteAddress}:${socket.remotePort}: frame length ${length} is out of range`)
    socket.isClosing = true
    // What was read before it is still answered: the frames are in the batch, and the close comes behind them.
    this.#loop.schedule()
    setImmediate(() => socket.closeWhenSent())
  }

  #touch(socket: ClientSocket, nowMs: number): void {
    const timeoutMs = this.#ports.sessionTimeoutMs(socket.id)
    if (timeoutMs !== null) this.#idle.update(socket, timeoutMs, nowMs)
  }

  #gone(socket: ClientSocket): void {
    this.#sockets.delete(socket.id)
    this.#idle.remove(socket)
    const count = (this.#countByAddress.get(socket.remoteAddress) ?? 1) - 1
    if (count === 0) this.#countByAddress.delete(socket.remoteAddress)
    else this.#countByAddress.set(socket.remoteAddress, count)
    this.#loop.inputs.pushClosed(socket.id)
    this.#loop.schedule()
  }
}

function isSame(a: ListenAddress, b: ListenAddress): boolean {
  return a.port === b.port && a.address === b.address
}
