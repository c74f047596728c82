import { Ensemble, participants } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Member, MemberPlan } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { attemptsOf, type Tell } from '../attempts.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'
import { dueZnodesGo, sessionMoves, syncCatchesUp, watchesFire } from '../session-cases.ts'

export interface ObserverScenario {
  readonly name: string
  /** Of the voters 1 to 3, the last of which leads first. */
  readonly voters: readonly ServerKind[]
  readonly observers: readonly ServerKind[]
}

const LOAD_CLIENTS = 2
const WRITES = 10
const GO_ON_TIMEOUT_MS = 45_000

export const OBSERVER_SCENARIOS: readonly ObserverScenario[] = [
  { name: 'zoonode observes behind Apache', voters: ['apache', 'apache', 'zoonode'], observers: ['zoonode'] },
  { name: 'Apache observes behind zoonode', voters: ['zoonode', 'zoonode', 'apache'], observers: ['apache', 'zoonode'] }
]

/** Observers that learn from followers (`observerMasterPort`), which die in turn, the leader included. */
export async function runObserverScenario(scenario: ObserverScenario, folder: string, tell: Tell): Promise<void> {
  const observers = scenario.observers.map(
    (kind, index): MemberPlan => ({ sid: scenario.voters.length + 1 + index, kind, role: 'observer' })
  )
  const settings = {
    members: [...participants(...scenario.voters), ...observers],
    config: { observerMasterPort: String(await freePort()) }
  }
  // All followers listen on the same port, so each has an address of its own.
  const ensemble = await Ensemble.plan(folder, settings, { host: (sid) => `127.0.0.${sid}`, prefix: () => [] })
  const load = new Load(ensemble.connectString)
  const attempt = attemptsOf(scenario.name, tell)
  try {
    if (!(await attempt('it elects', () => ensemble.startLedBy(scenario.voters.length)))) return
    await load.start(LOAD_CLIENTS)
    for (const { sid } of observers) {
      const observer = ensemble.member(sid)
      const cases = async (): Promise<void> => {
        const leader = await ensemble.serving()
        const master = await masterOf(ensemble, observer)
        // Between an observer and its master no leader can tell the old connection from the new one: both come by one link.
        const names = `${observer.name}, behind ${master.name}, and ${leader.name}`
        await attempt(`a session moves between ${names}`, () => sessionMoves(observer, leader))
        await attempt(`a session moves the other way between ${names}`, () => sessionMoves(leader, observer))
        await attempt(`watches on ${observer.name}`, () => watchesFire(observer, leader))
        await attempt(`sync on ${observer.name}`, () => syncCatchesUp(observer, leader))
        await attempt(`sync on ${master.name}, with writes by ${observer.name}`, () => syncCatchesUp(master, observer))
        await attempt(`what is due goes on ${observer.name}`, () => dueZnodesGo(observer, leader))
      }
      await attempt(`${observer.name} is served by a follower`, cases)
    }
    for (const { sid } of observers) {
      const observer = ensemble.member(sid)
      await attempt(`the master of ${observer.name} dies: another one is found`, () => loseMaster(ensemble, observer))
      await attempt('writes go on', () => load.goesOn(WRITES, GO_ON_TIMEOUT_MS))
    }
    await attempt('the leader dies: observers follow into the next epoch', () => loseLeader(ensemble))
    await attempt('writes go on under the next leader', () => load.goesOn(WRITES, GO_ON_TIMEOUT_MS))
    for (const { sid } of observers) {
      const observer = ensemble.member(sid)
      const comeBack = async (withData: boolean): Promise<void> => {
        await observer.kill()
        if (!withData) await observer.replaceBy(observer.kind, 'clear')
        await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
        await observer.start()
        await ensemble.serving()
        await masterOf(ensemble, observer)
      }
      await attempt(`${observer.name} comes back with what it missed`, () => comeBack(true))
      await attempt(`${observer.name} comes back with nothing`, () => comeBack(false))
    }
    await attempt('nothing acknowledged is lost', () => load.finish())
    await attempt('all members agree', async () => {
      const found = await divergence(ensemble)
      if (found !== null) throw new Error(found)
    })
  } finally {
    await load.close()
    await ensemble.killAll()
  }
}

/** The follower that serves this observer, by what both say. */
async function masterOf(ensemble: Ensemble, observer: Member): Promise<Member> {
  return waitFor(`a follower to serve ${observer.name}`, GO_ON_TIMEOUT_MS, async () => {
    const id = await figure(observer, 'zk_observer_master_id')
    const master = ensemble.voters.find(({ sid }) => sid === id)
    if (master === undefined || (await master.mode()) !== 'follower') return null
    return ((await figure(master, 'zk_synced_observers')) ?? 0) > 0 ? master : null
  })
}

async function figure(member: Member, name: string): Promise<number | null> {
  const answer = (await member.ask('mntr')) ?? ''
  const found = new RegExp(`^${name}\\t(-?[0-9.]+)$`, 'm').exec(answer)?.[1]
  return found === undefined ? null : Number(found)
}

async function loseMaster(ensemble: Ensemble, observer: Member): Promise<void> {
  const master = await masterOf(ensemble, observer)
  await master.kill()
  await waitFor(`${observer.name} to find another master`, GO_ON_TIMEOUT_MS, async () => {
    const found = await masterOf(ensemble, observer)
    return found === master ? null : found
  })
  await master.start()
  await ensemble.serving()
}

async function loseLeader(ensemble: Ensemble): Promise<void> {
  const leader = await ensemble.serving()
  await leader.kill()
  await ensemble.nextLeader(leader)
  await ensemble.serving()
  await leader.start()
  await ensemble.serving()
}
