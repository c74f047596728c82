import { expect, test } from '@jest/globals'
import { runKills } from '../../interop/faults/kill/kill-run.ts'

/** More kills: `tsx interop/faults/kill/run.ts --kills 100 --seed S`. */
const MOMENTS = ['load', 'load', 'snapshot', 'segment', 'ready'] as const

test('a server that is killed five times under load loses nothing that it acknowledged', async () => {
  const { passed, failure, acknowledgements } = await runKills({
    kills: MOMENTS.length,
    seed: 20_241,
    moments: MOMENTS,
    progress: () => undefined
  })

  expect(failure).toBeNull()
  expect(passed).toBe(MOMENTS.length)
  expect(acknowledgements).toBeGreaterThan(100)
}, 600_000)
