import { connect, type Socket } from 'node:net'
import { JuteReader, JuteWriter } from 'jute-ts'
import { encodeConnectRequest } from '../../src/protocol/generated/proto.ts'
import { OpCode, Xid } from '../../src/protocol/op-code.ts'

const DEADLINE_MS = 30_000
const CLOSED = 'closed'

/** One connection with a session, spoken to byte by byte. */
export class RawClient {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #isClosed = false
  #hasSession = false
  #wake: () => void = () => undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  static async open(port: number): Promise<RawClient> {
    const client = new RawClient(connect(port, '127.0.0.1'))
    const writer = new JuteWriter(64)
    encodeConnectRequest(writer, {
      protocolVersion: 0,
      lastZxidSeenHi: 0,
      lastZxidSeenLo: 0,
      timeOut: 10_000,
      sessionIdHi: 0,
      sessionIdLo: 0,
      passwd: new Uint8Array(16),
      readOnly: false
    })
    client.#send(writer.copyBytes())
    client.#hasSession = (await client.#frame()) !== null
    return client
  }

  /** False if the server has closed the connection instead of granting a session. */
  get hasSession(): boolean {
    return this.#hasSession
  }

  /** Sends a request and returns the reply: its header as text, and its body; `closed` if the connection ends instead. */
  async request(
    type: number,
    xid: number,
    write: (writer: JuteWriter) => void
  ): Promise<{ readonly header: string; readonly err: number | null; readonly body: Buffer }> {
    const writer = new JuteWriter(256)
    writer.writeInt(xid)
    writer.writeInt(type)
    write(writer)
    this.#send(writer.copyBytes())
    const frame = await this.#frame()
    if (frame === null) return { header: CLOSED, err: null, body: Buffer.alloc(0) }
    const reader = new JuteReader(frame)
    const replyXid = reader.readInt()
    const zxid = reader.readLong()
    const err = reader.readInt()
    // The zxid of a write follows from all that happened before.
    const header = `xid ${replyXid}, zxid ${zxid > 0n ? 'positive' : zxid}, err ${err}`
    return { header, err, body: frame.subarray(reader.offset) }
  }

  /** Whether the server closes the connection instead of answering a ping behind what was answered before. */
  async isClosed(): Promise<boolean> {
    const { header } = await this.request(OpCode.ping, Xid.ping, () => undefined)
    return header === CLOSED
  }

  drop(): void {
    this.#socket.destroy()
  }

  #send(payload: Buffer): void {
    const length = Buffer.alloc(4)
    length.writeInt32BE(payload.length)
    this.#socket.write(Buffer.concat([length, payload]))
  }

  async #frame(): Promise<Buffer | null> {
    const isThere = (): boolean =>
      this.#received.length >= 4 && this.#received.length >= 4 + this.#received.readInt32BE(0)
    if (!(await this.#until(() => isThere() || this.#isClosed, DEADLINE_MS))) throw new Error('no answer')
    if (!isThere()) return null
    const end = 4 + this.#received.readInt32BE(0)
    const frame = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    return frame
  }

  async #until(condition: () => boolean, deadlineMs: number): Promise<boolean> {
    const endMs = performance.now() + deadlineMs
    while (!condition()) {
      const leftMs = endMs - performance.now()
      if (leftMs <= 0) return false
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return true
  }
}
