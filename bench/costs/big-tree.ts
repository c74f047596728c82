import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { ServerKind } from '../../interop/differential/servers.ts'
import { askFourLetterWord } from '../../interop/harness/four-letter-word.ts'
import { runLoad } from '../load-generator.ts'
import { residentBytes } from '../machine.ts'
import type { Plan } from '../plan.ts'
import type { ServerProcess } from '../servers/server-process.ts'
import { type ServersOptions, ServersUnderLoad } from '../servers/servers-under-load.ts'
import { type Longest, longestJavaPauseMs, longestOf, type Window } from './pauses.ts'
import { secondsToFirstAnswer } from './start-time.ts'

/** What was seen of one server with many znodes. Memory in bytes, times in milliseconds unless they say else. */
export interface BigTreeFigures {
  readonly residentBytes: number
  /** After a full collection of the JVM; ours cannot be asked for one. */
  readonly collectedBytes: number
  readonly startSeconds: readonly number[]
  readonly filling: LongestOf
  readonly serving: LongestOf
  /** The longest wait of pings that are sent each millisecond. */
  readonly gapMs: number
}

interface LongestOf {
  /** Null for Apache's server, whose threads take no turns. */
  readonly turns: Longest | null
  readonly pauseMs: number
}

const VALUE_BYTES = 100
const STARTS = 3
/** Sets go on for so long, and again, until a snapshot has been written. */
const SERVING_SECONDS = 10
const SERVING_ATTEMPTS = 6
const PINGS = { workload: 'ping', connections: 1, rate: 1000, warm: 0 } as const
const SETS = { workload: 'set', connections: 50, depth: 1, warm: 0 } as const

/**
 * Fills a server, leaves it alone, has it serve sets while it takes a snapshot, and kills and starts it a few times.
 *
 * @throws Error if it does not take the tree, or has lost some of it after a start
 */
export async function measureBigTree(kind: ServerKind, plan: Plan, options: ServersOptions): Promise<BigTreeFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'zk-bench-pauses-'))
  const notes = { turns: join(folder, 'turns'), collector: join(folder, 'gc.log') }
  const probe = pathToFileURL(join(options.projectRoot, 'bench/costs/turn-probe.mjs')).href
  const servers = await ServersUnderLoad.standalone(kind, {
    ...options,
    nodeOptions: ['--import', probe],
    environment: { BENCH_TURNS_FILE: notes.turns },
    javaOptions: [`-Xlog:gc:file=${notes.collector}`]
  })
  const watched = new WatchedServer(servers, options.program, notes.turns, notes.collector)
  try {
    await servers.start()
    const { longest: filling } = await watched.during(() =>
      watched.load({ workload: 'fill', keys: plan.nodes, size: VALUE_BYTES })
    )
    await delay(plan.quietSeconds * 1000)
    const resident = residentBytes(watched.server.pid)
    const collected = await watched.collect(plan.quietSeconds / 2)
    const { longest: serving, result: gapMs } = await watched.during(() => watched.serveWithSnapshot())
    const startSeconds: number[] = []
    for (let start = 0; start < STARTS; start++) {
      await watched.server.kill()
      startSeconds.push(await secondsToFirstAnswer(options.program, watched.server))
      await watched.expectNodes(plan.nodes)
    }
    return { residentBytes: resident, collectedBytes: collected, startSeconds, filling, serving, gapMs }
  } finally {
    await servers.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A server whose pauses are noted in files. */
class WatchedServer {
  readonly server: ServerProcess
  readonly #program: string
  readonly #turnsFile: string
  readonly #collectorFile: string

  constructor(servers: ServersUnderLoad, program: string, turnsFile: string, collectorFile: string) {
    const [server] = servers.servers
    if (server === undefined) throw new Error('there is no server')
    this.server = server
    this.#program = program
    this.#turnsFile = turnsFile
    this.#collectorFile = collectorFile
  }

  load(args: Readonly<Record<string, string | number>>) {
    return runLoad(this.#program, { port: this.server.port, ...args })
  }

  /** The longest pauses while something runs. */
  async during<T>(run: () => Promise<T>): Promise<{ longest: LongestOf; result: T }> {
    const fromMs = Date.now()
    const logged = readIfThere(this.#collectorFile).length
    const result = await run()
    const window: Window = { fromMs, untilMs: Date.now() }
    // The probe's last line comes up to a quarter of a second later.
    await delay(500)
    if (this.server.kind === 'zoonode') {
      const turns = longestOf(readIfThere(this.#turnsFile), window)
      return { longest: { turns, pauseMs: turns.pauseMs }, result }
    }
    const pauseMs = longestJavaPauseMs(readIfThere(this.#collectorFile).slice(logged))
    return { longest: { turns: null, pauseMs }, result }
  }

  /** Resident memory after a full collection, as far as one can be asked for. */
  async collect(quietSeconds: number): Promise<number> {
    if (this.server.kind === 'apache') {
      const done = spawnSync('jcmd', [String(this.server.pid), 'GC.run'], { encoding: 'utf8' })
      if (done.status !== 0) throw new Error(`jcmd GC.run: ${done.error ?? done.stderr}`)
      await delay(quietSeconds * 1000)
    }
    return residentBytes(this.server.pid)
  }

  /** Sets and pings until there is a snapshot more. @returns the longest wait of a ping, in milliseconds */
  async serveWithSnapshot(): Promise<number> {
    const before = this.#newestSnapshot()
    let gapMs = 0
    for (let attempt = 0; attempt < SERVING_ATTEMPTS; attempt++) {
      const [, pings] = await Promise.all([
        this.load({ ...SETS, seconds: SERVING_SECONDS }),
        this.load({ ...PINGS, seconds: SERVING_SECONDS })
      ])
      gapMs = Math.max(gapMs, pings.maxUs / 1000)
      if (this.#newestSnapshot() !== before) return gapMs
    }
    throw new Error(`${this.server.kind} took no snapshot in ${SERVING_ATTEMPTS * SERVING_SECONDS} s of sets`)
  }

  /** The snapshot of the highest zxid, in the layout that both kinds have. */
  #newestSnapshot(): bigint {
    const names = readdirSync(join(this.server.dataFolder, 'version-2'))
    const zxids = names.flatMap((name) => {
      const hex = /^snapshot\.([0-9a-f]+)(\.db)?$/.exec(name)?.[1]
      return hex === undefined ? [] : [BigInt(`0x${hex}`)]
    })
    return zxids.reduce((newest, zxid) => (zxid > newest ? zxid : newest), -1n)
  }

  /** @throws Error if fewer nodes are there than were made */
  async expectNodes(least: number): Promise<void> {
    const answer = (await askFourLetterWord(this.server.port, 'srvr')) ?? ''
    const count = Number(/^Node count: (\d+)$/m.exec(answer)?.[1] ?? 0)
    if (count < least) throw new Error(`${this.server.kind} has ${count} of ${least} znodes after a start`)
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
