import { expect, test } from '@jest/globals'
import { runKills } from '../../interop/faults/kill/kill-run.ts'

/** More kills: `tsx interop/faults/kill/run.ts --kills 100 --seed S`. */
const KILLS = 5

test(`a server that is killed ${KILLS} times under load loses nothing that it acknowledged`, async () => {
  const { passed, failure, acknowledgements } = await runKills({
    kills: KILLS,
    seed: 20_241,
    progress: () => undefined
  })

  expect(failure).toBeNull()
  expect(passed).toBe(KILLS)
  expect(acknowledgements).toBeGreaterThan(100)
}, 180_000)
