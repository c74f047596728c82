import { connect } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { attemptsOf, type Tell } from '../attempts.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'

export interface RollOverScenario {
  readonly name: string
  /** Of the voters 1 to 3, the last of which leads first. */
  readonly members: readonly ServerKind[]
}

export const ROLL_OVER_SCENARIOS: readonly RollOverScenario[] = [
  { name: 'zxids run out under zoonodes', members: ['zoonode', 'zoonode', 'zoonode'] },
  { name: 'zxids run out under an Apache among zoonodes', members: ['zoonode', 'zoonode', 'apache'] },
  { name: 'zxids run out under a zoonode among Apaches', members: ['apache', 'apache', 'zoonode'] }
]

/** Zxids that each epoch has. */
const EPOCH_ZXIDS = 1000
/** What the comparison of all members writes, and then some. */
const ROOM_ZXIDS = 400
const LAST_COUNTER = 0xffff_ffff
const ROLL_OVERS = 2
const LOAD_CLIENTS = 3
const WRITES = 10
const GO_ON_TIMEOUT_MS = 45_000
const EPOCH_TIMEOUT_MS = 120_000

/**
 * Epochs of which only the last zxids are given (`testingonly.initialZxid`): writes of clients bring them to their end, a new
 * leader is elected for the next one, and nothing is lost.
 */
export async function runRollOver(scenario: RollOverScenario, folder: string, tell: Tell): Promise<void> {
  const initialZxid = String(LAST_COUNTER - EPOCH_ZXIDS)
  const ensemble = await Ensemble.plan(folder, {
    members: participants(...scenario.members),
    properties: { 'zookeeper.testingonly.initialZxid': initialZxid }
  })
  const load = new Load(ensemble.connectString)
  const attempt = attemptsOf(scenario.name, tell)
  try {
    if (!(await attempt('it elects', () => ensemble.startLedBy(scenario.members.length)))) return
    await load.start(LOAD_CLIENTS)
    await attempt('writes go on in new epochs', async () => {
      const [first] = ensemble.members
      if (first === undefined) return
      const epoch = await epochOf(first)
      await epochReached(first, epoch + BigInt(ROLL_OVERS), () => load.problem)
      await ensemble.serving()
      await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
    })
    await attempt('a server that dies meanwhile comes back', () => dieAndReturn(ensemble, load))
    await attempt('nothing acknowledged is lost', () => load.finish())
    await attempt('all members agree', async () => {
      await makeRoom(ensemble)
      const found = await divergence(ensemble)
      if (found !== null) throw new Error(found)
    })
  } finally {
    await load.close()
    await ensemble.killAll()
  }
}

/** It misses the end of an epoch and the beginning of the next one. */
async function dieAndReturn(ensemble: Ensemble, load: Load): Promise<void> {
  const leader = await ensemble.serving()
  const victim = ensemble.voters.find((member) => member !== leader)
  const witness = ensemble.voters.find((member) => member !== leader && member !== victim)
  if (victim === undefined || witness === undefined) throw new Error('there are not three voters')
  const epoch = await epochOf(witness)
  await victim.kill()
  await epochReached(witness, epoch + 1n, () => load.problem)
  await victim.start()
  await ensemble.serving()
  await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
}

async function epochOf(member: Member): Promise<bigint> {
  return waitFor(`the epoch of ${member.name}`, GO_ON_TIMEOUT_MS, async () => {
    const zxid = await member.zxid()
    return zxid === null ? null : zxid >> 32n
  })
}

async function epochReached(member: Member, epoch: bigint, problem: () => string | null): Promise<void> {
  await waitFor(`epoch ${epoch} on ${member.name}`, EPOCH_TIMEOUT_MS, async () => {
    const found = problem()
    if (found !== null) throw new Error(found)
    const zxid = await member.zxid()
    return zxid !== null && zxid >> 32n >= epoch ? true : null
  })
}

/** The comparison writes a little, and must not come to the end of an epoch: rather that comes now. */
async function makeRoom(ensemble: Ensemble): Promise<void> {
  const leader = await ensemble.serving()
  const zxid = (await leader.zxid()) ?? 0n
  const left = LAST_COUNTER - Number(zxid & 0xffff_ffffn)
  if (left > ROOM_ZXIDS) return
  const zk = await connect(ensemble.connectString)
  // Those behind the end of the epoch fail with their connection.
  await Promise.allSettled(Array.from({ length: left + 1 }, () => zk.setData('/', null)))
  await zk.close()
  await epochReached(leader, (zxid >> 32n) + 1n, () => null)
  await ensemble.serving()
}
