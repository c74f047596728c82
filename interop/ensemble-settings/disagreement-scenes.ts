import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ENSEMBLE_CONFIG, type Ensemble } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { joinLast, modesBecome, type Scene, type See, said, startAll, trio, withEnsemble, written } from './scene.ts'

/** One server whose configuration is not that of the other two. */
interface Disagreement {
  readonly name: string
  /** Which of the three is under test. */
  readonly tested: number
  /** What it has in its `zoo.cfg` instead. */
  other(ensemble: Ensemble): Readonly<Record<string, string | null>>
  /** What members say of themselves in the end. Whether one comes in that sees no quorum for who leads depends on which votes it hears first. */
  readonly wanted: string
  /** Of the one under test; those beside it say {@link ANOTHER}. */
  readonly line: RegExp
}

const ANOTHER = /server \d has another configuration than this server: /
const BESIDE = '2 follower, 3 leader'
const ALL = '1 follower, 2 follower, 3 leader'
const LEADER = 3

const DISAGREEMENTS: readonly Disagreement[] = [
  {
    name: 'a follower has another quorum port for the leader',
    tested: 1,
    other: (ensemble) => ({ 'server.3': line(ensemble.member(3), { quorumPort: 1 }) }),
    wanted: '1 -, 2 follower, 3 leader',
    line: /cannot connect to server 3 at 127\.0\.0\.1:1 /
  },
  {
    name: 'a follower has another election port for another follower',
    tested: 1,
    other: (ensemble) => ({ 'server.2': line(ensemble.member(2), { electionPort: 1 }) }),
    wanted: BESIDE,
    line: ANOTHER
  },
  {
    name: 'a follower does not know another one',
    tested: 1,
    other: () => ({ 'server.2': null }),
    wanted: BESIDE,
    line: ANOTHER
  },
  {
    name: 'a follower knows a fourth voter',
    tested: 1,
    other: () => ({ 'server.4': '127.0.0.1:1:2:participant' }),
    wanted: BESIDE,
    line: ANOTHER
  },
  {
    name: 'a follower takes itself for an observer',
    tested: 1,
    other: (ensemble) => ({ 'server.1': line(ensemble.member(1), {}, 'observer') }),
    wanted: '1 observer, 2 follower, 3 leader',
    line: ANOTHER
  },
  {
    name: 'a follower has weights, which nobody else has',
    tested: 1,
    other: () => ({ 'group.1': '1:2:3', 'weight.1': '5', 'weight.2': '1', 'weight.3': '1' }),
    wanted: BESIDE,
    line: ANOTHER
  },
  {
    name: 'the leader does not know a follower',
    tested: 3,
    other: () => ({ 'server.1': null }),
    wanted: ALL,
    line: ANOTHER
  },
  {
    name: 'the leader takes a follower for an observer',
    tested: 3,
    other: (ensemble) => ({ 'server.1': line(ensemble.member(1), {}, 'observer') }),
    wanted: ALL,
    line: ANOTHER
  }
]

function line(member: Member, ports: Partial<Member['address']>, role = 'participant'): string {
  const { host, quorumPort, electionPort } = { ...member.address, ...ports }
  return `${host}:${quorumPort}:${electionPort}:${role}`
}

async function disagree(plan: Disagreement, kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, plan.tested), async (ensemble) => {
    const tested = ensemble.member(plan.tested)
    tested.configure(plan.other(ensemble))
    if (plan.tested === LEADER) await startAll(ensemble)
    else see('without it', await joinLast(ensemble, tested))
    const told = ensemble.members.filter(({ sid }) => plan.wanted.includes(`${sid} `))
    see('roles', await modesBecome(plan.wanted, told))
    see('a write', await written(ensemble))
    await said(tested, plan.line)
    for (const member of ensemble.members) if (member !== tested) await said(member, ANOTHER)
  })
}

/** A second server with the id of a follower, elsewhere, comes to three that serve. */
async function twin(kind: ServerKind, folder: string, see: See): Promise<void> {
  await withEnsemble(await trio(folder, kind, 1), async (ensemble) => {
    await startAll(ensemble)
    see('at first', await modesBecome(ALL, ensemble.members))
    const own = join(folder, 'twin')
    mkdirSync(own)
    const [clientPort, quorumPort, electionPort] = [await freePort(), await freePort(), await freePort()]
    const address = { host: '127.0.0.1', clientPort, quorumPort, electionPort }
    const settings = Object.entries(ENSEMBLE_CONFIG).map(([key, value]) => `${key}=${value}`)
    const twinAt = (member: Member): string => `server.${member.sid}=${line(member, member.sid === 2 ? address : {})}`
    const config = [...settings, ...ensemble.members.map(twinAt), ''].join('\n')
    const second = new Member({ sid: 2, kind, role: 'participant' }, address, own, config, {})
    try {
      await second.start()
      // Only who is told by the twin itself can know: it connects to those whose ids are smaller, and calls the others.
      for (const sid of [1, 3]) {
        await said(
          ensemble.member(sid),
          /a server that says it is server 2 has the election address .*two servers with one myid/
        )
      }
      see('the three meanwhile', await modesBecome(ALL, ensemble.members))
      see('a write', await written(ensemble))
    } finally {
      await second.kill()
    }
    see('the three afterwards', await modesBecome(ALL, ensemble.members))
  })
}

/** Servers that do not agree about who they are. */
export const DISAGREEMENT_SCENES: readonly Scene[] = [
  ...DISAGREEMENTS.map(
    (plan): Scene => ({ name: plan.name, run: (kind, folder, see) => disagree(plan, kind, folder, see) })
  ),
  { name: 'two servers have one id', run: twin }
]
