import { parseArgs } from 'node:util'
import { runKills } from './kill-run.ts'

/**
 * `tsx interop/faults/kill/run.ts --kills 100 --seed 7`; the build must be up to date (`npm run build`). The seed gives
 * what is written and when to kill, as far as a busy machine lets it.
 */
const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 100_000) }
  }
})

const startedMs = performance.now()
const kills = Number(values.kills)
const result = await runKills({
  kills,
  seed: Number(values.seed),
  progress: (line) => console.log(line)
})
const moments = Object.entries(result.moments).map(([moment, count]) => `${count} ${moment}`)
const sessions = Object.entries(result.sessions).map(([what, count]) => `${count} ${what}`)
const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
console.log(`seed=${values.seed}: ${result.acknowledgements} writes acknowledged, kills at ${moments.join(', ')}`)
console.log(`sessions: ${sessions.join(', ')}; ${seconds} s`)
if (result.failure !== null) {
  console.log(`seed=${values.seed} after ${result.passed} kills: ${result.failure}`)
  process.exitCode = 1
}
console.log(`${result.passed} passed, ${result.failure === null ? 0 : 1} failed`)
