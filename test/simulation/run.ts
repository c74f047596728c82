import { parseArgs } from 'node:util'
import { simulate } from './simulation.ts'

/** `tsx test/simulation/run.ts --seeds 1000 --from 1 --steps 400`, or `--seed 7 --trace` to replay one; `--plain` without flow control. */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: '400' },
    trace: { type: 'boolean', default: false },
    plain: { type: 'boolean', default: false }
  }
})

const first = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1
const steps = Number(values.steps)
const startedMs = performance.now()
const sums = { txns: 0, replies: 0, events: 0, crashes: 0, snapshots: 0, sessions: 0 }
let failed = 0
for (let seed = first; seed < first + count; seed++) {
  try {
    const report = await simulate(seed, steps, {
      trace: values.trace ? console.log : undefined,
      hasFlowControl: !values.plain
    })
    for (const key of Object.keys(sums) as (keyof typeof sums)[]) sums[key] += report[key]
  } catch (error) {
    failed++
    console.log(`seed=${seed} steps=${steps}: ${error instanceof Error ? error.stack : String(error)}`)
  }
}
const parts = Object.entries(sums).map(([what, sum]) => `${sum} ${what}`)
console.log(`${parts.join(', ')}, ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
console.log(`${count - failed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
