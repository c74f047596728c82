import { expect, test } from '@jest/globals'
import type { PowerCutSettings } from '../../interop/faults/power-cut/power-cuts.ts'
import { recorderProblem, runPowerCuts } from '../../interop/faults/power-cut/power-cuts.ts'

/** More images: `tsx interop/faults/power-cut/run.ts --images 1000 --seed S`. */
const settings: PowerCutSettings = {
  images: 50,
  seed: 20_240,
  recordings: 2,
  stepsOfRecording: 200,
  forceSync: true,
  keepFailures: false
}

const problem = recorderProblem()
const recorderTest = problem === null ? test : test.skip
const reason = problem === null ? '' : ` (skipped: ${problem})`

recorderTest(
  `every disk image that a power cut can leave opens with all that was promised${reason}`,
  async () => {
    const result = await runPowerCuts(settings)

    expect(result.failures).toEqual([])
    expect(result.images).toBe(50)
  },
  600_000
)

recorderTest(
  `without syncs, images are found that lack something: the images tell${reason}`,
  async () => {
    const result = await runPowerCuts({ ...settings, images: 25, recordings: 1, forceSync: false })

    expect(result.failures.length).toBeGreaterThan(3)
  },
  600_000
)
