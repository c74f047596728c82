import { connect, type ZooKeeper } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Member, MemberPlan } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { attemptsOf, type Tell } from '../attempts.ts'
import { difference, formOf, WORDS } from './forms.ts'

const SETTLED_MS = 30_000
const SESSION_TIMEOUT_MS = 8_000

export interface RolesScenario {
  readonly name: string
  /** Of the voters 1 to 4, the last of which leads. An observer of each kind comes with them. */
  readonly voters: readonly ServerKind[]
  /** Whether those that are left without a quorum serve reads. */
  readonly isReadOnly: boolean
}

/** What leads in the one only follows in the other, so a pair of them compares leaders. */
export const ROLES_SCENARIOS: readonly [RolesScenario, RolesScenario] = [
  { name: 'words under Apache', voters: ['apache', 'zoonode', 'zoonode', 'apache'], isReadOnly: true },
  { name: 'words under zoonode', voters: ['apache', 'zoonode', 'apache', 'zoonode'], isReadOnly: false }
]

/** The answers of a leader by word, to be compared with those of a leader of the other kind. */
export type LeaderForms = Map<string, string>

/**
 * What an operator asks by four-letter words, of two members of one ensemble that are of different kinds and have the same role: the
 * forms of their answers must be equal.
 */
export async function runRoles(scenario: RolesScenario, folder: string, tell: Tell): Promise<LeaderForms> {
  const observers: MemberPlan[] = [
    { sid: 5, kind: 'apache', role: 'observer' },
    { sid: 6, kind: 'zoonode', role: 'observer' }
  ]
  const settings = {
    members: [...participants(...scenario.voters), ...observers],
    config: { observerMasterPort: String(await freePort()) },
    properties: scenario.isReadOnly ? { 'readonlymode.enabled': 'true' } : {}
  }
  const ensemble = await Ensemble.plan(folder, settings, { host: (sid) => `127.0.0.${sid}`, prefix: () => [] })
  const attempt = attemptsOf(scenario.name, tell)
  const forms: LeaderForms = new Map()
  const clients: ZooKeeper[] = []
  try {
    if (!(await attempt('it elects', () => ensemble.startLedBy(scenario.voters.length)))) return forms
    for (const member of ensemble.members) clients.push(await clientOf(member))
    await attempt('members agree', () => settled(ensemble))
    const leader = ensemble.member(scenario.voters.length)
    for (const word of WORDS) forms.set(word, formOf(word, await leader.ask(word), ensemble))
    const pairs = [
      ['followers', ensemble.member(1), ensemble.member(2)],
      ['observers', ensemble.member(5), ensemble.member(6)]
    ] as const
    for (const [role, theirs, ours] of pairs) await compareWords(role, ensemble, theirs, ours, attempt)
    await Promise.all(clients.splice(0).map((client) => client.close({ keepSession: true })))
    await Promise.all([3, 4].map((sid) => ensemble.member(sid).kill()))
    const role = scenario.isReadOnly ? 'read-only' : 'looking'
    for (const [, ...pair] of pairs) for (const member of pair) await leftAlone(member, scenario.isReadOnly)
    for (const [, theirs, ours] of pairs)
      await compareWords(`${role}, ${theirs.role}s`, ensemble, theirs, ours, attempt)
  } finally {
    await Promise.all(clients.map((client) => client.close({ keepSession: true })))
    await ensemble.killAll()
  }
  return forms
}

/** Leaders of both kinds, each of its own ensemble. */
export function compareLeaders(underApache: LeaderForms, underZoonode: LeaderForms, tell: Tell): void {
  for (const word of WORDS) {
    const [theirs, ours] = [underApache.get(word) ?? 'no answer', underZoonode.get(word) ?? 'none either']
    tell(`words of leaders: ${word}`, difference(theirs, ours))
  }
}

type Attempting = ReturnType<typeof attemptsOf>

async function compareWords(role: string, ensemble: Ensemble, theirs: Member, ours: Member, attempt: Attempting) {
  for (const word of WORDS) {
    await attempt(`${role}: ${word}`, async () => {
      const found = difference(
        formOf(word, await theirs.ask(word), ensemble),
        formOf(word, await ours.ask(word), ensemble)
      )
      if (found !== null) throw new Error(found)
    })
  }
}

/** A client with an ephemeral znode, watches, writes and reads behind them: each word has something to tell. */
async function clientOf(member: Member): Promise<ZooKeeper> {
  const zk = await connect(member.connectString, { sessionTimeoutMs: SESSION_TIMEOUT_MS })
  const path = `/of-${member.sid}`
  await zk.create(path, 'x', { mode: 'ephemeral' })
  await Promise.all([zk.setData(path, 'y'), zk.getData(path), zk.exists('/none', { watch: ignore })])
  await zk.getData(path, { watch: ignore })
  await zk.sync('/')
  return zk
}

async function settled(ensemble: Ensemble): Promise<void> {
  await waitFor('all members to have the same zxid', SETTLED_MS, async () => {
    const zxids = await Promise.all(ensemble.members.map((member) => member.zxid()))
    return new Set(zxids).size === 1 && zxids[0] !== null ? true : null
  })
}

/** Waits until a member without a quorum has left its role and, where that is wanted, serves reads. */
async function leftAlone(member: Member, isReadOnly: boolean): Promise<void> {
  await waitFor(`${member.name} to be without a leader`, SETTLED_MS, async () => {
    const answer = (await member.ask('srvr')) ?? ''
    const isLeft = answer.includes(isReadOnly ? 'Mode: read-only' : 'not currently serving')
    return isLeft ? true : null
  })
}

function ignore(): void {
  // The watch is there to be listed.
}
