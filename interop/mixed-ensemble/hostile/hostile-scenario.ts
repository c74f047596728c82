import { connect } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Member, MemberPlan } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { attempt, type Tell } from '../attempts.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'
import { ATTACKS, ATTACKS_ON_OBSERVERS, ATTACKS_UNDER_APACHE, type Attack, BEHIND, type Victims } from './attacks.ts'
import type { FalsePeer } from './false-peer.ts'

/** Nobody gives up on another only because the machine or its disk stands still for a while: a change of the leader is an attack's then. */
export const PATIENT = { initLimit: '60', syncLimit: '60' } as const
const WRITES = 20
const GO_ON_TIMEOUT_MS = 60_000
/** Nobody's writes may stand still for longer, on a machine that does other work too. */
const GAP_MAX_MS = 20_000

/** Clients that write to each member of an ensemble, with one attack after the other on its ports. */
export async function runHostile(leadingKind: ServerKind, folder: string, tell: Tell, quick = false): Promise<void> {
  const isOurs = leadingKind === 'zoonode'
  const members = participants('apache', 'zoonode', leadingKind)
  const ensemble = await Ensemble.plan(folder, { members, config: PATIENT })
  const [apache, follower, leader] = [ensemble.member(1), ensemble.member(2), ensemble.member(3)]
  const learnersPort = { host: leader.address.host, port: leader.address.quorumPort }
  const victims = { leader, follower, apache, learnersPort }
  const attacks = (isOurs ? ATTACKS : ATTACKS_UNDER_APACHE).filter(({ isLong }) => !(quick && isLong === true))
  await attackEach(attacks, ensemble, victims, (name, problem) => {
    tell(`hostile, ${isOurs ? 'zoonode' : 'Apache'} leading: ${name}`, problem)
  })
}

/** The same where observers learn from a zoonode that follows: its port for them is attacked, and they are. */
export async function runHostileObservers(folder: string, tell: Tell): Promise<void> {
  const port = await freePort()
  const observers = (['zoonode', 'apache'] as const).map(
    (kind, index): MemberPlan => ({ sid: 4 + index, kind, role: 'observer' })
  )
  const settings = {
    members: [...participants('zoonode', 'zoonode', 'zoonode'), ...observers],
    config: { ...PATIENT, observerMasterPort: String(port) }
  }
  // All followers listen on the same port, so each has an address of its own.
  const ensemble = await Ensemble.plan(folder, settings, { host: (sid) => `127.0.0.${sid}`, prefix: () => [] })
  const [follower, apache, leader] = [ensemble.member(4), ensemble.member(5), ensemble.member(3)]
  const learnersPort = { host: ensemble.member(2).address.host, port }
  await attackEach(ATTACKS_ON_OBSERVERS, ensemble, { leader, follower, apache, learnersPort }, (name, problem) => {
    tell(`hostile, observers behind zoonode: ${name}`, problem)
  })
}

async function attackEach(
  attacks: readonly Attack[],
  ensemble: Ensemble,
  whom: Omit<Victims, 'epoch'>,
  tell: Tell
): Promise<void> {
  // A client on each member: nobody's may stand still.
  const load = new Load(ensemble.members.map((member) => member.connectString))
  const kept: FalsePeer[] = []
  const { leader } = whom
  try {
    await ensemble.startLedBy(leader.sid)
    await prepare(leader)
    await load.start(ensemble.members.length)
    for (const attack of attacks) {
      const problem = await attempt(async () => {
        const epoch = await epochOf(leader)
        kept.push(...(await survive(attack, { ...whom, epoch }, load)))
      })
      tell(attack.name, problem)
    }
    tell('nothing acknowledged is lost', await attempt(() => load.finish()))
    for (const peer of kept.splice(0)) peer.close()
    tell(
      'all members agree',
      await attempt(async () => {
        const found = await divergence(ensemble)
        if (found !== null) throw new Error(found)
      })
    )
  } catch (error) {
    tell('the scenario can run', error instanceof Error ? error.message : String(error))
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
