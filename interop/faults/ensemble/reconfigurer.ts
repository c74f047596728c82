import { setTimeout as delay } from 'node:timers/promises'
import {
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
  ZkError,
  ZooKeeper
} from '../../../src/client/index.ts'
import type { Ensemble } from '../../harness/ensemble.ts'
import type { Random } from '../power-cut/random.ts'

/** Of the servers whose digest of the password all members know. */
const SUPER = { scheme: 'digest', auth: 'super:admin' } as const
const OPTIONS = { sessionTimeoutMs: 6_000, requestTimeoutMs: 10_000, reconnectDelayMsMax: 200, auth: [SUPER] } as const
const PAUSE_MS_MAX = 3_000
const VOTERS_MIN = 3

/** Makes voters observers and observers voters, the leader too, while everything else goes on. */
export class Reconfigurer {
  readonly #ensemble: Ensemble
  readonly #random: Random
  /** Changes that were answered. */
  done = 0
  /** Refused, as without a quorum of the new configuration, or because another change was under way. */
  refused = 0
  unanswered = 0
  problem: string | null = null

  constructor(ensemble: Ensemble, random: Random) {
    this.#ensemble = ensemble
    this.#random = random
  }

  async run(isOver: () => boolean): Promise<void> {
    let client = new ZooKeeper(this.#ensemble.connectString, OPTIONS)
    while (!isOver() && this.problem === null) {
      await delay(this.#random.below(PAUSE_MS_MAX))
      try {
        await this.#change(client)
        this.done++
      } catch (error) {
        if (error instanceof SessionExpiredError) {
          await client.close({ keepSession: true })
          client = new ZooKeeper(this.#ensemble.connectString, OPTIONS)
        } else if (error instanceof ConnectionLossError || error instanceof RequestTimeoutError) this.unanswered++
        else if (error instanceof ZkError) this.refused++
        else this.problem = String(error)
      }
    }
    await client.close()
  }

  /** One server changes its part. */
  async #change(client: ZooKeeper): Promise<void> {
    const { data } = await client.getConfig()
    const lines = Buffer.from(data ?? [])
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('server.'))
    const voters = lines.filter((line) => line.includes(':participant'))
    const able = voters.length > VOTERS_MIN ? lines : lines.filter((line) => !voters.includes(line))
    const line = able[this.#random.below(able.length)]
    if (line === undefined) throw new Error(`nobody can change in ${lines.join(' ')}`)
    const joining = voters.includes(line)
      ? line.replace(':participant', ':observer')
      : line.replace(':observer', ':participant')
    await client.reconfig({ joining })
  }
}
