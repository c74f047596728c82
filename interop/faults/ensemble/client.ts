import { setTimeout as delay } from 'node:timers/promises'
import {
  BadVersionError,
  ConnectionLossError,
  NodeExistsError,
  RequestTimeoutError,
  SessionExpiredError,
  SessionMovedError,
  ZooKeeper
} from '../../../src/client/index.ts'
import type { Random } from '../power-cut/random.ts'
import type { Answered, Asked, History } from './history.ts'
import { type BurstAnswer, OwnRegister, SessionPromises } from './session-promises.ts'

export const REGISTERS = ['/r0', '/r1', '/r2'] as const
export const NUMBERED = '/numbered'
/** Holds an ephemeral znode of each session, called by its id. */
export const ALIVE = '/alive'
/** Holds a znode of each client that nobody else writes. */
export const OWN = '/own'

const OPTIONS = { sessionTimeoutMs: 6_000, requestTimeoutMs: 10_000, reconnectDelayMsMax: 200 } as const
const PAUSE_MS_MAX = 20
const BURST_SIZE = 5

/** One client that does one thing after the other, records it, and checks what a session may expect of its server. */
export class HistoryClient {
  readonly #connectString: string
  readonly #history: History
  readonly #random: Random
  readonly #nextValue: () => number
  readonly #created: string[] = []
  readonly #own = new OwnRegister()
  readonly #id: number
  #client: ZooKeeper
  #promises = new SessionPromises()
  /** Whether the session's ephemeral znode was acknowledged. */
  #hasEphemeral = false
  #scratch = 0
  #server: string | null = null
  /** Sessions that a server said were over, in hexadecimal. */
  readonly expired: string[] = []
  /** From which server to which a session went on. */
  readonly moves: (readonly [from: string, to: string])[] = []
  problem: string | null = null

  /** @param nextValue gives each value once */
  constructor(connectString: string, id: number, history: History, random: Random, nextValue: () => number) {
    this.#connectString = connectString
    this.#history = history
    this.#random = random
    this.#nextValue = nextValue
    this.#id = id
    this.#client = this.#newClient()
  }

  /** Paths that were acknowledged as created. */
  get created(): readonly string[] {
    return this.#created
  }

  /** Goes on until `isOver` says so. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver() && this.problem === null) {
      await this.#act()
      await delay(this.#random.below(PAUSE_MS_MAX))
    }
  }

  /** The state at the end goes into the history, too. */
  async readAll(): Promise<void> {
    await this.#client.connected(OPTIONS.requestTimeoutMs)
    for (const path of REGISTERS) await this.#readAfterWrite(path)
    await this.#findEphemeral()
    await this.#readOwn()
  }

