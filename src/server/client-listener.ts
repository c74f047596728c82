import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { fourLetterWordOf } from '../admin/four-letter/four-letter-words.ts'
import { sendText } from '../admin/four-letter/send-text.ts'
import { clientAddressText } from '../core/acl/ip-address.ts'
import type { Metrics } from '../core/metrics.ts'
import type { CloseReason } from '../core/outbox.ts'
import type { ConnectionId } from '../core/ports.ts'
import { ExpiryQueue } from '../core/session/expiry-queue.ts'
import { NumberMap } from '../protocol/number-map.ts'
import { ClientSocket, type SocketSurroundings } from './client-socket.ts'
import { ConnectionCounts } from './connection-counts.ts'
import type { EventLoop } from './event-loop.ts'
import { monotonicNowMs } from './event-loop.ts'
import { type ListenAddress, ListeningPort } from './listening-port.ts'
import type { Logger } from './logging/logger.ts'
import { BareSocket } from './net/bare-socket.ts'
import { BareSockets } from './net/bare-sockets.ts'
import { DirectReads } from './net/direct-reads.ts'
import { DirectWrites } from './net/direct-writes.ts'
import { LocalStream } from './net/local-stream.ts'
import { StreamTransport } from './net/stream-transport.ts'
import type { Transport } from './net/transport.ts'
import { OutputPool } from './output-pool.ts'
import type { SecureAcceptor } from './secure-acceptor.ts'

export interface ClientListenerOptions {
  /** Port for plain text; null = none. */
  readonly plainPlace: ListenAddress | null
  /** Port for TLS alone; null = none. */
  readonly securePlace: ListenAddress | null
  /** Does the handshakes; null where no TLS is spoken. */
  readonly secure: SecureAcceptor | null
  /** TLS is taken on the port for plain text, too. */
  readonly isPortUnified: boolean
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
   * @returns the text to send before closing, in pieces; null if the bytes begin a frame; 'wait' if more bytes are needed
   */
  fourLetterWord(bytes: Buffer, socket: ClientSocket): Iterable<string> | null | 'wait'
  /** Whether handshakes are taken; else a connection that begins with one is closed. */
  isServing(): boolean
  /** Timeout of a connection's session, ms; null while it has none. */
  sessionTimeoutMs(id: ConnectionId): number | null
  readonly metrics: Metrics
}

/** What is done with the connections of one port. */
interface Acceptance {
  /** As in messages. */
  readonly what: string
  readonly accepted: (raw: Socket) => void
  readonly acceptHandle?: ((handle: object) => boolean) | undefined
}

const WORD_BYTES = 4
/** As much as Node.js reads at once. */
const READ_BYTES = 64 * 1024

/** Accepts client connections, tells four-letter words from frames, and feeds frames to the event loop. */
export class ClientListener {
  readonly #options: ClientListenerOptions
  readonly #loop: EventLoop
  readonly #ports: ClientListenerPorts
  readonly #log: Logger
  readonly #plainPort: ListeningPort | null
  readonly #securePort: ListeningPort | null
  readonly #surroundings: SocketSurroundings
  readonly #sockets = new NumberMap<ClientSocket>()
  /** Connections of which it is not known yet what they speak. */
  readonly #waiting = new Set<Socket>()
  /** All connections, those that wait included. */
  readonly #counts: ConnectionCounts
  /** What the system calls the client that has connected last, and its address as text. */
  #lastSocketAddress = ''
  #lastAddress = ''
  readonly #idle: ExpiryQueue<ClientSocket>
  #lastId = 0
  /** What has just been read from any of the sockets. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BYTES)
  readonly #reads = new DirectReads(this.#readBuffer)
  readonly #writes = new DirectWrites()
  readonly #bare: BareSockets
  /** Of the socket that is being read from. */
  #readingId: ConnectionId = 0 as ConnectionId
  #receivedMs = 0

