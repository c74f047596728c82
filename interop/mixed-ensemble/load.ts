import {
  BadVersionError,
  ConnectionLossError,
  NodeExistsError,
  NoNodeError,
  RequestTimeoutError,
  ZooKeeper
} from '../../src/client/index.ts'
import { waitFor } from '../harness/wait-for.ts'

export interface LoadReport {
  readonly acknowledged: number
  readonly uncertain: number
  /** Longest time in which none of the clients had a write acknowledged. */
  readonly longestGapMs: number
}

/** A line of what happened just now. */
export type Journal = (line: string) => void

const SESSION_TIMEOUT_MS = 8_000
const REQUEST_TIMEOUT_MS = 20_000
const PAUSE_MS = 4
/** What takes longer goes into the journal. */
const SLOW_MS = 300
const FOLDER = '/load'

/**
 * Clients that write and check what they read, one request after the other, while servers come and go under them. Each keeps
 * one session, with an ephemeral znode, for the whole time: an expiry is a fault.
 */
export class Load {
  readonly #clients: LoadClient[] = []
  readonly #connectStrings: readonly string[]
  readonly #journal: Journal
  #lastMs = performance.now()
  #longestGapMs = 0

  /**
   * @param connectStrings clients take them in turn
   * @param journal        takes what clients went through, for a look at the moment when something was odd
   */
  constructor(connectStrings: string | readonly string[], journal: Journal = () => undefined) {
    this.#connectStrings = typeof connectStrings === 'string' ? [connectStrings] : connectStrings
    this.#journal = journal
  }

