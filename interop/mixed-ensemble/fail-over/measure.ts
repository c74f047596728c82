import { setTimeout as delay } from 'node:timers/promises'
import { ZooKeeper } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'

/** The sample configuration's limits, for both kinds. */
export const FAIL_OVER_CONFIG = { tickTime: '2000', initLimit: '10', syncLimit: '5' } as const

const CLIENTS = 3
const RECONNECT_DELAY_MS = 20
const PAUSE_MS = 5
const TIMEOUT_MS = 60_000
const WARM_UP_WRITES = 30

/**
 * Kills the leader of an ensemble of three of one kind, again and again.
 *
 * @returns for each round the time from `kill -9` to the first acknowledged write that was sent after it, in milliseconds
 */
export async function measureFailOver(kind: ServerKind, rounds: number, folder: string): Promise<number[]> {
  const settings = { members: participants(kind, kind, kind), config: FAIL_OVER_CONFIG }
  const ensemble = await Ensemble.plan(folder, settings)
  const clients = Array.from({ length: CLIENTS }, () => {
    const options = { sessionTimeoutMs: 10_000, reconnectDelayMsMax: RECONNECT_DELAY_MS }
    return new ZooKeeper(ensemble.connectString, options)
  })
  let isOver = false
  try {
    await ensemble.start()
    let writes = 0
    let killedMs = Number.POSITIVE_INFINITY
    let firstMs: number | null = null
    const write = async (client: ZooKeeper, path: string): Promise<void> => {
      await client.connected(TIMEOUT_MS)
      await client.create(path)
      while (!isOver) {
        const sentMs = performance.now()
        await client.setData(path, String(sentMs)).then(
          () => {
            writes++
            if (sentMs > killedMs) firstMs ??= performance.now()
          },
          () => undefined // the connection was lost: the next one will do
        )
        await delay(PAUSE_MS)
      }
    }
    const loops = clients.map((client, index) => write(client, `/fail-over-${index}`))
    const times: number[] = []
    for (let round = 0; round < rounds; round++) {
      const goal = writes + WARM_UP_WRITES
      await waitFor('writes', TIMEOUT_MS, async () => (writes >= goal ? true : null))
      const leader = await ensemble.serving()
      firstMs = null
      killedMs = performance.now()
      await leader.kill()
      const acknowledgedMs = await waitFor('a write', TIMEOUT_MS, async () => firstMs)
      times.push(acknowledgedMs - killedMs)
      killedMs = Number.POSITIVE_INFINITY
      await leader.start()
      await ensemble.serving()
    }
    isOver = true
    await Promise.all(loops)
    return times
  } finally {
    isOver = true
    await Promise.all(clients.map((client) => client.close()))
    await ensemble.killAll()
  }
}
