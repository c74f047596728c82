import { parseArgs } from 'node:util'
import { recorderProblem, runPowerCuts } from './power-cuts.ts'

/**
 * `tsx interop/faults/power-cut/run.ts --images 1000 --seed 7`; the build must be up to date (`npm run build`). With
 * `--no-sync` the log is not synced, and images that lack something must be found.
 */
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    recordings: { type: 'string', default: '10' },
    steps: { type: 'string', default: '250' },
    'no-sync': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false }
  }
})

const problem = recorderProblem()
if (problem !== null) {
  console.log(`skipped: ${problem}`)
  console.log('0 passed, 0 failed, 1 skipped')
} else {
  const startedMs = performance.now()
  const result = await runPowerCuts({
    images: Number(values.images),
    seed: Number(values.seed),
    recordings: Number(values.recordings),
    stepsOfRecording: Number(values.steps),
    forceSync: !values['no-sync'],
    keepFailures: values.keep
  })
  for (const failure of result.failures) console.log(`seed=${values.seed} ${failure}`)
  const modes = Object.entries(result.byMode).map(([mode, count]) => `${count} ${mode}`)
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.log(
    `seed=${values.seed}: ${result.calls} calls recorded, unsynced changes: ${modes.join(', ')}, ${seconds} s`
  )
  console.log(`${result.images - result.failures.length} passed, ${result.failures.length} failed, 0 skipped`)
  if (result.failures.length > 0) process.exitCode = 1
}