  async start(count: number): Promise<void> {
    const told = (): void => this.#acknowledged()
    for (let index = 0; index < count; index++) {
      const connectString = this.#connectStrings[index % this.#connectStrings.length] ?? ''
      const client = new LoadClient(connectString, `client-${index}`, told, this.#journal)
      this.#clients.push(client)
      await client.prepare()
    }
    this.resetGap()
    for (const client of this.#clients) client.run()
  }

  get acknowledged(): number {
    return this.#clients.reduce((sum, client) => sum + client.acknowledged, 0)
  }

  /** Longest time without any acknowledged write since the start or {@link resetGap}; a gap that goes on counts. */
  get longestGapMs(): number {
    return Math.max(this.#longestGapMs, performance.now() - this.#lastMs)
  }

  resetGap(): void {
    this.#lastMs = performance.now()
    this.#longestGapMs = 0
  }

  /** What went wrong so far, or null. */
  get problem(): string | null {
    return this.#clients.find((client) => client.problem !== null)?.problem ?? null
  }

  /** Waits until each client has had that many more writes acknowledged, or something is wrong. */
  async goesOn(writes: number, timeoutMs: number): Promise<void> {
    const goals = this.#clients.map((client) => client.acknowledged + writes)
    await waitFor(`${writes} more writes of each client`, timeoutMs, async () => {
      if (this.problem !== null) throw new Error(this.problem)
      return this.#clients.every((client, index) => client.acknowledged >= (goals[index] ?? 0)) ? true : null
    })
  }

  /** Ends the writing; with all answers in, looks for everything that was acknowledged. @throws Error for what is wrong */
  async finish(): Promise<LoadReport> {
    const longestGapMs = this.longestGapMs
    await Promise.all(this.#clients.map((client) => client.rest()))
    try {
      if (this.problem !== null) throw new Error(this.problem)
      for (const client of this.#clients) await client.verify()
      const names = this.#clients.flatMap((client) => client.sequenceNames)
      if (new Set(names).size !== names.length) throw new Error('a sequence number was given twice')
      const uncertain = this.#clients.reduce((sum, client) => sum + client.uncertain, 0)
      return { acknowledged: this.acknowledged, uncertain, longestGapMs }
    } finally {
      await this.close()
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    this.#clients.length = 0
  }

  #acknowledged(): void {
    const nowMs = performance.now()
    const gapMs = nowMs - this.#lastMs
    if (gapMs > SLOW_MS) this.#journal(`the first acknowledged write of anybody for ${Math.round(gapMs)} ms`)
    this.#longestGapMs = Math.max(this.#longestGapMs, gapMs)
    this.#lastMs = nowMs
  }
}

/** One session and what it may expect to find. */
class LoadClient {
  readonly #client: ZooKeeper
  readonly #name: string
  readonly #told: () => void
  readonly #journal: Journal
  /** Paths that were acknowledged as created and never deleted. */
  readonly #created = new Set<string>()
  /** Names in a folder that all clients share. */
  readonly sequenceNames: string[] = []
  acknowledged = 0
  uncertain = 0
  problem: string | null = null
  /** Value of the register that was sent last, and the one acknowledged or read last. */
  #sent = 0
  #seen = 0
  #step = 0
  #isRunning = false
  #done: Promise<void> = Promise.resolve()
  #sessionId = 0n

  constructor(connectString: string, name: string, told: () => void, journal: Journal) {
    this.#name = name
    this.#told = told
    this.#journal = (line) => journal(`${name}: ${line}`)
    const options = {
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      reconnectDelayMsMax: 100
    }
    this.#client = new ZooKeeper(connectString, options)
    this.#client.on('state', (state) => {
      this.#journal(`${state} ${this.#client.server ?? ''}`)
      if (state === 'expired') this.#fail('the session expired')
    })
  }

  get #register(): string {
    return `${FOLDER}/${this.#name}/register`
  }

  async prepare(): Promise<void> {
    const zk = this.#client
    await zk.connected(REQUEST_TIMEOUT_MS)
    for (const path of [FOLDER, `${FOLDER}/shared`]) {
      await zk.create(path).catch((error: unknown) => {
        if (!(error instanceof NodeExistsError)) throw error
      })
    }
    await zk.create(`${FOLDER}/${this.#name}`)
    await zk.create(this.#register, '0')
    await zk.create(`${FOLDER}/${this.#name}/alive`, null, { mode: 'ephemeral' })
    this.#sessionId = zk.session?.id ?? 0n
  }

  run(): void {
    this.#isRunning = true
    this.#done = this.#loop()
  }

  async rest(): Promise<void> {
    this.#isRunning = false
    await this.#done
  }

  close(): Promise<void> {
    this.#isRunning = false
    return this.#client.close()
  }

  /** @throws Error for what is wrong */
  async verify(): Promise<void> {
    const zk = this.#client
    await zk.connected(REQUEST_TIMEOUT_MS)
    await zk.sync('/')
    await this.#read()
    for (const path of this.#created) {
      if ((await zk.exists(path)) === null) throw new Error(`${this.#name}: ${path} was acknowledged and is not there`)
    }
    const alive = await zk.exists(`${FOLDER}/${this.#name}/alive`)
    if (alive?.ephemeralOwner !== this.#sessionId) throw new Error(`${this.#name}: its ephemeral znode has gone`)
    if (this.problem !== null) throw new Error(this.problem)
  }

  async #loop(): Promise<void> {
    while (this.#isRunning && this.problem === null) {
      const kind = this.#step++ % 10
      const begunMs = performance.now()
      try {
        await this.#act(kind)
        const tookMs = performance.now() - begunMs
        if (tookMs > SLOW_MS) this.#journal(`step of kind ${kind} took ${Math.round(tookMs)} ms`)
      } catch (error) {
        this.#journal(`step of kind ${kind} after ${Math.round(performance.now() - begunMs)} ms: ${error}`)
        if (error instanceof ConnectionLossError || error instanceof RequestTimeoutError) {
          this.uncertain++
          await this.#client.connected(REQUEST_TIMEOUT_MS).catch((reason: unknown) => this.#fail(String(reason)))
        } else this.#fail(String(error))
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
  }

  async #act(kind: number): Promise<void> {
    const folder = `${FOLDER}/${this.#name}`
    const zk = this.#client
    switch (kind) {
      case 0:
      case 4:
        return this.#read()
      case 1: {
        const path = await zk.create(`${FOLDER}/shared/n-`, this.#name, { mode: 'persistentSequential' })
        this.#created.add(path)
        this.sequenceNames.push(path)
        break
      }
      case 2: {
        const path = await zk.create(`${folder}/once-${this.#step}`, 'here today')
        this.#tick()
        await zk.delete(path)
        break
      }
      case 3: {
        const path = `${folder}/pair-${this.#step}`
        await zk.transaction().create(path, 'a').setData(this.#register, this.#next()).create(`${path}-b`, 'b').commit()
        this.#seen = this.#sent
        this.#created.add(path).add(`${path}-b`)
        break
      }
      case 5:
        await this.#refused(zk.transaction().create(`${folder}/never`).check(this.#register, 1_000_000).commit())
        break
      case 6:
        await this.#refused(zk.delete(`${folder}/not-there`))
        break
      case 7:
        await zk.sync(this.#register)
        return this.#read()
      default:
        await zk.setData(this.#register, this.#next())
        this.#seen = this.#sent
    }
    this.#tick()
  }

  #next(): string {
    return String(++this.#sent)
  }

  #tick(): void {
    this.acknowledged++
    this.#told()
  }

  async #refused(request: Promise<unknown>): Promise<void> {
    try {
      await request
      this.#fail('what had to fail succeeded')
    } catch (error) {
      if (!(error instanceof BadVersionError || error instanceof NoNodeError)) throw error
    }
  }

  /** The session's own writes are seen, and nothing goes back. */
  async #read(): Promise<void> {
    const { data } = await this.#client.getData(this.#register)
    const value = Number(data?.toString())
    if (!(value >= this.#seen && value <= this.#sent)) {
      this.#fail(`the register is ${value}: ${this.#seen} was seen, ${this.#sent} sent`)
    }
    this.#seen = value
  }

  #fail(what: string): void {
    this.problem ??= `${this.#name}: ${what}`
  }
}
