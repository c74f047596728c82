import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZkError } from '../../../src/client/index.ts'
import { freePort } from '../../harness/free-port.ts'
import { Random } from '../power-cut/random.ts'
import { Counters } from './counters.ts'
import { FileWatcher } from './file-watcher.ts'
import { ServerProcess } from './server-process.ts'
import { Sessions } from './sessions.ts'
import { SharedNames } from './shared-names.ts'
import { Writer } from './writer.ts'

export interface KillSettings {
  readonly kills: number
  readonly seed: number
  /** A deck of moments, shuffled before each round; default: all of them, most under load. */
  readonly moments?: readonly Moment[]
  /** Told after each kill. */
  readonly progress: (line: string) => void
}

export interface KillResult {
  readonly passed: number
  /** The first failure, after which nothing more is tried; null if there was none. */
  readonly failure: string | null
  readonly acknowledgements: number
  /** Kills by the moment that was chosen for them. */
  readonly moments: Record<Moment, number>
  readonly sessions: Sessions['counts']
}

/** When a server is killed: while it starts, on an empty directory or not, just when it is ready, under load, with a snapshot or a new segment begun. */
const MOMENTS = ['first start', 'start', 'ready', 'load', 'snapshot', 'segment'] as const
export type Moment = (typeof MOMENTS)[number]

/** How often each comes in ten kills. */
const DECK: readonly Moment[] = [
  ...(['first start', 'start', 'ready', 'segment'] as const),
  ...(['snapshot', 'snapshot', 'load', 'load', 'load', 'load'] as const)
]

const WRITER_COUNT = 5
const CONNECT_TIMEOUT_MS = 30_000
const LOAD_MS_MAX = 1_200
/** Long enough that sessions expire meanwhile. */
const LONG_LOAD_MS = 6_500
/** Snapshots and segments begin all the time, and every start purges. */
const CONFIG = {
  tickTime: 500,
  clientPortAddress: '127.0.0.1',
  maxSessionTimeout: 120_000,
  snapCount: 300,
  'autopurge.snapRetainCount': 3,
  'autopurge.purgeInterval': 1
}
/** Nothing that a healthy server says after a kill. */
const BAD_LINE = /^.*(FATAL|\[ERROR\]|digest|damaged|uncaught).*$/im

/**
 * Kills a server again and again while clients write to it at full speed, and looks after each start whether everything
 * that was acknowledged is there.
 */
export async function runKills(settings: KillSettings): Promise<KillResult> {
  const folder = mkdtempSync(join(tmpdir(), 'zoonode-kill-'))
  const run = new KillRun(folder, await freePort(), settings)
  const result = await run.run()
  if (result.failure === null) rmSync(folder, { recursive: true, force: true })
  return result
}

class KillRun {
  readonly #folder: string
  readonly #port: number
  readonly #settings: KillSettings
  readonly #random: Random
  readonly #shared = new SharedNames()
  readonly #writers: Writer[]
  readonly #counters: Counters
  readonly #sessions: Sessions
  readonly #moments: Record<Moment, number> = { 'first start': 0, start: 0, ready: 0, load: 0, snapshot: 0, segment: 0 }
  #deck: Moment[] = []
  #server: ServerProcess | null = null
  #startMs = 300
  #killedMs = 0
  #zxid = 0n

