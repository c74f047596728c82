import { setTimeout as delay } from 'node:timers/promises'
import type { ServerKind } from '../../interop/differential/servers.ts'
import { type LoadResult, runLoad, startLoad, targetArguments } from '../load-generator.ts'
import { machineTime, type OtherWork, otherWork, ownSeconds, residentBytes } from '../machine.ts'
import type { Plan } from '../plan.ts'
import type { CostResult } from '../report/cost-summary.ts'
import { type ServersOptions, ServersUnderLoad } from '../servers/servers-under-load.ts'
import { type BigTreeFigures, measureBigTree } from './big-tree.ts'
import { type CostName, costOf } from './cost-list.ts'
import { secondsToFirstAnswer } from './start-time.ts'

/** What both kinds cost, sample by sample. */
type Samples = Readonly<Record<ServerKind, readonly number[]>>

const KINDS = ['apache', 'zoonode'] as const
const MB = 1024 * 1024
const STARTS = 5
const IDLE_SESSIONS = 10_000
const FLUSHES_SECONDS_MAX = 5

/**
 * Measures the costs of a plan one after the other; one that fails does not stop the others.
 *
 * @param onResult called after each
 */
export async function measureCosts(
  plan: Plan,
  options: ServersOptions,
  onResult: (result: CostResult) => void
): Promise<void> {
  const meter = new CostMeter(plan, options)
  for (const name of plan.costs) {
    const cost = costOf(name)
    const before = machineTime()
    const usedBefore = ownSeconds()
    // The servers have ended by then, and count as this process's.
    const others = (): OtherWork | null => otherWork(before, machineTime(), ownSeconds() - usedBefore)
    try {
      const samples = await meter.measure(name)
      onResult({ ...cost, ...samples, otherWork: others() })
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error)
      onResult({ ...cost, apache: [], zoonode: [], otherWork: others(), failure })
    }
  }
}

class CostMeter {
  readonly #plan: Plan
  readonly #options: ServersOptions
  /** Made when the first cost asks for it: it has the figures of many. */
  #bigTrees: Promise<Readonly<Record<ServerKind, BigTreeFigures>>> | null = null

  constructor(plan: Plan, options: ServersOptions) {
    this.#plan = plan
    this.#options = options
  }

  async measure(name: CostName): Promise<Samples> {
    switch (name) {
      case 'rss-idle':
        return await this.#ofEach((servers) => this.#idleMemory(servers))
      case 'rss-sessions':
        return await this.#ofEach((servers) => this.#sessionsMemory(servers))
      case 'rss-nodes':
        return await this.#ofBigTrees((figures) => figures.residentBytes / MB)
      case 'rss-nodes-collected':
        return await this.#ofBigTrees((figures) => figures.collectedBytes / MB)
      case 'start-empty':
        return await this.#emptyStarts()
      case 'start-nodes': {
        const { apache, zoonode } = await this.#trees()
        return { apache: apache.startSeconds, zoonode: zoonode.startSeconds }
      }
      case 'disk-1x1':
      case 'disk-50x1':
        return await this.#ofSets(name === 'disk-1x1' ? 1 : 50, this.#plan.costSeconds, false, bytesPerSet)
      case 'flushes-1x1':
      case 'flushes-50x1': {
        const seconds = Math.min(this.#plan.costSeconds, FLUSHES_SECONDS_MAX)
        return await this.#ofSets(name === 'flushes-1x1' ? 1 : 50, seconds, true, flushesPerSet)
      }
      case 'turn-nodes':
        return await this.#ofBigTrees((figures) => figures.serving.turns?.turnMs)
      case 'turn-nodes-cpu':
        return await this.#ofBigTrees((figures) => figures.serving.turns?.cpuMs)
      case 'turn-filling':
        return await this.#ofBigTrees((figures) => figures.filling.turns?.turnMs)
      case 'gap-nodes':
        return await this.#ofBigTrees((figures) => figures.gapMs)
      case 'gc-nodes':
        return await this.#ofBigTrees((figures) => figures.serving.pauseMs)
      case 'gc-filling':
        return await this.#ofBigTrees((figures) => figures.filling.pauseMs)
    }
  }

  /** A sample of a fresh server of each kind. */
  async #ofEach(measure: (servers: ServersUnderLoad) => Promise<number>): Promise<Samples> {
    const samples = { apache: [] as number[], zoonode: [] as number[] }
    for (const kind of KINDS) {
      const servers = await ServersUnderLoad.standalone(kind, this.#options)
      try {
        await servers.start()
        samples[kind].push(await measure(servers))
      } catch (error) {
        throw new Error(`${kind}: ${error instanceof Error ? error.message : String(error)} ${servers.lastWords}`)
      } finally {
        await servers.stop()
      }
    }
    return samples
  }

  async #idleMemory({ pids }: ServersUnderLoad): Promise<number> {
    await delay(this.#plan.quietSeconds * 1000)
    return residentBytes(pids[0] ?? 0) / MB
  }

  async #sessionsMemory(servers: ServersUnderLoad): Promise<number> {
    const where = targetArguments(await servers.target('all'))
    const sessions = startLoad(this.#options.program, { ...where, workload: 'hold', connections: IDLE_SESSIONS })
    try {
      await sessions.firstLine
      await delay(this.#plan.quietSeconds * 1000)
      const bytes = residentBytes(servers.pids[0] ?? 0)
      sessions.end()
      await sessions.result
      return bytes / MB
    } finally {
      sessions.kill()
    }
  }

  /** Starts of servers without data, of both kinds in turn. */
  async #emptyStarts(): Promise<Samples> {
    const samples = { apache: [] as number[], zoonode: [] as number[] }
    for (let start = 0; start < STARTS; start++) {
      for (const kind of KINDS) {
        const servers = await ServersUnderLoad.standalone(kind, this.#options)
        try {
          for (const server of servers.servers)
            samples[kind].push(await secondsToFirstAnswer(this.#options.program, server))
        } finally {
          await servers.stop()
        }
      }
    }
    return samples
  }

  async #ofSets(
    connections: number,
    seconds: number,
    countsFlushes: boolean,
    figure: (result: LoadResult) => number
  ): Promise<Samples> {
    return await this.#ofEach(async (servers) => {
      const where = targetArguments(await servers.target('all'))
      const load = { ...where, workload: 'set', connections, depth: 1, seconds, 'count-flushes': countsFlushes }
      return figure(await runLoad(this.#options.program, load))
    })
  }

  #trees(): Promise<Readonly<Record<ServerKind, BigTreeFigures>>> {
    const measure = async () => ({
      apache: await measureBigTree('apache', this.#plan, this.#options),
      zoonode: await measureBigTree('zoonode', this.#plan, this.#options)
    })
    this.#bigTrees ??= measure()
    return this.#bigTrees
  }

  async #ofBigTrees(figure: (figures: BigTreeFigures) => number | undefined): Promise<Samples> {
    const { apache, zoonode } = await this.#trees()
    const sample = (figures: BigTreeFigures): number[] => {
      const value = figure(figures)
      return value === undefined ? [] : [value]
    }
    return { apache: sample(apache), zoonode: sample(zoonode) }
  }
}

function bytesPerSet(result: LoadResult): number {
  return result.serverWriteBytes / result.writes
}

function flushesPerSet(result: LoadResult): number {
  if (result.serverFlushes < 0) throw new Error("the kernel's tracepoints cannot be read: this takes root and tracefs")
  return result.serverFlushes / result.writes
}
