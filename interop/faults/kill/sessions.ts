import {
  ConnectionLossError,
  type SessionCredentials,
  SessionExpiredError,
  ZkError,
  ZooKeeper
} from '../../../src/client/index.ts'

const FOLDER = '/sessions'
/** Of sessions that are to be found again after a restart. */
const LONG_TIMEOUT_MS = 60_000
/** Of sessions that nobody looks after: twice the shortest that the server grants. */
const SHORT_TIMEOUT_MS = 2_000
const TICK_MS = 500
/** What a busy machine may take beyond what the rules say. */
const SLACK_MS = 2_500
/** How often it is looked whether the server is still there while a connection is awaited. */
const CONNECT_CHECK_MS = 250
/** Closed sessions of which one is tried to be resumed at a verification. */
const CLOSED_COUNT_MAX = 30

interface LeftSession {
  readonly credentials: SessionCredentials
  readonly path: string
  /** When the last sign of life was sent at the earliest. */
  readonly heardMs: number
  /** When nobody looked after it any more. */
  readonly leftMs: number
}

/**
 * Sessions at every stage, each with an ephemeral node: left behind (to be resumed after the restart), closed (and never
 * to be seen again), and forgotten (which must expire, but not before their time).
 */
export class Sessions {
  readonly #connectString: string
  readonly #isServerUp: () => boolean
  #left: LeftSession[] = []
  #forgotten: LeftSession[] = []
  #closed: LeftSession[] = []
  #made = 0
  #isRunning = false
  #work: Promise<void> = Promise.resolve()
  readonly counts = { resumed: 0, staysClosed: 0, lives: 0, expired: 0 }

  /** @param isServerUp false once it has been killed: then nobody waits for a connection any more */
  constructor(connectString: string, isServerUp: () => boolean) {
    this.#connectString = connectString
    this.#isServerUp = isServerUp
  }

  /** Sessions of which it is not known yet that they have expired, though nobody looks after them. */
  get forgottenCount(): number {
    return this.#forgotten.length
  }

  async makeFolder(client: ZooKeeper): Promise<void> {
    await client.create(FOLDER)
  }

  /** Makes sessions of all kinds, one after the other, until the server is gone or `rest`. */
  start(reader: ZooKeeper): void {
    this.#isRunning = true
    this.#work = this.#run(reader)
  }

  async rest(): Promise<void> {
    this.#isRunning = false
    await this.#work
  }