  /** Name of the ephemeral znode that has to be there now; null if it was never acknowledged. */
  get ephemeral(): string | null {
    return this.#hasEphemeral ? this.#sessionName : null
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #act(): Promise<void> {
    const path = REGISTERS[this.#random.below(REGISTERS.length)] ?? REGISTERS[0]
    const dice = this.#random.below(24)
    if (dice < 4) await this.#write(path)
    else if (dice < 8) await this.#compareAndSet(path)
    else if (dice < 10) await this.#create()
    else if (dice < 14) await this.#readAfterWrite(path)
    else if (dice < 18) await this.#readAfterSync(path)
    else if (dice < 20) await this.#attempt(() => this.#read(path))
    else if (dice < 22) await this.#attempt(() => this.#burst())
    else if (dice < 23) await this.#attempt(() => this.#findEphemeral())
    else await this.#attempt(() => this.#readOwn())
    this.#judge(this.#promises.sawZxid(this.#client.lastZxid))
  }

  #newClient(): ZooKeeper {
    const client = new ZooKeeper(this.#connectString, OPTIONS)
    client.on('state', (state) => {
      if (state !== 'connected') return
      const { server } = client
      if (server === null) return
      if (this.#server !== null && this.#server !== server) this.moves.push([this.#server, server])
      this.#server = server
    })
    this.#server = null
    return client
  }

  get #sessionName(): string {
    return (this.#client.session?.id ?? 0n).toString(16)
  }

  #write(path: string): Promise<unknown> {
    const value = this.#nextValue()
    return this.#ask({ key: path, kind: 'write', value }, async () => {
      const { version } = await this.#client.setData(path, String(value))
      this.#saw(path, version)
      return { outcome: 'done', version }
    })
  }

  #compareAndSet(path: string): Promise<unknown> {
    const value = this.#nextValue()
    const expected = this.#promises.version(path)
    return this.#ask({ key: path, kind: 'cas', value, expected }, async () => {
      try {
        const { version } = await this.#client.setData(path, String(value), expected)
        this.#saw(path, version)
        return { outcome: 'done', version }
      } catch (error) {
        if (error instanceof BadVersionError) return { outcome: 'refused' }
        throw error
      }
    })
  }

  #create(): Promise<unknown> {
    return this.#ask({ key: NUMBERED, kind: 'create' }, async () => {
      const path = await this.#client.create(`${NUMBERED}/n-`, null, { mode: 'persistentSequential' })
      this.#created.push(path)
      return { outcome: 'done', version: Number(path.slice(-10)) }
    })
  }

  /** A write of its own before it makes it a read of the present: the server has applied all that came before. */
  #readAfterWrite(path: string): Promise<unknown> {
    return this.#ask({ key: path, kind: 'read' }, async () => {
      await this.#client.setData('/scratch', `${this.#id}-${this.#scratch++}`)
      return this.#read(path)
    })
  }

  #readAfterSync(path: string): Promise<unknown> {
    return this.#ask({ key: path, kind: 'read', isSync: true }, async () => {
      await this.#client.sync(path)
      return this.#read(path)
    })
  }

  /** May be of what is old, but never older than what the session has seen. Sets a watch where there is none. */
  async #read(path: string): Promise<Answered> {
    const watch = this.#promises.watch(path)
    try {
      const { data, stat } = await this.#client.getData(path, watch === null ? {} : { watch: () => watch.fire() })
      this.#saw(path, stat.version)
      if (watch !== null) watch.setAtVersion = stat.version
      return { outcome: 'done', readValue: Number(data?.toString()), version: stat.version }
    } catch (error) {
      if (watch !== null) this.#promises.forgetWatch(path)
      throw error
    }
  }

  #saw(path: string, version: number): void {
    this.#judge(this.#promises.saw(path, version))
  }

  /** Writes and reads of the znode that only this client writes, all sent before any is answered. */
  async #burst(): Promise<void> {
    const path = `${OWN}/${this.#id}`
    let lost: unknown = null
    const orNull = <T>(request: Promise<T>): Promise<T | null> =>
      request.catch((error: unknown) => {
        lost = error
        return null
      })
    const asked = Array.from({ length: BURST_SIZE }, async (): Promise<BurstAnswer> => {
      const value = this.#own.next()
      const written = orNull(this.#client.setData(path, String(value)))
      const read = orNull(this.#client.getData(path))
      const isAcknowledged = (await written) !== null
      const found = await read
      return { value, isAcknowledged, read: found === null ? null : Number(found.data?.toString()) }
    })
    const answers = await Promise.all(asked)
    this.#judge(this.#own.judge(answers, lost === null))
    if (lost !== null) throw lost
  }

  async #readOwn(): Promise<void> {
    await this.#client.setData('/scratch', `${this.#id}-${this.#scratch++}`)
    const { data } = await this.#client.getData(`${OWN}/${this.#id}`)
    this.#judge(this.#own.judgeRead(Number(data?.toString())))
  }

  /** Makes the session's ephemeral znode, and looks for it ever after. */
  async #findEphemeral(): Promise<void> {
    await this.#client.connected(OPTIONS.requestTimeoutMs)
    const id = this.#client.session?.id ?? 0n
    const path = `${ALIVE}/${this.#sessionName}`
    if (!this.#hasEphemeral) {
      await this.#client.create(path, String(this.#id), { mode: 'ephemeral' }).catch((error: unknown) => {
        if (!(error instanceof NodeExistsError)) throw error // one whose answer was lost
      })
      this.#hasEphemeral = true
    }
    const stat = await this.#client.exists(path)
    if (stat !== null) {
      if (stat.ephemeralOwner !== id) this.#fail(`${path} is of ${stat.ephemeralOwner.toString(16)}`)
      return
    }
    // It goes in the moment at which its session ends, of which this client may not have been told yet.
    await this.#client.setData('/scratch', `${this.#id}-${this.#scratch++}`)
    this.#fail(`${path} has gone, and its session has not`)
  }

  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      await this.#recover(error)
    }
  }

  async #ask(asked: Omit<Asked, 'client'>, request: () => Promise<Answered>): Promise<void> {
    let lost: unknown = null
    await this.#history.record({ client: this.#id, ...asked }, async () => {
      try {
        return await request()
      } catch (error) {
        lost = error
        return { outcome: 'unknown' }
      }
    })
    if (lost !== null) await this.#recover(lost)
  }

  async #recover(error: unknown): Promise<void> {
    if (error instanceof SessionExpiredError) {
      this.expired.push(this.#sessionName)
      await this.#client.close({ keepSession: true })
      this.#promises = new SessionPromises()
      this.#hasEphemeral = false
      this.#client = this.#newClient()
      return
    }
    const isLoss =
      error instanceof ConnectionLossError || error instanceof RequestTimeoutError || error instanceof SessionMovedError
    if (!isLoss) this.#fail(String(error))
    await this.#client.connected(OPTIONS.requestTimeoutMs).catch(() => undefined) // the next request tells
  }

  #judge(problem: string | null): void {
    if (problem !== null) this.#fail(problem)
  }

  #fail(what: string): void {
    this.problem ??= `client ${this.#id}: ${what}`
  }
}
