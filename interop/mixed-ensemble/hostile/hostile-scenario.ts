import { connect } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'
import type { Tell } from '../scenario.ts'
import { ATTACKS, ATTACKS_UNDER_APACHE, type Attack, BEHIND, type Victims } from './attacks.ts'
import type { FalsePeer } from './false-peer.ts'

const WRITES = 20
const GO_ON_TIMEOUT_MS = 30_000
/** Nobody's writes may stand still for longer, on a machine that does other work too. */
const GAP_MAX_MS = 20_000

/** Clients that write to each member of an ensemble, with one attack after the other on its ports. */
export async function runHostile(leadingKind: ServerKind, folder: string, tell: Tell): Promise<void> {
  const isOurs = leadingKind === 'zoonode'
  const ensemble = await Ensemble.plan(folder, { members: participants('apache', 'zoonode', leadingKind) })
  // A client on each member: nobody's may stand still.
  const load = new Load(ensemble.members.map((member) => member.connectString))
  const name = (what: string): string => `hostile, ${isOurs ? 'zoonode' : 'Apache'} leading: ${what}`
  const kept: FalsePeer[] = []
  const [apache, follower, leader] = [ensemble.member(1), ensemble.member(2), ensemble.member(3)]
  try {
    await ensemble.startLedBy(leader.sid)
    await prepare(leader)
    await load.start(ensemble.members.length)
    for (const attack of isOurs ? ATTACKS : ATTACKS_UNDER_APACHE) {
      const problem = await attempt(async () => {
        const epoch = await epochOf(leader)
        kept.push(...(await survive(attack, { leader, follower, apache, epoch }, load)))
      })
      tell(name(attack.name), problem)
    }
    tell(name('nothing acknowledged is lost'), await attempt(() => load.finish()))
    for (const peer of kept.splice(0)) peer.close()
    tell(
      name('all members agree'),
      await attempt(async () => {
        const found = await divergence(ensemble)
        if (found !== null) throw new Error(found)
      })
    )
  } catch (error) {
    tell(name('the scenario can run'), error instanceof Error ? error.message : String(error))
  } finally {
    for (const peer of kept) peer.close()
    await load.close()
    await ensemble.killAll()
  }
}

/** An attack that nobody else notices: all clients' writes go on, under the same leader and epoch. */
async function survive(attack: Attack, victims: Victims, load: Load): Promise<readonly FalsePeer[]> {
  load.resetGap()
  const kept = await attack.run(victims)
  await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
  await judgeCalm(victims.leader, victims.epoch, load)
  return kept
}

/** @throws Error if writes stood still, or the leader or its epoch has changed */
export async function judgeCalm(leader: Member, epoch: number, load: Load): Promise<void> {
  if (load.longestGapMs > GAP_MAX_MS) throw new Error(`no write for ${Math.round(load.longestGapMs)} ms`)
  if ((await leader.mode()) !== 'leader') throw new Error(`${leader.name} does not lead any more`)
  const now = await epochOf(leader)
  if (now !== epoch) throw new Error(`the epoch went from ${epoch} to ${now}`)
}

export async function epochOf(member: Member): Promise<number> {
  return Number(((await member.zxid()) ?? 0n) >> 32n)
}

async function prepare(member: Member): Promise<void> {
  const zk = await connect(member.connectString)
  await zk.create(BEHIND)
  await zk.close()
}

export async function attempt(act: () => Promise<unknown>): Promise<string | null> {
  try {
    await act()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
