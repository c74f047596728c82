import { connect } from '../../src/client/index.ts'
import type { Ensemble } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import { divergence } from '../mixed-ensemble/convergence.ts'
import { Load } from '../mixed-ensemble/load.ts'

const CLIENTS = 3
export const WRITES = 20
export const TIMEOUT_MS = 60_000
const LARGE_COUNT = 200
const AT_A_TIME = 4
const LARGE_BYTES = 50_000
/** A member is a follower in good standing when it is no further behind than this. */
const LAG_MAX = 50n

/**
 * Runs `act` while clients write to a running ensemble and check what they read. At the end everything that was acknowledged must be there, on all
 * members alike.
 */
export async function underLoad(ensemble: Ensemble, act: (load: Load) => Promise<void>): Promise<void> {
  const load = new Load(ensemble.connectString)
  try {
    await load.start(CLIENTS)
    await load.goesOn(WRITES, TIMEOUT_MS)
    await act(load)
    await load.goesOn(WRITES, TIMEOUT_MS)
    await load.finish()
    const found = await divergence(ensemble)
    if (found !== null) throw new Error(found)
  } finally {
    await load.close()
  }
}

/** Kills the leader, waits for another one, and starts the old one again. */
export async function failOver(ensemble: Ensemble, load: Load): Promise<void> {
  const leader = await ensemble.nextLeader()
  await leader.kill()
  await ensemble.nextLeader(leader)
  await load.goesOn(WRITES, TIMEOUT_MS)
  await leader.start()
  await caughtUp(ensemble, leader)
}

/** Stops, changes and starts one member after the other, the leader last, while clients go on. */
export async function roll(ensemble: Ensemble, load: Load, change: (member: Member) => void): Promise<void> {
  const leader = await ensemble.nextLeader()
  for (const member of [...ensemble.members.filter((one) => one !== leader), leader]) {
    await member.stop()
    change(member)
    await member.start()
    await caughtUp(ensemble, member)
    await load.goesOn(WRITES, TIMEOUT_MS)
  }
}

/** So much data that a member is brought up by many pieces of a snapshot, more than a connection takes at once. */
export async function fillUp(ensemble: Ensemble): Promise<void> {
  const zk = await connect(ensemble.connectString)
  await zk.create('/large')
  // Few at a time: a leader closes followers whose disk takes longer than syncLimit.
  for (let index = 0; index < LARGE_COUNT; index += AT_A_TIME) {
    const some = Array.from({ length: AT_A_TIME }, (_, offset) => index + offset)
    await Promise.all(some.map((one) => zk.create(`/large/${one}`, Buffer.alloc(LARGE_BYTES, one))))
  }
  await zk.close()
}

/** A member loses its data, and gets it from its leader. */
export async function withoutData(ensemble: Ensemble, member: Member): Promise<void> {
  await member.stop()
  await member.replaceBy(member.kind, 'clear')
  await member.start()
  await caughtUp(ensemble, member)
}

async function caughtUp(ensemble: Ensemble, member: Member): Promise<void> {
  const leader = await ensemble.serving(TIMEOUT_MS)
  await waitFor(`${member.name} to catch up`, TIMEOUT_MS, async () => {
    const [own, leaders] = await Promise.all([member.zxid(), leader.zxid()])
    return own !== null && leaders !== null && own + LAG_MAX >= leaders ? true : null
  })
}
