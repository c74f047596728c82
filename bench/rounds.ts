import { setTimeout as delay } from 'node:timers/promises'
import type { ServerKind } from '../interop/differential/servers.ts'
import { type LoadArguments, type LoadResult, runLoad, targetArguments } from './load-generator.ts'
import { machineTime, otherWork, ownSeconds, processSeconds } from './machine.ts'
import type { Plan } from './plan.ts'
import { type FlushCounts, median, type Round, type ScenarioResult } from './report/summary.ts'
import { OPEN_LOOP_READS_PER_SECOND, type Scenario, SETS_CALIBRATION } from './scenarios.ts'
import type { ServersUnderLoad } from './servers/servers-under-load.ts'

/** The servers of both kinds that a row is measured on. */
export type Pair = Readonly<Record<ServerKind, ServersUnderLoad>>

/** How long the writes of a fail-over go on before the leader is killed, and how long it may take. */
const FAIL_OVER = { warm: 1, seconds: 60 } as const
/** Between two loads, so that what the first one left is done. */
const PAUSE_MS = 200

/** Warms both servers with the load, then measures them in turn, the first of a round changing from round to round. */
export async function runScenario(
  program: string,
  scenario: Scenario,
  pair: Pair,
  plan: Plan
): Promise<ScenarioResult> {
  const rounds: Round[] = []
  let flushes: FlushCounts | null = null
  try {
    const load = await new ScenarioLoad(program, scenario, plan).prepare(pair)
    for (const servers of [pair.apache, pair.zoonode]) await load.warm(servers)
    for (let round = 0; round < plan.rounds; round++) rounds.push(await oneRound(load, pair, round))
    if (scenario.writesOnly)
      flushes = { apache: await load.flushes(pair.apache), zoonode: await load.flushes(pair.zoonode) }
    return { scenario, rounds, flushes }
  } catch (error) {
    const dead = pair.apache.failure ?? pair.zoonode.failure
    const failure = `${error instanceof Error ? error.message : String(error)}${dead === null ? '' : ` (${dead})`}`
    return { scenario, rounds, flushes, failure }
  }
}

async function oneRound(load: ScenarioLoad, pair: Pair, round: number): Promise<Round> {
  const order = round % 2 === 0 ? [pair.apache, pair.zoonode] : [pair.zoonode, pair.apache]
  const before = machineTime()
  const usedBefore = usedSeconds(pair)
  const measured = new Map<ServerKind, LoadResult>()
  for (const servers of order) {
    measured.set(servers.kind, await load.measure(servers))
    await delay(PAUSE_MS)
  }
  const [apache, zoonode] = [measured.get('apache'), measured.get('zoonode')]
  if (apache === undefined || zoonode === undefined) throw new Error('a server is missing')
  return { apache, zoonode, otherWork: otherWork(before, machineTime(), usedSeconds(pair) - usedBefore) }
}

/** CPU time of all that belongs to the benchmark, load generators that have ended included. */
function usedSeconds(pair: Pair): number {
  return ownSeconds() + [...pair.apache.pids, ...pair.zoonode.pids].reduce((sum, pid) => sum + processSeconds(pid), 0)
}

/** One row's load, ready to be put on either kind of servers. */
class ScenarioLoad {
  readonly #program: string
  readonly #scenario: Scenario
  readonly #plan: Plan
  /** Of the open loop. */
  #rates: LoadArguments = {}

  constructor(program: string, scenario: Scenario, plan: Plan) {
    this.#program = program
    this.#scenario = scenario
    this.#plan = plan
  }

  /** Finds the rates of the open loop: sets at half of what the slower of both kinds does. */
  async prepare(pair: Pair): Promise<this> {
    if (this.#scenario.workload !== 'open') return this
    const rates: number[] = []
    for (const servers of [pair.apache, pair.zoonode]) {
      const args = { ...targetArguments(await servers.target('all')), workload: 'set', ...SETS_CALIBRATION }
      const times = Array.from({ length: 3 }, () => ({ ...args, seconds: this.#plan.seconds / 2, warm: 0.5 }))
      const results: LoadResult[] = []
      for (const one of times) results.push(await runLoad(this.#program, one))
      rates.push(median(results.map(({ perSecond }) => perSecond)))
    }
    this.#rates = { rate: OPEN_LOOP_READS_PER_SECOND, 'write-rate': Math.round(Math.min(...rates) / 2) }
    return this
  }

  /** Puts the load on until the server has had enough of it to be fast at it. */
  async warm(servers: ServersUnderLoad): Promise<void> {
    const { warmOperations, warmSecondsMax, seconds } = this.#plan
    if (this.#scenario.workload === 'fail-over') return
    for (let operations = 0, spent = 0; operations < warmOperations && spent < warmSecondsMax; ) {
      const result = await this.#run(servers, { seconds: Math.min(seconds, warmSecondsMax), warm: 0 })
      operations += result.operations
      // The fan-out counts only a part of its time.
      spent += Math.max(result.seconds, Math.min(seconds, warmSecondsMax))
    }
  }

  async measure(servers: ServersUnderLoad): Promise<LoadResult> {
    if (this.#scenario.workload === 'fail-over') return await this.#failOver(servers)
    const { seconds } = this.#plan
    return await this.#run(servers, { seconds, warm: Math.min(1, seconds / 4) })
  }

  /** A short measurement in which the kernel counts the calls of fsync and fdatasync. */
  async flushes(servers: ServersUnderLoad): Promise<LoadResult> {
    return await this.#run(servers, { seconds: Math.min(2, this.#plan.seconds), warm: 0.2, 'count-flushes': true })
  }

  async #run(servers: ServersUnderLoad, more: LoadArguments): Promise<LoadResult> {
    const { workload, connections, depth, options, target } = this.#scenario
    const where = targetArguments(await servers.target(target))
    return await runLoad(this.#program, { ...where, workload, connections, depth, ...options, ...this.#rates, ...more })
  }

  /** Kills the leader; the servers are all back when this returns. */
  async #failOver(servers: ServersUnderLoad): Promise<LoadResult> {
    const leader = await servers.leader()
    const ports = (await servers.followers()).map(({ port }) => port)
    const where = targetArguments({ ports, pids: [], tls: false })
    const args = { ...where, workload: 'fail-over', 'kill-pid': leader.pid, ...FAIL_OVER }
    const result = await runLoad(this.#program, args)
    await leader.exited()
    await servers.start()
    return result
  }
}
