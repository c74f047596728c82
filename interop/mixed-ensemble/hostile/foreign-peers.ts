import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ENSEMBLE_CONFIG, Ensemble, participants } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import { Member, type MemberAddress } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { DeadlineError, waitFor } from '../../harness/wait-for.ts'
import { attempt, type Tell } from '../attempts.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'
import { epochOf, judgeCalm, PATIENT } from './hostile-scenario.ts'

/** A whole server whose configuration is not that of the ensemble whose ports it knows. */
interface ForeignPeer {
  readonly name: string
  readonly sid: number
  /** Its `server.N` lines. */
  lines(ensemble: Ensemble, own: MemberAddress): readonly string[]
  /** Where a member's id is used twice, nobody can promise what an election comes to. */
  readonly survivesElection: boolean
}

const HOST = '127.0.0.1'
const WRITES = 20
const GO_ON_TIMEOUT_MS = 45_000
const CHANCE_MS = 6_000

const FOREIGN_PEERS: readonly ForeignPeer[] = [
  {
    name: 'one that takes itself for a fourth voter',
    sid: 4,
    lines: (ensemble, own) => [...ensemble.members.map(lineOf), line(4, own)],
    survivesElection: true
  },
  {
    name: 'one that knows two of three, and two that are not there',
    sid: 4,
    lines: (ensemble, own) => [
      ...ensemble.members.slice(1).map(lineOf),
      line(4, own),
      `server.5=${HOST}:1:2:participant`,
      `server.6=${HOST}:3:4:participant`
    ],
    survivesElection: true
  },
  {
    name: 'one that has the ports of two members the wrong way round',
    sid: 4,
    lines: (ensemble, own) => [
      line(1, ensemble.member(2).address),
      line(2, ensemble.member(1).address),
      lineOf(ensemble.member(3)),
      line(4, own)
    ],
    survivesElection: true
  },
  {
    name: 'one that knows a member by an id of its own making',
    sid: 1,
    lines: (ensemble, own) => [line(1, own), line(7, ensemble.member(2).address), line(8, ensemble.member(3).address)],
    survivesElection: false
  },
  {
    name: "one with a member's own id, elsewhere",
    sid: 2,
    lines: (ensemble, own) => [lineOf(ensemble.member(1)), line(2, own), lineOf(ensemble.member(3))],
    survivesElection: false
  }
]

/** Servers of both kinds with other configurations come to an ensemble: nobody notices, and elections go as ever. */
export async function runForeignPeers(leadingKind: ServerKind, folder: string, tell: Tell): Promise<void> {
  const members = participants('apache', 'zoonode', leadingKind)
  const ensemble = await Ensemble.plan(folder, { members, config: PATIENT })
  const [one, two] = [ensemble.member(1), ensemble.member(2)]
  const load = new Load([one.connectString, two.connectString, ensemble.connectString])
  const leads = leadingKind === 'zoonode' ? 'zoonode' : 'Apache'
  const name = (what: string): string => `foreign configuration, ${leads} leading: ${what}`
  let foreign: Member | null = null
  try {
    await ensemble.startLedBy(ensemble.members.length)
    await load.start(ensemble.members.length)
    for (const kind of ['apache', 'zoonode'] as const) {
      for (const [index, plan] of FOREIGN_PEERS.entries()) {
        const own = join(folder, `foreign-${kind}-${index}`)
        mkdirSync(own)
        foreign = await memberOf(plan, kind, ensemble, own)
        const comes = foreign
        const problem = await attempt(async () => {
          const leader = await ensemble.nextLeader()
          const epoch = await epochOf(leader)
          load.resetGap()
          await comes.start()
          await chanceFor(comes)
          await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
          await judgeCalm(leader, epoch, load)
        })
        tell(name(`${kind}, ${plan.name}`), problem)
        if (plan.survivesElection) {
          const lost = await attempt(() => loseLeader(ensemble, load))
          tell(name(`${kind}, ${plan.name}: the leader dies meanwhile`), lost)
        }
        await comes.kill()
        foreign = null
      }
    }
    tell(name('nothing acknowledged is lost'), await attempt(() => load.finish()))
    const unequal = await attempt(async () => {
      const found = await divergence(ensemble)
      if (found !== null) throw new Error(found)
    })
    tell(name('all members agree'), unequal)
  } catch (error) {
    tell(name('the scenario can run'), error instanceof Error ? error.message : String(error))
  } finally {
    await foreign?.kill()
    await load.close()
    await ensemble.killAll()
  }
}

async function memberOf(plan: ForeignPeer, kind: ServerKind, ensemble: Ensemble, folder: string): Promise<Member> {
  const [clientPort, quorumPort, electionPort] = [await freePort(), await freePort(), await freePort()]
  const address = { host: HOST, clientPort, quorumPort, electionPort }
  const settings = Object.entries({ ...ENSEMBLE_CONFIG, ...PATIENT }).map(([key, value]) => `${key}=${value}`)
  const config = [...settings, ...plan.lines(ensemble, address), ''].join('\n')
  return new Member({ sid: plan.sid, kind, role: 'participant' }, address, folder, config, {})
}

/** Until it serves, has ended by itself, or has had time enough for either. */
async function chanceFor(foreign: Member): Promise<void> {
  try {
    await waitFor('a foreign peer', CHANCE_MS, async () =>
      !foreign.isRunning || (await foreign.mode()) !== null ? true : null
    )
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
  }
}

async function loseLeader(ensemble: Ensemble, load: Load): Promise<void> {
  const leader = await ensemble.nextLeader()
  await leader.kill()
  await ensemble.nextLeader(leader)
  await leader.start()
  await ensemble.serving()
  await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
}

function lineOf(member: Member): string {
  return line(member.sid, member.address)
}

function line(sid: number, { host, quorumPort, electionPort }: MemberAddress): string {
  return `server.${sid}=${host}:${quorumPort}:${electionPort}:participant`
}
