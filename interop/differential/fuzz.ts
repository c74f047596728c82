import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from './generator/random.ts'
import { ATTACKS } from './hostile/attacks.ts'
import { residentMiB, type Survival, survive } from './hostile/watchdog.ts'
import { buildZoonode, startServer } from './servers.ts'

const USAGE = `tsx interop/differential/fuzz.ts [--minutes N] [--seed S]
Treats a zoonode server badly in all ways of hostile/attacks.ts, in an order given by the seed, while a client that
behaves uses it. Stops at the first round after which the server is not well.`

const ATTACKS_PER_ROUND = 20
const MEMORY_MIB_MAX = 700
const LATENCY_MS_MAX = 3000

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' }, help: { type: 'boolean' } }
  })
  if (values.help) {
    console.log(USAGE)
    return 0
  }
  const seed = values.seed ?? Math.random().toString(36).slice(2, 10)
  const random = new Random(seed)
  const untilMs = performance.now() + Number(values.minutes) * 60_000
  const settings = { maxClientCnxns: '0', '4lw.commands.whitelist': '*', 'admin.enableServer': 'false' }
  const projectRoot = join(import.meta.dirname, '../..')
  buildZoonode(projectRoot)
  const server = await startServer('zoonode', { projectRoot, settings })
  console.log(`seed=${seed}`)
  let rounds = 0
  let worstMs = 0
  try {
    for (; performance.now() < untilMs; rounds++) {
      const names: string[] = []
      const survival = await survive(server, async () => {
        for (let count = 0; count < ATTACKS_PER_ROUND; count++) {
          const attack = random.pick(ATTACKS)
          names.push(attack.name)
          await attack.run(server.port, random)
        }
      })
      worstMs = Math.max(worstMs, survival.health.maxMs)
      const problem = problemOf(survival)
      if (problem === null) continue
      console.log(`seed=${seed} round ${rounds}: ${problem}\n${names.join('\n')}\n${server.log().slice(-4000)}`)
      return 1
    }
    console.log(
      `seed=${seed}: ${rounds} rounds of ${ATTACKS_PER_ROUND} attacks, slowest answer ${worstMs.toFixed(0)} ms, ${residentMiB(server.pid)} MiB at the end`
    )
    return 0
  } finally {
    await server.stop()
  }
}

function problemOf(survival: Survival): string | null {
  if (survival.ended !== null) return `the server ended: ${survival.ended}`
  if (!survival.serves) return 'no session for a new client'
  if (survival.health.problem !== null) return `a client that behaves: ${survival.health.problem}`
  if (survival.health.maxMs > LATENCY_MS_MAX) return `an answer took ${survival.health.maxMs.toFixed(0)} ms`
  if (survival.memoryAfterMiB > MEMORY_MIB_MAX) return `${survival.memoryAfterMiB} MiB of memory`
  return null
}

process.exitCode = await main()
