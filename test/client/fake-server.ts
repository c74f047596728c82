import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { JuteReader, JuteWriter } from 'jute-ts'
import {
  type ConnectRequest,
  decodeConnectRequest,
  decodeRequestHeader,
  encodeConnectResponse,
  encodeReplyHeader,
  encodeWatcherEvent,
  type RequestHeader
} from '../../src/protocol/generated/proto.ts'
import { highWord, lowWord } from '../../src/protocol/int64.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'

/** How long a script waits for what it expects of the client. */
const PATIENCE_MS = 25_000

/** What a server grants. */
export interface Grant {
  readonly timeoutMs?: number
  readonly sessionId?: bigint
  readonly readOnly?: boolean
}

/** A request as it came. */
export interface ReceivedRequest {
  readonly header: RequestHeader
  /** At the body. */
  readonly reader: JuteReader
}

/** Things that come one after the other, for somebody who waits for them one after the other. */
class Inbox<T> {
  readonly #items: T[] = []
  #wake: () => void = () => undefined

  push(item: T): void {
    this.#items.push(item)
    this.#wake()
  }

  async next(what: string): Promise<T> {
    const deadlineMs = performance.now() + PATIENCE_MS
    while (this.#items.length === 0) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) throw new Error(`no ${what} within ${PATIENCE_MS} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return this.#items.shift() as T // checked above
  }

  get size(): number {
    return this.#items.length
  }
}

/** One connection of a client to a fake server, played by a test. */
export class FakeConnection {
  readonly #socket: Socket
  readonly #frames = new Inbox<Buffer>()
  #received: Buffer = Buffer.alloc(0)
  #isClosed = false
  #onClose: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#split(chunk))
    socket.on('error', () => undefined) // the client may drop the connection at any time
    socket.on('close', () => {
      this.#isClosed = true
      this.#onClose()
    })
  }

  /** The client's first frame. */
  async greeting(): Promise<ConnectRequest> {
    return decodeConnectRequest(new JuteReader(await this.#frames.next('greeting')))
  }

  /** Reads the greeting and grants a session. */
  async accept(grant: Grant = {}): Promise<ConnectRequest> {
    const greeting = await this.greeting()
    this.grant(grant)
    return greeting
  }

  grant({ timeoutMs = 60_000, sessionId = 0x1234n, readOnly = false }: Grant = {}): void {
    const passwd = new Uint8Array(16).fill(7)
    const id = { sessionIdHi: highWord(sessionId), sessionIdLo: lowWord(sessionId) }
    this.sendFrame((writer) =>
      encodeConnectResponse(writer, { protocolVersion: 0, timeOut: timeoutMs, ...id, passwd, readOnly })
    )
  }

  /** Answers that the session is over. */
  expire(): void {
    this.grant({ timeoutMs: 0, sessionId: 0n })
  }

  /** The next request that is not a ping. */
  async request(): Promise<ReceivedRequest> {
    for (;;) {
      const received = await this.anyRequest()
      if (received.header.type !== OpCode.ping) return received
    }
  }

  async anyRequest(): Promise<ReceivedRequest> {
    const reader = new JuteReader(await this.#frames.next('request'))
    return { header: decodeRequestHeader(reader), reader }
  }

  /** Count of frames that have come and nobody has looked at. */
  get waitingCount(): number {
    return this.#frames.size
  }

  reply(xid: number, options: { zxid?: bigint; err?: number; body?: (writer: JuteWriter) => void } = {}): void {
    this.sendFrame((writer) => encodeReply(writer, xid, options))
  }

  event(type: number, path: string, zxid = -1n): void {
    this.sendFrame((writer) => {
      encodeReply(writer, Xid.notification, { zxid })
      encodeWatcherEvent(writer, { type, state: 3, path })
    })
  }

  sendFrame(encode: (writer: JuteWriter) => void): void {
    this.sendBytes(frame(encode))
  }

  sendBytes(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  end(): void {
    this.#socket.end()
  }

  /** Breaks the connection without a farewell. */
  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    if (this.#isClosed) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`the client kept the connection for ${PATIENCE_MS} ms`)),
        PATIENCE_MS
      )
      this.#onClose = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #split(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    while (this.#received.length >= 4) {
      const length = this.#received.readInt32BE(0)
      if (this.#received.toString('latin1', 0, 4) === 'isro') {
        this.#frames.push(this.#received)
        return
      }
      if (this.#received.length < 4 + length) return
      this.#frames.push(this.#received.subarray(4, 4 + length))
      this.#received = this.#received.subarray(4 + length)
    }
  }

  /** The next four-letter word. */
  async word(): Promise<string> {
    return (await this.#frames.next('word')).toString('latin1')
  }
}

/** A server whose answers are a test's. */
export class FakeServer {
  readonly #server: Server
  readonly #connections = new Inbox<FakeConnection>()
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      this.#connections.push(new FakeConnection(socket))
    })
  }

  static async start(port = 0): Promise<FakeServer> {
    const server = createServer()
    const fake = new FakeServer(server)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return fake
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** The next connection that a client makes. */
  connection(): Promise<FakeConnection> {
    return this.#connections.next('connection')
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

export function frame(encode: (writer: JuteWriter) => void): Buffer {
  const writer = new JuteWriter()
  writer.writeInt(0)
  encode(writer)
  const bytes = writer.copyBytes()
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

export function encodeReply(
  writer: JuteWriter,
  xid: number,
  { zxid = 0n, err = 0, body }: { zxid?: bigint; err?: number; body?: (writer: JuteWriter) => void } = {}
): void {
  encodeReplyHeader(writer, { xid, zxidHi: highWord(zxid), zxidLo: lowWord(zxid), err })
  body?.(writer)
}
