import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ZooKeeper } from '../../../src/client/index.ts'
import { Ensemble } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Member, MemberPlan } from '../../harness/member.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { FAIL_OVER_CONFIG } from '../fail-over/measure.ts'

/** How a leader ceases to lead: killed, stopped in order, or by the command that names its successor. */
export type Departure = 'kill' | 'stop' | 'transfer'

/** What one departure cost. */
export interface GapOfWrites {
  readonly departure: Departure
  /** Longest time without an acknowledged write, of all clients together, from just before the departure on; ms. */
  readonly gapMs: number
  /** Who led before, and who after that. */
  readonly from: string
  readonly to: string
}

const CLIENTS = 3
const RECONNECT_DELAY_MS = 20
const PAUSE_MS = 5
const TIMEOUT_MS = 60_000
const WARM_UP_WRITES = 100
/** After the departure the gap is looked for so long. */
const WATCHED_MS = 3000
/** Whose digest the ensembles of the harness have. */
const AS_SUPER = { Authorization: 'digest super:test' }

/**
 * Has the leader go, again and again, while each server's client writes.
 *
 * @param wants tells in each round who is to lead next, for a transfer; null leaves it to the leader
 */
export async function measureHandOver(
  plans: readonly MemberPlan[],
  departures: readonly Departure[],
  folder: string,
  wants: (leader: Member, ensemble: Ensemble) => Member | null = () => null
): Promise<GapOfWrites[]> {
  const ensemble = await Ensemble.plan(folder, { members: plans, config: FAIL_OVER_CONFIG })
  const adminPorts = new Map<Member, number>()
  let isOver = false
  const clients: ZooKeeper[] = []
  try {
    await ensemble.start()
    for (const member of ensemble.members) await giveAdminPort(member, adminPorts)
    await ensemble.serving()
    const acknowledgedMs: number[] = []
    const options = { sessionTimeoutMs: 10_000, reconnectDelayMsMax: RECONNECT_DELAY_MS }
    for (let index = 0; index < CLIENTS; index++) clients.push(new ZooKeeper(ensemble.connectString, options))
    const loops = clients.map(async (client, index) => {
      await client.connected(TIMEOUT_MS)
      const path = `/hand-over-${index}`
      await client.create(path)
      while (!isOver) {
        await client.setData(path, String(performance.now())).then(
          () => acknowledgedMs.push(performance.now()),
          () => undefined // the connection was lost: the next one will do
        )
        await delay(PAUSE_MS)
      }
    })
    const gaps: GapOfWrites[] = []
    for (const departure of departures) {
      const leader = departure === 'transfer' ? await ledByZoonode(ensemble) : await ensemble.serving()
      const heir = wants(leader, ensemble)
      acknowledgedMs.length = 0
      await waitFor('writes', TIMEOUT_MS, async () => (acknowledgedMs.length >= WARM_UP_WRITES ? true : null))
      const startMs = performance.now()
      if (departure === 'kill') await leader.kill()
      else if (departure === 'stop') await leader.stop()
      else await transfer(adminPorts.get(leader) ?? 0, heir)
      await waitFor('writes after it', TIMEOUT_MS, async () => {
        const last = acknowledgedMs.at(-1) ?? 0
        return last > startMs + WATCHED_MS ? true : null
      })
      const gapMs = longestGap(acknowledgedMs, startMs)
      if (departure !== 'transfer') await leader.start()
      const next = await ensemble.serving()
      gaps.push({ departure, gapMs, from: leader.name, to: next.name })
    }
    isOver = true
    await Promise.all(loops)
    return gaps
  } finally {
    isOver = true
    await Promise.all(clients.map((client) => client.close()))
    await ensemble.killAll()
  }
}

/** Only a leader of ours can be asked. */
async function ledByZoonode(ensemble: Ensemble): Promise<Member> {
  for (;;) {
    const leader = await ensemble.serving()
    if (leader.kind === 'zoonode') return leader
    await leader.stop()
    await ensemble.serving()
    await leader.start()
  }
}

/** Each server needs a port of its own, and all have one configuration: theirs are written once they have started. */
async function giveAdminPort(member: Member, ports: Map<Member, number>): Promise<void> {
  if (member.kind !== 'zoonode') return
  const port = await freePort()
  ports.set(member, port)
  await member.stop()
  appendFileSync(member.configFile, `admin.enableServer=true\nadmin.serverPort=${port}\n`)
  await member.start()
}

async function transfer(adminPort: number, heir: Member | null): Promise<void> {
  const query = heir === null ? '' : `?to=${heir.sid}`
  const url = `http://127.0.0.1:${adminPort}/commands/transfer_leadership${query}`
  const response = await fetch(url, { method: 'POST', headers: AS_SUPER })
  const answer = (await response.json()) as { error: string | null } // as its documentation says
  if (answer.error !== null) throw new Error(`transfer_leadership: ${answer.error}`)
}

/** Between two acknowledged writes, the second of which came after `fromMs`. */
function longestGap(acknowledgedMs: readonly number[], fromMs: number): number {
  let longest = 0
  for (let index = 1; index < acknowledgedMs.length; index++) {
    const atMs = acknowledgedMs[index] ?? 0
    if (atMs > fromMs) longest = Math.max(longest, atMs - (acknowledgedMs[index - 1] ?? 0))
  }
  return longest
}
