import { Ensemble, type EnsembleSettings } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { fill, goOn } from '../import-export/content.ts'
import { attemptsOf, type Tell } from './attempts.ts'
import { divergence } from './convergence.ts'
import { Load } from './load.ts'
import { dueZnodesGo, sessionMoves, syncCatchesUp, watchesFire } from './session-cases.ts'

export interface Scenario {
  readonly name: string
  readonly settings: EnsembleSettings
  /** The id that has to win the first election. */
  readonly firstLeader: number
  /** Part of the short run. */
  readonly isQuick: boolean
}

const WRITES = 15
const GO_ON_TIMEOUT_MS = 45_000
const LOAD_CLIENTS = 3

/** Runs one ensemble through everything: content, sessions, deaths in turn, and the comparison of all members. */
export async function runScenario(scenario: Scenario, folder: string, tell: Tell): Promise<void> {
  const ensemble = await Ensemble.plan(folder, scenario.settings)
  const load = new Load(ensemble.connectString)
  const attempt = attemptsOf(scenario.name, tell)
  try {
    if (!(await attempt('it elects', () => ensemble.startLedBy(scenario.firstLeader)))) return
    await load.start(LOAD_CLIENTS)
    const pairs = pairsOf(ensemble.members)
    await attempt('all kinds of transactions', () => writeThrough(ensemble))
    for (const [one, other] of pairs) {
      const names = `${one.name} and ${other.name}`
      await attempt(`a session moves between ${names}`, () => sessionMoves(one, other))
      await attempt(`watches on ${one.name} see writes through ${other.name}`, () => watchesFire(one, other))
      await attempt(`sync on ${one.name} sees writes through ${other.name}`, () => syncCatchesUp(one, other))
    }
    const [[one, other] = []] = pairs
    if (one !== undefined && other !== undefined) {
      await attempt('TTL, containers and expired sessions', () => dueZnodesGo(one, other))
    }
    await attempt('the leader dies and comes back', () => dieAndReturn(ensemble, load, 'leader'))
    await attempt('a follower dies and comes back', () => dieAndReturn(ensemble, load, 'follower'))
    if (!(await attempt('a new leader works', () => afterwards(ensemble)))) return
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

async function writeThrough(ensemble: Ensemble): Promise<void> {
  const [first, ...others] = ensemble.members
  if (first === undefined) return
  await fill(first.address.clientPort)
  for (const member of others) await goOn(member.address.clientPort, `by-${member.sid}`)
}

async function dieAndReturn(ensemble: Ensemble, load: Load, who: 'leader' | 'follower'): Promise<void> {
  const leader = await ensemble.nextLeader()
  const victim = who === 'leader' ? leader : ensemble.voters.find((member) => member !== leader)
  if (victim === undefined) throw new Error('there is nobody to kill')
  await victim.kill()
  if (ensemble.voters.length > 2) await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
  await victim.start()
  await ensemble.serving()
  await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
}

async function afterwards(ensemble: Ensemble): Promise<void> {
  for (const member of ensemble.members) await goOn(member.address.clientPort, `again-${member.sid}`)
}

/** Pairs of members to try things on: of two kinds where there are two, each member of the ensemble at least once. */
function pairsOf(members: readonly Member[]): [Member, Member][] {
  const of = (kind: ServerKind) => members.filter((member) => member.kind === kind)
  const [ours, theirs] = [of('zoonode'), of('apache')]
  const [many, few] = ours.length >= theirs.length ? [ours, theirs] : [theirs, ours]
  const [partner] = few
  if (partner !== undefined) return many.flatMap((member) => [[member, partner] as [Member, Member], [partner, member]])
  return many.flatMap((member, index) => {
    const next = many[(index + 1) % many.length]
    return next === undefined ? [] : [[member, next] as [Member, Member]]
  })
}
