import { connect, type Socket } from 'node:net'
import { encodeRequest, type Request } from '../../interop/differential/requests.ts'
import { frame, WireWriter } from '../../interop/differential/wire/wire-writer.ts'

/** A client that opens a session and sends requests, and never reads anything. */
export class DeafClient {
  readonly #socket: Socket
  #xid = 0
  #isClosed = false

  private constructor(socket: Socket, sessionTimeoutMs: number) {
    this.#socket = socket
    socket.pause()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#isClosed = true
    })
    socket.write(
      frame(new WireWriter().int(0).long(0n).int(sessionTimeoutMs).long(0n).blob({ fill: 16 }).byte(0).take())
    )
  }

  /** @param sessionTimeoutMs in which the test has to be over: it sends no pings */
  static async open(port: number, sessionTimeoutMs = 30_000): Promise<DeafClient> {
    const socket = connect({ port, host: '127.0.0.1' })
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return new DeafClient(socket, sessionTimeoutMs)
  }

  /** Whether this side has learnt that the server closed it. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  ask(requests: readonly Request[]): void {
    const frames = requests.map((request) => frame(encodeRequest(request, ++this.#xid, { lastZxid: 0n })))
    this.#socket.write(Buffer.concat(frames))
  }

  drop(): void {
    this.#socket.destroy()
  }
}