  constructor(folder: string, port: number, settings: KillSettings) {
    this.#folder = folder
    this.#port = port
    this.#settings = settings
    this.#random = new Random(settings.seed)
    const connectString = `127.0.0.1:${port}`
    this.#writers = Array.from({ length: WRITER_COUNT }, (_, index) => {
      return new Writer(connectString, `w${index}`, new Random(settings.seed * 100 + index), this.#shared)
    })
    this.#counters = new Counters(connectString)
    this.#sessions = new Sessions(connectString, () => this.#server?.isRunning === true)
  }

  async run(): Promise<KillResult> {
    let passed = 0
    let failure: string | null = null
    try {
      await this.#prepare()
      while (passed < this.#settings.kills) {
        const moment = await this.#cycle()
        passed++
        this.#settings.progress(
          `${passed}/${this.#settings.kills} killed: ${moment}, ${this.#acknowledgements} acknowledged`
        )
      }
      await this.#finish()
    } catch (error) {
      const problems = [...this.#writers, this.#counters].flatMap(({ problem }) => problem ?? [])
      const what = error instanceof Error ? error.message : String(error)
      failure = [...new Set([what, ...problems])].join('; ')
      failure += `\ndata kept in ${this.#folder}, the server said:\n${this.#server?.output}`
    } finally {
      await Promise.all([
        ...this.#writers.map((writer) => writer.close()),
        this.#counters.close(),
        this.#sessions.rest()
      ])
      await this.#server?.kill()
    }
    const moments = this.#moments
    return { passed, failure, acknowledgements: this.#acknowledgements, moments, sessions: this.#sessions.counts }
  }

  get #acknowledgements(): number {
    return [...this.#writers, this.#counters].reduce((sum, { acknowledgements }) => sum + acknowledgements, 0)
  }

  async #prepare(): Promise<void> {
    mkdirSync(join(this.#folder, 'data', 'version-2'), { recursive: true })
    const server = await this.#startAndConnect()
    for (const writer of this.#writers) await writer.makeFolder()
    await this.#counters.makeFolder()
    await this.#counters.reader.create(this.#shared.folder)
    await this.#sessions.makeFolder(this.#counters.reader)
    await this.#kill(server)
  }

  /** One start, what must be there then, and the next kill. */
  async #cycle(): Promise<Moment> {
    const moment = this.#chooseMoment()
    this.#moments[moment]++
    if (moment === 'first start') {
      await this.#killFirstStart()
      return moment
    }
    if (moment === 'start') {
      const server = this.#newServer()
      await pause(this.#random.below(this.#startMs * 1.3))
      await this.#kill(server)
      return moment
    }
    const watcher = new FileWatcher(join(this.#folder, 'data', 'version-2'))
    try {
      const server = await this.#startAndConnect()
      if (moment === 'ready') {
        // The first purge is under way, and so is a verification, which comes to nothing.
        const verified = this.#verify(server).catch(ignoreLoss)
        await pause(this.#random.below(30))
        await this.#kill(server)
        await verified
      } else {
        await this.#verify(server)
        await this.#killUnderLoad(server, moment, watcher)
      }
    } finally {
      watcher.close()
    }
    this.#throwProblems()
    return moment
  }

  /** On a directory of its own: what was begun there must not keep the next start from it. */
  async #killFirstStart(): Promise<void> {
    const options = { folder: join(this.#folder, 'fresh'), config: { ...CONFIG, clientPort: await freePort() } }
    const server = new ServerProcess(options)
    await pause(this.#random.below(this.#startMs * 1.2))
    await server.kill()
    this.#checkOutput(server)
    const next = new ServerProcess(options)
    try {
      await next.ready()
      this.#checkOutput(next)
    } finally {
      await next.kill()
      rmSync(options.folder, { recursive: true, force: true })
    }
  }

  async #killUnderLoad(server: ServerProcess, moment: Moment, watcher: FileWatcher): Promise<void> {
    this.#startWork()
    const isLong = this.#random.chance(0.05)
    if (isLong) {
      await pause(LONG_LOAD_MS)
      await this.#check(this.#sessions.verifyExpiry(this.#counters.reader, server.startedMs + this.#startMs))
    }
    await pause(this.#random.below(LOAD_MS_MAX))
    if (moment === 'snapshot') await watcher.appears(/^snapshot\..*tmp/, LOAD_MS_MAX)
    if (moment === 'segment') await watcher.appears(/^log\..*\.db$/, LOAD_MS_MAX)
    if (moment !== 'load') await pause(this.#random.below(25))
    await this.#kill(server)
  }

  /** Sessions that nobody looks after expire; then an orderly stop, and everything is there once more. */
  async #finish(): Promise<void> {
    let server = await this.#startAndConnect()
    const readyMs = performance.now()
    await this.#verify(server)
    while (this.#sessions.forgottenCount > 0) {
      await pause(100)
      await this.#check(this.#sessions.verifyExpiry(this.#counters.reader, readyMs))
    }
    this.#startWork()
    await pause(300)
    for (const isLast of [false, true]) {
      const { code } = await server.stop()
      if (code !== 0) throw new Error(`an orderly stop ended with ${code}: ${server.output}`)
      await this.#rest()
      this.#checkOutput(server)
      if (isLast) break
      server = await this.#startAndConnect()
      await this.#verify(server)
      this.#throwProblems()
    }
  }

  #startWork(): void {
    for (const writer of this.#writers) writer.start()
    this.#counters.start()
    this.#sessions.start(this.#counters.reader)
  }

  async #rest(): Promise<void> {
    await Promise.all([...this.#writers.map((writer) => writer.rest()), this.#counters.rest(), this.#sessions.rest()])
    const zxids = [...this.#writers, this.#counters].map(({ lastZxid }) => lastZxid)
    this.#zxid = zxids.reduce((one, other) => (one > other ? one : other), this.#zxid)
  }

  #newServer(): ServerProcess {
    const server = new ServerProcess({
      folder: this.#folder,
      config: { ...CONFIG, clientPort: this.#port }
    })
    this.#server = server
    return server
  }

  async #startAndConnect(): Promise<ServerProcess> {
    const server = this.#newServer()
    await server.ready()
    this.#startMs = Math.round(performance.now() - server.startedMs)
    try {
      await Promise.all([...this.#writers, this.#counters].map((client) => client.connected(CONNECT_TIMEOUT_MS)))
    } catch (error) {
      throw new Error(`the clients, who had seen zxid ${this.#zxid}, were not taken back: ${String(error)}`)
    }
    return server
  }

  async #verify(server: ServerProcess): Promise<void> {
    const { reader } = this.#counters
    // First of all, as their time runs.
    await this.#check(this.#sessions.verify(reader, this.#killedMs, server.startedMs))
    for (const writer of this.#writers) await writer.verify()
    await this.#counters.verify()
    await this.#check(this.#shared.verify(reader))
    const zxid = reader.lastZxid
    if (zxid < this.#zxid) throw new Error(`the server is at zxid ${zxid}, but has answered with ${this.#zxid}`)
    this.#throwProblems()
  }

  async #kill(server: ServerProcess): Promise<void> {
    if (!server.isRunning) throw new Error(`the server ended by itself: ${server.output}`)
    await server.kill()
    this.#killedMs = performance.now()
    this.#checkOutput(server)
    await this.#rest()
  }

  #checkOutput(server: ServerProcess): void {
    const [line] = BAD_LINE.exec(server.output) ?? []
    if (line !== undefined) throw new Error(`the server said: ${line}`)
  }

  async #check(problem: Promise<string | null>): Promise<void> {
    const found = await problem
    if (found !== null) throw new Error(found)
  }

  #throwProblems(): void {
    for (const { problem } of [...this.#writers, this.#counters]) if (problem !== null) throw new Error(problem)
  }

  /** From a shuffled deck, so that no moment is left out for long. */
  #chooseMoment(): Moment {
    if (this.#deck.length === 0) this.#deck = [...(this.#settings.moments ?? DECK)]
    const [moment = 'load'] = this.#deck.splice(this.#random.below(this.#deck.length), 1)
    return moment
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function ignoreLoss(error: unknown): void {
  if (!(error instanceof ZkError)) throw error
}
