import { encodeRequest, type Request } from '../requests.ts'
import { RawConnection } from '../wire/raw-connection.ts'
import { frame, WireWriter } from '../wire/wire-writer.ts'

const NODE = '/healthy'
const TIMEOUT_MS = 30_000

/** What a client that behaves saw while others did not. */
export interface Health {
  readonly requestCount: number
  readonly p99Ms: number
  readonly maxMs: number
  /** CPU time that the server's process took while one answer was awaited, at most: how long it was at something else, however busy the machine is. */
  readonly maxServerCpuMs: number
  /** First thing that was wrong, or null. */
  readonly problem: string | null
}

/** A session by hand: one request at a time. */
export class RawSession {
  readonly connection: RawConnection
  #xid = 0

  private constructor(connection: RawConnection) {
    this.connection = connection
  }

  /** @throws Error if the server gives no session */
  static async open(port: number, timeoutMs = 30_000): Promise<RawSession> {
    const connection = await RawConnection.open(port)
    connection.send(frame(new WireWriter().int(0).long(0n).int(timeoutMs).long(0n).blob({ fill: 16 }).byte(0).take()))
    await connection.waitUntil((frames) => frames.length > 0, TIMEOUT_MS)
    const [reply] = connection.takeFrames()
    if (reply === undefined || reply.length < 36 || reply.readInt32BE(4) <= 0) throw new Error('no session')
    return new RawSession(connection)
  }

  /** Sends a request and gives the payload of its answer, or null when the connection was closed instead. */
  async call(request: Request): Promise<Buffer | null> {
    const xid = request.xid ?? ++this.#xid
    this.connection.send(frame(encodeRequest(request, xid, { lastZxid: 0n })))
    const result = await this.connection.waitUntil((frames) => frames.length > 0, TIMEOUT_MS)
    if (result === 'timeout') throw new Error(`no answer to type ${request.op} within ${TIMEOUT_MS} ms`)
    return this.connection.takeFrames()[0] ?? null
  }

  /** Error code of the answer, or 'closed'. */
  async errorOf(request: Request): Promise<number | 'closed'> {
    return (await this.call(request))?.readInt32BE(12) ?? 'closed'
  }

  drop(): void {
    this.connection.drop()
  }
}

/** Writes and reads a node again and again, and measures how long each takes. */
export class HealthyClient {
  readonly #session: RawSession
  readonly #latenciesMs: number[] = []
  readonly #serverCpuMs: () => number
  #maxServerCpuMs = 0
  #problem: string | null = null
  #stopped = false
  #loop: Promise<void> = Promise.resolve()

  private constructor(session: RawSession, serverCpuMs: () => number) {
    this.#session = session
    this.#serverCpuMs = serverCpuMs
  }

  /** @param serverCpuMs CPU time of the server's process so far */
  static async start(port: number, serverCpuMs: () => number): Promise<HealthyClient> {
    const client = new HealthyClient(await RawSession.open(port), serverCpuMs)
    const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
    await client.#session.call({ op: 1, fields: { path: NODE, data: '', acl, flags: 0 } })
    client.#loop = client.#run()
    return client
  }

  async stop(): Promise<Health> {
    this.#stopped = true
    await this.#loop
    this.#session.drop()
    const sorted = [...this.#latenciesMs].sort((a, b) => a - b)
    return {
      requestCount: sorted.length,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
      maxServerCpuMs: this.#maxServerCpuMs,
      problem: this.#problem
    }
  }

  async #run(): Promise<void> {
    for (let turn = 0; !this.#stopped && this.#problem === null; turn++) {
      const data = `turn ${turn}`
      await this.#measure({ op: 5, fields: { path: NODE, data, version: -1 } })
      const reply = await this.#measure({ op: 4, fields: { path: NODE, watch: 0 } })
      if (reply !== null && !reply.includes(data)) this.#problem ??= 'a read did not give what was written before it'
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async #measure(request: Request): Promise<Buffer | null> {
    const startedMs = performance.now()
    const startedCpuMs = this.#serverCpuMs()
    const reply = await this.#session.call(request).catch((error: unknown) => {
      this.#problem ??= String(error)
      return null
    })
    if (reply === null) this.#problem ??= 'the connection was closed'
    else if (reply.readInt32BE(12) !== 0) this.#problem ??= `error ${reply.readInt32BE(12)} to type ${request.op}`
    this.#latenciesMs.push(performance.now() - startedMs)
    this.#maxServerCpuMs = Math.max(this.#maxServerCpuMs, this.#serverCpuMs() - startedCpuMs)
    return reply
  }
}
