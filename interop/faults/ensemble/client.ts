import { setTimeout as delay } from 'node:timers/promises'
import {
  BadVersionError,
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
  SessionMovedError,
  ZooKeeper
} from '../../../src/client/index.ts'
import type { Random } from '../power-cut/random.ts'
import type { Answered, Asked, History } from './history.ts'

export const REGISTERS = ['/r0', '/r1', '/r2'] as const
export const NUMBERED = '/numbered'

const OPTIONS = { sessionTimeoutMs: 6_000, requestTimeoutMs: 10_000, reconnectDelayMsMax: 200 } as const
const PAUSE_MS_MAX = 20

/** One client that does one thing after the other, records it, and checks what a session may expect of its server. */
export class HistoryClient {
  readonly #connectString: string
  readonly #history: History
  readonly #random: Random
  readonly #nextValue: () => number
  readonly #created: string[] = []
  #client: ZooKeeper
  #id: number
  /** Highest version of each register that this session has seen. */
  #seen = new Map<string, number>()
  #lastZxid = 0n
  #scratch = 0
  expiries = 0
  problem: string | null = null

  /** @param nextValue gives each value once */
  constructor(connectString: string, id: number, history: History, random: Random, nextValue: () => number) {
    this.#connectString = connectString
    this.#history = history
    this.#random = random
    this.#nextValue = nextValue
    this.#client = new ZooKeeper(connectString, OPTIONS)
    this.#id = id
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
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #act(): Promise<void> {
    const path = REGISTERS[this.#random.below(REGISTERS.length)] ?? REGISTERS[0]
    const dice = this.#random.below(10)
    if (dice < 2) await this.#write(path)
    else if (dice < 4) await this.#compareAndSet(path)
    else if (dice < 5) await this.#create()
    else if (dice < 7) await this.#readAfterWrite(path)
    else if (dice < 9) await this.#readAfterSync(path)
    else await this.#readOnly(path)
    if (this.#client.lastZxid < this.#lastZxid) this.#fail(`the zxid went back to ${this.#client.lastZxid}`)
    this.#lastZxid = this.#client.lastZxid
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
    const expected = this.#seen.get(path) ?? 0
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

  /** A read of what may be old, but never older than what the session has seen; not for the history. */
  async #readOnly(path: string): Promise<void> {
    try {
      await this.#read(path)
    } catch (error) {
      await this.#recover(error)
    }
  }

  async #read(path: string): Promise<Answered> {
    const { data, stat } = await this.#client.getData(path)
    this.#saw(path, stat.version)
    return { outcome: 'done', readValue: Number(data?.toString()), version: stat.version }
  }

  #saw(path: string, version: number): void {
    const before = this.#seen.get(path) ?? 0
    if (version < before) this.#fail(`${path} went back from version ${before} to ${version}`)
    this.#seen.set(path, version)
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
      this.expiries++
      await this.#client.close({ keepSession: true })
      this.#client = new ZooKeeper(this.#connectString, OPTIONS)
      this.#seen = new Map()
      this.#lastZxid = 0n
      return
    }
    const isLoss =
      error instanceof ConnectionLossError || error instanceof RequestTimeoutError || error instanceof SessionMovedError
    if (!isLoss) this.#fail(String(error))
    await this.#client.connected(OPTIONS.requestTimeoutMs).catch(() => undefined) // the next request tells
  }

  #fail(what: string): void {
    this.problem ??= `client ${this.#id}: ${what}`
  }
}