  constructor(options: ClientListenerOptions, loop: EventLoop, ports: ClientListenerPorts, log: Logger) {
    this.#options = options
    this.#loop = loop
    this.#ports = ports
    this.#log = log
    this.#counts = new ConnectionCounts(options.maxClientCnxns, options.maxCnxns)
    this.#bare = new BareSockets(this.#readBuffer, this.#writes, options.keepAlive)
    this.#idle = new ExpiryQueue(options.sessionlessTimeoutMs, monotonicNowMs())
    this.#surroundings = {
      frameBytesMax: options.frameBytesMax,
      pool: new OutputPool(),
      unsent: { bytes: 0 },
      congested: ({ id }) => {
        loop.inputs.pushCongested(id)
        loop.schedule()
      },
      drained: ({ id }) => {
        loop.inputs.pushDrained(id)
        loop.schedule()
      },
      received: (socket, count) => this.#read(socket, count),
      ended: (socket) => {
        if (!socket.isClosing) ports.metrics.connectionDropCount.add(1)
      },
      failed: (socket, error) => {
        if (log.debugEnabled) log.debug(`${socket.remoteAddress}:${socket.remotePort}: ${error.message}`)
      },
      gone: (socket) => this.#gone(socket)
    }
    this.#plainPort = this.#newPort(options.plainPlace, {
      what: 'client connections',
      accepted: (raw) => this.#acceptPlain(raw),
      acceptHandle: this.#isTlsPossible ? undefined : (handle) => this.#acceptHandle(handle)
    })
    this.#securePort = this.#newPort(options.securePlace, {
      what: 'client connections over TLS',
      accepted: (raw) => this.#acceptSecure(raw)
    })
  }

  /** Port that is bound for plain text; 0 while none is. */
  get port(): number {
    return this.#plainPort?.port ?? 0
  }

  /** Port that is bound for TLS alone; 0 while none is. */
  get securePort(): number {
    return this.#securePort?.port ?? 0
  }

  /** Resolves once connections are accepted on all ports. @throws the system's error: EADDRINUSE, EACCES … */
  async listen(): Promise<void> {
    await this.#plainPort?.listen()
    await this.#securePort?.listen()
  }

  /** Listens elsewhere from now on, as `ListeningPort.rebind`. */
  rebind(to: ListenAddress): void {
    this.#plainPort?.rebind(to)
  }

  rebindSecure(to: ListenAddress): void {
    this.#securePort?.rebind(to)
  }

  /** Accepts no more connections. Those that are open go on. */
  stopAccepting(): void {
    this.#plainPort?.stop()
    this.#securePort?.stop()
  }

  /** Takes no more requests. What has been read goes on. */
  stopReading(): void {
    for (const socket of this.#sockets.values()) socket.pauseForGood()
  }

  /** Closes all connections after their output has been sent; those that do not take it within the deadline, then. */
  async closeAll(deadlineMs: number): Promise<void> {
    for (const raw of this.#waiting) raw.destroy()
    for (const socket of this.#sockets.values()) socket.closeWhenSent()
    const endMs = monotonicNowMs() + deadlineMs
    while (this.#sockets.size > 0 && monotonicNowMs() < endMs) await new Promise((resolve) => setTimeout(resolve, 5))
    for (const socket of this.#sockets.values()) socket.destroy()
  }

  socket(id: ConnectionId): ClientSocket | undefined {
    return this.#sockets.get(id)
  }

  get sockets(): Pick<NumberMap<ClientSocket>, 'size' | 'values'> {
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
      const timeoutMs = this.#ports.sessionTimeoutMs(socket.id)
      // Its session was not there yet when it was heard of, and a client that has nothing to do says nothing more at first.
      if (timeoutMs !== null && timeoutMs > socket.silenceMs) {
        this.#expect(socket, timeoutMs, nowMs - socket.silenceMs)
        continue
      }
      if (this.#log.debugEnabled) this.#log.debug(`closing ${socket.remoteAddress}:${socket.remotePort}: silent`)
      this.#ports.metrics.sessionlessConnectionsExpired.add(1)
      socket.destroy()
    }
  }

  /**
   * A connection from inside of this process, which is one of a client like any other.
   *
   * @param address stands for the client's: in lists, in the audit log, and as the id of scheme `ip`
   * @returns the client's end; null if there are too many connections
   */
  openLocal(address: string): LocalStream | null {
    const [own, other] = LocalStream.pair()
    if (!this.#admit(address)) return null
    this.#open(new StreamTransport(own, this.#reads, this.#writes), address, false, null)
    return other
  }

  #newPort(address: ListenAddress | null, { what, accepted, acceptHandle }: Acceptance): ListeningPort | null {
    const { backlog, keepAlive } = this.#options
    if (address === null) return null
    return new ListeningPort(address, { backlog, keepAlive, what, acceptHandle }, accepted, this.#log)
  }

  /** Whether TLS may be spoken on the port for plain text, which needs a Socket. */
  get #isTlsPossible(): boolean {
    return this.#options.secure !== null && this.#options.isPortUnified
  }

  #acceptHandle(handle: object): boolean {
    if (!this.#bare.knows(handle)) return false
    let address = ''
    const bare = this.#bare.open(handle, (name) => {
      address = this.#addressOf(name)
      return this.#admit(address)
    })
    if (bare === null) return true
    this.#options.secure?.notePlain(address)
    this.#open(bare, address, false, null)
    return true
  }

  #acceptPlain(raw: Socket): void {
    const address = this.#enter(raw)
    if (address === null) return
    const { secure } = this.#options
    if (secure === null || !this.#isTlsPossible) {
      secure?.notePlain(address)
      this.#openStream(raw, raw, address, false, null)
      return
    }
    this.#await(raw, address)
    const plain = (bytes: Buffer): void => {
      secure.notePlain(address)
      const socket = this.#openStream(raw, raw, address, false, null)
      for (let offset = 0; offset < bytes.length; offset += READ_BYTES) {
        this.#read(socket, bytes.copy(this.#readBuffer, 0, offset))
      }
    }
    secure.tellApart(raw, plain, (socket, certificateId) => {
      this.#openStream(socket, raw, address, false, certificateId)
    })
  }

  #acceptSecure(raw: Socket): void {
    const address = this.#enter(raw)
    if (address === null) return
    this.#await(raw, address)
    this.#options.secure?.accept(raw, (socket, certificateId) => {
      this.#openStream(socket, raw, address, true, certificateId)
    })
  }

  /** Counts a connection that has just been accepted. Returns its address; null if it is one too many. */
  #enter(raw: Socket): string | null {
    const address = this.#addressOf(raw.remoteAddress ?? '')
    if (this.#admit(address)) return address
    raw.destroy()
    return null
  }

  /** perf: connections of one client share its address, in memory and for what is looked up by it. */
  #addressOf(socketAddress: string): string {
    if (socketAddress !== this.#lastSocketAddress) {
      this.#lastSocketAddress = socketAddress
      this.#lastAddress = clientAddressText(socketAddress)
    }
    return this.#lastAddress
  }

  #admit(address: string): boolean {
    const refusal = this.#counts.enter(address)
    if (refusal === null) return true
    this.#ports.metrics.connectionRejected.add(1)
    this.#log.warn(refusal)
    return false
  }

  /** A connection that is none for the core until it is known what is spoken there. */
  #await(raw: Socket, address: string): void {
    this.#waiting.add(raw)
    raw.on('error', ignore)
    raw.once('close', () => {
      if (this.#waiting.delete(raw)) this.#counts.leave(address)
    })
  }

  /** @param stream what is read from: the connection itself, or TLS over it */
  #openStream(
    stream: Socket,
    raw: Socket,
    address: string,
    isOfSecurePort: boolean,
    certificateId: string | null
  ): ClientSocket {
    this.#waiting.delete(raw)
    const transport = new StreamTransport(stream, this.#reads, this.#writes)
    return this.#open(transport, address, isOfSecurePort, certificateId)
  }

  /** Begins to read from a connection, which is counted already. */
  #open(transport: Transport, address: string, isOfSecurePort: boolean, certificateId: string | null): ClientSocket {
    const id = ++this.#lastId as ConnectionId
    const socket = new ClientSocket(id, transport, address, isOfSecurePort, this.#surroundings)
    this.#sockets.set(id, socket)
    this.#expect(socket, this.#options.sessionlessTimeoutMs, monotonicNowMs())
    this.#loop.inputs.pushOpened(id, address)
    if (certificateId !== null) this.#loop.inputs.pushCertified(id, certificateId)
    this.#loop.schedule()
    transport.begin(socket)
    return socket
  }

  /** @param count bytes that have been read */
  #read(socket: ClientSocket, count: number): void {
    if (socket.isClosing) return
    if (!socket.isHandshakeSeen) {
      this.#learnFrom(socket, count)
      if (
        socket.firstBytes !== null ||
        count < WORD_BYTES ||
        fourLetterWordOf(this.#readBuffer.readInt32BE(0)) !== null
      ) {
        const bytes = this.#begin(socket, Buffer.from(this.#readBuffer.subarray(0, count)))
        if (bytes !== null) this.#take(socket, bytes, 0, bytes.length)
        return
      }
      // perf: as most connections begin; nothing is copied that the arena would not hold.
      if (!this.#beginFrames(socket)) return
    }
    if (socket.splitter.heldBytes > 0) {
      this.#take(socket, this.#readBuffer, 0, count)
    } else {
      const { arena } = this.#loop
      const start = arena.keep(this.#readBuffer, count)
      this.#take(socket, arena.page, start, start + count)
    }
  }

  /** From the first reads: how bare sockets are made. */
  #learnFrom({ transport }: ClientSocket, count: number): void {
    if (!(transport instanceof StreamTransport)) return
    const { stream } = transport
    if (stream instanceof Socket && !(stream instanceof TLSSocket)) this.#bare.learnFrom(stream, count)
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
      sendText(this.#streamOf(socket), answer)
      return null
    }
    return this.#beginFrames(socket) ? bytes : null
  }

  /** Returns whether frames are taken from the connection. */
  #beginFrames(socket: ClientSocket): boolean {
    if (this.#ports.isServing()) {
      socket.isHandshakeSeen = true
      return true
    }
    socket.destroy()
    return false
  }

  /** What a text is sent by. Nothing more is read from it. */
  #streamOf({ transport }: ClientSocket): Duplex {
    if (transport instanceof StreamTransport) return transport.stream
    if (!(transport instanceof BareSocket)) throw new Error('a transport without a stream')
    const stream = transport.toStream()
    this.#reads.begin(stream, ignore)
    return stream
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
    if (timeoutMs !== null) this.#expect(socket, timeoutMs, nowMs)
  }

  /** A connection that was heard of at `heardMs` is closed if it is silent for longer than this. */
  #expect(socket: ClientSocket, silenceMs: number, heardMs: number): void {
    socket.silenceMs = silenceMs
    this.#idle.update(socket, silenceMs, heardMs)
  }

  #gone(socket: ClientSocket): void {
    this.#sockets.delete(socket.id)
    this.#counts.leave(socket.remoteAddress)
    this.#idle.remove(socket)
    this.#loop.inputs.pushClosed(socket.id)
    this.#loop.schedule()
  }
}

function ignore(): void {
  // `close` follows and tells all that matters.
}
