import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Random } from '../../interop/differential/generator/random.ts'
import { ATTACKS } from '../../interop/differential/hostile/attacks.ts'
import { residentMiB, survive } from '../../interop/differential/hostile/watchdog.ts'
import type { RunningServer } from '../../interop/differential/servers.ts'
import { startHostileTarget } from './hostile-server.ts'

// The longer run: npx tsx interop/differential/fuzz.ts --minutes 60
const SEEDS = ['f1', String(Date.now())]
/** CPU time that the server may take before it answers others. */
const BUSY_MS_MAX = 3000
const MEMORY_MIB_MAX = 700

let server: RunningServer

beforeAll(async () => {
  server = await startHostileTarget()
}, 300_000)

afterAll(async () => {
  await server?.stop()
})

test.each(ATTACKS)(
  'the server and a client that behaves survive $name',
  async (attack) => {
    const random = new Random(attack.name)

    const survival = await survive(server, async () => {
      for (let count = 0; count < 5; count++) await attack.run(server.port, random)
    })

    expect(survival).toMatchObject({ ended: null, serves: true, health: { problem: null } })
    expect(survival.health.maxServerCpuMs).toBeLessThan(BUSY_MS_MAX)
  },
  300_000
)

describe.each(SEEDS)('attacks in the order of seed %s', (seed) => {
  test('leave the server serving, its memory bounded and others unharmed', async () => {
    const random = new Random(seed)

    const survival = await survive(server, async () => {
      for (let count = 0; count < 25; count++) await random.pick(ATTACKS).run(server.port, random)
    })

    expect(survival).toMatchObject({ ended: null, serves: true, health: { problem: null } })
    expect(survival.health.maxServerCpuMs).toBeLessThan(BUSY_MS_MAX)
    expect(residentMiB(server.pid)).toBeLessThan(MEMORY_MIB_MAX)
  }, 300_000)
})