  /**
   * Looks what became of the sessions, after a start.
   *
   * @param killedMs when the server before this one was killed
   * @param startedMs when the process of this one was started
   * @returns what is wrong, or null
   * @throws ZkError if the server is gone again
   */
  async verify(reader: ZooKeeper, killedMs: number, startedMs: number): Promise<string | null> {
    for (const session of this.#forgotten) {
      const owner = (await reader.exists(session.path))?.ephemeralOwner
      const wasAlive = killedMs - session.heardMs < SHORT_TIMEOUT_MS
      const isInTime = performance.now() - startedMs < SHORT_TIMEOUT_MS
      if (!wasAlive || !isInTime) continue
      if (owner !== session.credentials.id) return `${session.path} is gone before its session could expire`
      this.counts.lives++
    }
    return (await this.#verifyClosed(reader)) ?? (await this.#verifyLeft(reader))
  }

  /**
   * The nodes of forgotten sessions go in time.
   *
   * @param readyMs since when the server has been able to expire them
   * @returns what is wrong, or null
   */
  async verifyExpiry(reader: ZooKeeper, readyMs: number): Promise<string | null> {
    const expiryMs = SHORT_TIMEOUT_MS + 2 * TICK_MS + SLACK_MS
    const due = this.#forgotten.filter(({ leftMs }) => performance.now() - Math.max(readyMs, leftMs) > expiryMs)
    for (const session of due) {
      if ((await reader.exists(session.path)) !== null) return `${session.path} is there long after its session's end`
      this.#forgotten = this.#forgotten.filter((one) => one !== session)
      this.#closed.push(session)
      this.counts.expired++
    }
    return null
  }

  async #verifyClosed(reader: ZooKeeper): Promise<string | null> {
    for (const { path } of this.#closed) {
      if ((await reader.exists(path)) !== null) return `${path} is back, though its session was closed`
      this.counts.staysClosed++
    }
    const last = this.#closed.at(-1)
    if (last !== undefined && (await this.#isResumable(last))) return `session ${last.credentials.id} is back`
    this.#closed = this.#closed.slice(-CLOSED_COUNT_MAX)
    return null
  }

  async #verifyLeft(reader: ZooKeeper): Promise<string | null> {
    for (let session = this.#left[0]; session !== undefined; session = this.#left[0]) {
      const { credentials, path } = session
      const client = new ZooKeeper(this.#connectString, { session: credentials, sessionTimeoutMs: LONG_TIMEOUT_MS })
      try {
        await this.#connected(client)
        if (client.session?.id !== credentials.id) return `session ${credentials.id} became ${client.session?.id}`
        const stat = await client.exists(path)
        if (stat?.ephemeralOwner !== credentials.id) return `${path} is gone, though its session lives`
        this.counts.resumed++
        this.#left.shift()
        await this.#closeAndNote(client, session, reader)
      } catch (error) {
        if (error instanceof SessionExpiredError)
          return `session ${credentials.id} is gone, though it had time to be resumed`
        throw error
      } finally {
        await client.close({ keepSession: true })
      }
    }
    return null
  }

  async #run(reader: ZooKeeper): Promise<void> {
    try {
      while (this.#isRunning) {
        await this.#make(LONG_TIMEOUT_MS, (_client, session) => void this.#left.push(session))
        if (this.#forgotten.length < 5) {
          await this.#make(SHORT_TIMEOUT_MS, (_client, session) => void this.#forgotten.push(session))
        }
        await this.#make(LONG_TIMEOUT_MS, (client, session) => this.#closeAndNote(client, session, reader))
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    } catch (error) {
      if (!(error instanceof ZkError)) throw error
    }
  }

  async #make(
    timeoutMs: number,
    use: (client: ZooKeeper, session: LeftSession) => Promise<void> | void
  ): Promise<void> {
    const client = new ZooKeeper(this.#connectString, { sessionTimeoutMs: timeoutMs, reconnectDelayMsMax: 50 })
    try {
      await this.#connected(client)
      const path = `${FOLDER}/e-${this.#made++}`
      const heardMs = performance.now()
      await client.create(path, null, { mode: 'ephemeral' })
      if (client.session !== null)
        await use(client, { credentials: client.session, path, heardMs, leftMs: performance.now() })
    } finally {
      await client.close({ keepSession: true })
    }
  }

  /** Closing says nothing of its success; that the node is gone does. */
  async #closeAndNote(client: ZooKeeper, session: LeftSession, reader: ZooKeeper): Promise<void> {
    await client.close()
    if ((await reader.exists(session.path)) === null) this.#closed.push(session)
  }

  /** @throws ZkError when the server is gone, or takes no connection in time */
  async #connected(client: ZooKeeper): Promise<void> {
    const endMs = performance.now() + LONG_TIMEOUT_MS
    for (;;) {
      try {
        await client.connected(CONNECT_CHECK_MS)
        return
      } catch (error) {
        const isWaiting = error instanceof ConnectionLossError && this.#isServerUp() && performance.now() < endMs
        if (!isWaiting) throw error
      }
    }
  }

  async #isResumable({ credentials }: LeftSession): Promise<boolean> {
    const client = new ZooKeeper(this.#connectString, { session: credentials, sessionTimeoutMs: LONG_TIMEOUT_MS })
    try {
      await this.#connected(client)
      return true
    } catch (error) {
      if (error instanceof SessionExpiredError) return false
      throw error
    } finally {
      await client.close({ keepSession: true })
    }
  }
}
