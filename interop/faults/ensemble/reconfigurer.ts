import { setTimeout as delay } from 'node:timers/promises'
import {
  ConnectionLossError,
  RequestTimeoutError,
  SessionExpiredError,
  ZkError,
  ZooKeeper
} from '../../../src/client/index.ts'
import type { Ensemble } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import { waitFor } from '../../harness/wait-for.ts'
import type { Random } from '../power-cut/random.ts'

/** Of the servers whose digest of the password all members know. */
const SUPER = { scheme: 'digest', auth: 'super:admin' } as const
const OPTIONS = { sessionTimeoutMs: 6_000, requestTimeoutMs: 10_000, reconnectDelayMsMax: 200, auth: [SUPER] } as const
const PAUSE_MS_MAX = 3_000
/** Fewer voters are not left. */
export const VOTERS_MIN = 3
/** What Apache's server logs when it looks for a leader, and when it hears of one that not enough servers follow for its taste. */
const ELECTION_BEGAN = 'New election.'
const SAW_A_LEADER = 'Oracle indicates not to follow'
const FREE_TIMEOUT_MS = 20_000

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

  /**
   * Frees servers of Apache's that wait for the quorum of a configuration that was proposed and never committed, which they do until there is a
   * newer one: each of those that do not serve changes its part.
   *
   * @returns how many there were
   */
  async free(): Promise<number> {
    const stuck: Member[] = []
    for (const member of this.#ensemble.members) {
      if (member.kind !== 'apache' || (await member.mode()) !== null) continue
      const log = member.log()
      if (log.includes(SAW_A_LEADER, log.lastIndexOf(ELECTION_BEGAN))) stuck.push(member)
    }
    if (stuck.length === 0) return 0
    const client = new ZooKeeper(this.#ensemble.connectString, OPTIONS)
    for (const { sid } of stuck) {
      await waitFor(`a reconfiguration for server ${sid}`, FREE_TIMEOUT_MS, async () => {
        const line = (await serverLines(client)).find((one) => one.startsWith(`server.${sid}=`))
        if (line === undefined) throw new Error(`there is no server ${sid}`)
        const changed = await client.reconfig({ joining: withOtherPart(line) }).catch(() => null)
        return changed === null ? null : true
      })
    }
    await client.close()
    return stuck.length
  }

  /** One server changes its part. */
  async #change(client: ZooKeeper): Promise<void> {
    const lines = await serverLines(client)
    const voters = lines.filter(isVoter)
    const able = voters.length > VOTERS_MIN ? lines : lines.filter((line) => !isVoter(line))
    const line = able[this.#random.below(able.length)]
    if (line === undefined) throw new Error(`nobody can change in ${lines.join(' ')}`)
    await client.reconfig({ joining: withOtherPart(line) })
  }
}

async function serverLines(client: ZooKeeper): Promise<string[]> {
  const { data } = await client.getConfig()
  const lines = Buffer.from(data ?? [])
    .toString()
    .split('\n')
  return lines.filter((line) => line.startsWith('server.'))
}

function isVoter(line: string): boolean {
  return line.includes(':participant')
}

function withOtherPart(line: string): string {
  return isVoter(line) ? line.replace(':participant', ':observer') : line.replace(':observer', ':participant')
}
