import { encodeRequest } from '../../interop/differential/requests.ts'
import { RawConnection } from '../../interop/differential/wire/raw-connection.ts'
import { frame, WireWriter } from '../../interop/differential/wire/wire-writer.ts'

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const WAIT_MS = 30_000
/** Requests that are under way at once. */
const WINDOW = 50

/** A session that creates one znode after the other, many at once, and remembers which were acknowledged. */
export class WritingClient {
  readonly #connection: RawConnection
  readonly #name: string
  readonly sessionId: bigint
  readonly password: Buffer
  /** Paths by request, and those whose creation was answered by OK. */
  #sentCount = 0
  readonly acknowledged: string[] = []
  readonly errors: number[] = []

  private constructor(connection: RawConnection, name: string, greeting: Buffer) {
    this.#connection = connection
    this.#name = name
    this.sessionId = greeting.readBigInt64BE(8)
    this.password = Buffer.from(greeting.subarray(20, 36))
  }

  /** @param name no other client's */
  static async open(port: number, name: string): Promise<WritingClient> {
    const { connection, greeting } = await greet(port, 0n, Buffer.alloc(16))
    return new WritingClient(connection, name, greeting)
  }

  get isClosed(): boolean {
    return this.#connection.closed
  }

  pathOf(xid: number): string {
    return `/${this.#name}-${xid}`
  }

  /** Creates znodes until the server closes the connection. */
  async writeUntilClosed(): Promise<void> {
    let answered = 0
    while (!this.isClosed) {
      while (this.#sentCount < answered + WINDOW) {
        const xid = ++this.#sentCount
        const fields = { path: this.pathOf(xid), data: 'x', acl: OPEN, flags: 0 }
        this.#connection.send(frame(encodeRequest({ op: 1, fields }, xid, { lastZxid: 0n })))
      }
      await this.#connection.waitUntil((frames) => frames.length > 0, WAIT_MS)
      for (const reply of this.#connection.takeFrames()) {
        answered++
        const [xid, err] = [reply.readInt32BE(0), reply.readInt32BE(12)]
        if (err === 0) this.acknowledged.push(this.pathOf(xid))
        else this.errors.push(err)
      }
    }
  }

  drop(): void {
    this.#connection.drop()
  }
}

/** Asks for a session, or for one that was. */
export async function greet(
  port: number,
  sessionId: bigint,
  password: Buffer
): Promise<{ connection: RawConnection; greeting: Buffer }> {
  const connection = await RawConnection.open(port)
  const request = new WireWriter()
    .int(0)
    .long(0n)
    .int(30_000)
    .long(sessionId)
    .int(password.length)
    .raw(password)
    .byte(0)
  connection.send(frame(request.take()))
  await connection.waitUntil((frames) => frames.length > 0, WAIT_MS)
  const greeting = connection.takeFrame()
  if (greeting === undefined) throw new Error('no answer to the handshake')
  return { connection, greeting }
}
