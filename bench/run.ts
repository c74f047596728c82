import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildZoonode, type RunningServer, type ServerKind, startServer } from '../interop/differential/servers.ts'
import { buildLoadGenerator, type LoadResult, runLoad } from './load-generator.ts'
import { describeMachine, machineTime, otherWork, processSeconds } from './machine.ts'
import { quietNote, type Round, type ScenarioResult, summarise, table } from './report.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const USAGE = `npm run bench [-- options]: zoonode beside Apache ZooKeeper 3.9.5 on this machine
  --quick         few scenarios, short rounds
  --full          all scenarios, long rounds
  --only NAME     scenarios whose name begins so (may be repeated)
  --rounds N      rounds of each scenario
  --seconds S     length of one measurement
  --json FILE     where the figures go (.cache/bench/result.json)
  --list          names of the scenarios`

/** Default settings of both, but for what the load needs (connections from one address) and fixed ports. */
const SETTINGS = { maxClientCnxns: '0', 'admin.enableServer': 'false' }
const JAVA_OPTIONS = ['-Xmx1g']
const QUICK = new Set(['get-4x64', 'get-1x1', 'set-50x1', 'create-50x1', 'mixed-90-10-50x1', 'watch-500'])

interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  readonly seconds: number
  readonly json: string
}

async function main(): Promise<number> {
  const projectRoot = join(import.meta.dirname, '..')
  const plan = readPlan(projectRoot)
  if (plan === null) return 0
  buildZoonode(projectRoot)
  const program = buildLoadGenerator(projectRoot)
  const machine = describeMachine()
  console.log(machine)
  const servers: RunningServer[] = []
  const results: ScenarioResult[] = []
  try {
    for (const kind of ['apache', 'zoonode'] as const) {
      servers.push(
        await startServer(kind, { projectRoot, settings: SETTINGS, javaOptions: JAVA_OPTIONS, parentFolder: tmpdir() })
      )
    }
    for (const scenario of plan.scenarios) {
      results.push(await runScenario(program, scenario, servers, plan))
      process.stderr.write(`${scenario.name} done\n`)
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  const note = quietNote(results)
  console.log(table(results))
  console.log(
    'Rates are medians of the rounds; the ratio is zoonode over Apache within a round. CPU: seconds of the server for 100,000 operations.'
  )
  if (note !== null) console.log(note)
  mkdirSync(dirname(plan.json), { recursive: true })
  const summaries = results.filter((result) => result.failure === undefined).map(summarise)
  writeFileSync(plan.json, `${JSON.stringify({ machine, note, seconds: plan.seconds, summaries, results }, null, 2)}\n`)
  console.log(`figures of all rounds: ${plan.json}`)
  return results.every((result) => result.failure === undefined) ? 0 : 1
}

function readPlan(projectRoot: string): Plan | null {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help || values.list) {
    console.log(values.help ? USAGE : SCENARIOS.map(({ name }) => name).join('\n'))
    return null
  }
  const chosen = SCENARIOS.filter(({ name, standard }) => {
    if (values.only !== undefined) return values.only.some((wanted) => name.startsWith(wanted))
    return values.full || (values.quick ? QUICK.has(name) : standard)
  })
  if (chosen.length === 0) throw new Error(`no scenario of that name\n${USAGE}`)
  return {
    scenarios: chosen,
    rounds: Number(values.rounds ?? (values.quick ? 3 : values.full ? 7 : 5)),
    seconds: Number(values.seconds ?? (values.quick ? 2 : values.full ? 5 : 3)),
    json: values.json ?? join(projectRoot, '.cache/bench/result.json')
  }
}

/** Warms both servers with the load, then measures them in turn, the first of a round changing from round to round. */
async function runScenario(
  program: string,
  scenario: Scenario,
  servers: readonly RunningServer[],
  plan: Plan
): Promise<ScenarioResult> {
  const rounds: Round[] = []
  try {
    for (const server of servers) await measure(program, scenario, server, plan.seconds)
    for (let round = 0; round < plan.rounds; round++) {
      const order = round % 2 === 0 ? servers : [...servers].reverse()
      const before = machineTime()
      const ownBefore = ownSeconds(servers)
      const measured = new Map<ServerKind, LoadResult>()
      for (const server of order) measured.set(server.kind, await measure(program, scenario, server, plan.seconds))
      const [apache, zoonode] = [measured.get('apache'), measured.get('zoonode')]
      if (apache === undefined || zoonode === undefined) throw new Error('a server is missing')
      const own = ownSeconds(servers) - ownBefore + apache.generatorCpuSeconds + zoonode.generatorCpuSeconds
      rounds.push({ apache, zoonode, otherWork: otherWork(before, machineTime(), own) })
    }
    return { name: scenario.name, rounds }
  } catch (error) {
    return { name: scenario.name, rounds, failure: `failed: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function measure(program: string, scenario: Scenario, server: RunningServer, seconds: number): Promise<LoadResult> {
  return runLoad(program, scenario, {
    port: server.port,
    serverPid: server.pid,
    seconds,
    warmSeconds: Math.min(1, seconds / 2)
  })
}

function ownSeconds(servers: readonly RunningServer[]): number {
  return processSeconds(process.pid) + servers.reduce((sum, server) => sum + processSeconds(server.pid), 0)
}

process.exitCode = await main()
