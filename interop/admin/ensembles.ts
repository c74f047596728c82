import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, type ZooKeeper } from '../../src/client/index.ts'
import { ENSEMBLE_CONFIG, Ensemble } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { type Answer, ask } from './ask.ts'
import { difference, essence } from './compare.ts'
import { COMMANDS, RESETS } from './requests.ts'
import type { Tell } from './standalone.ts'

/** An observer and three voters, the last of which leads. */
const LEADER = 3
const OBSERVER = 4
const SETTLED_MS = 60_000

interface Side {
  readonly ensemble: Ensemble
  readonly adminPorts: ReadonlyMap<number, number>
}

/** An ensemble of each kind: the leader, a follower and the observer of both are asked the same; then one that has no quorum. */
export async function compareEnsembles(folder: string, tell: Tell): Promise<void> {
  const sides = await Promise.all([started('apache', folder), started('zoonode', folder)])
  const [apache, zoonode] = sides
  try {
    const clients = await Promise.all(sides.map(({ ensemble }) => useEnsemble(ensemble)))
    for (const [role, sid] of [
      ['leader', LEADER],
      ['follower', 1],
      ['observer', OBSERVER]
    ] as const) {
      await settled(sides, sid)
      for (const command of [...COMMANDS, ...RESETS]) {
        const [theirs, ours] = await both(sides, sid, `/commands/${command}`)
        tell(`${role}: ${command}`, difference(placeless(theirs, apache), placeless(ours, zoonode)))
      }
      tell(`${role}: monitor`, difference(...(await monitorNames(sides, sid))))
    }
    await Promise.all(clients.map((client) => client.close()))
    await compareWithoutQuorum(sides, tell)
  } finally {
    await Promise.all(sides.map(({ ensemble }) => ensemble.killAll()))
  }
}

async function started(kind: ServerKind, folder: string): Promise<Side> {
  const own = `${folder}/${kind}`
  mkdirSync(own)
  const voters = [1, 2, LEADER].map((sid) => ({ sid, kind, role: 'participant' as const }))
  const ensemble = await Ensemble.plan(own, { members: [...voters, { sid: OBSERVER, kind, role: 'observer' }] })
  const adminPorts = new Map<number, number>()
  for (const member of ensemble.members) {
    const port = await freePort()
    adminPorts.set(member.sid, port)
    writeFileSync(member.configFile, configOf(ensemble, member, port))
  }
  await ensemble.startLedBy(LEADER)
  return { ensemble, adminPorts }
}

/** As the harness writes it, with an admin server. */
function configOf({ members }: Ensemble, member: Member, adminPort: number): string {
  const lines = members.map(
    ({ sid, role, address: { host, quorumPort, electionPort, clientPort } }) =>
      `server.${sid}=${host}:${quorumPort}:${electionPort}:${role};${host}:${clientPort}`
  )
  const config: Record<string, string> = {
    ...ENSEMBLE_CONFIG,
    dataDir: member.dataFolder,
    'admin.enableServer': 'true',
    'admin.serverAddress': '127.0.0.1',
    'admin.serverPort': String(adminPort),
    ...(member.role === 'observer' ? { peerType: 'observer' } : {})
  }
  return [...Object.entries(config).map(([key, value]) => `${key}=${value}`), ...lines, ''].join('\n')
}

/** A session on each member with an ephemeral znode and a watch. */
async function useEnsemble(ensemble: Ensemble) {
  const clients: ZooKeeper[] = []
  const first = await connect(ensemble.member(1).connectString, { sessionTimeoutMs: 10_000 })
  await first.create('/t')
  for (const sid of [LEADER, 1, OBSERVER]) {
    const client = await connect(ensemble.member(sid).connectString, { sessionTimeoutMs: 10_000 })
    await client.sync('/t')
    await client.create(`/t/eph-${sid}`, null, { mode: 'ephemeral' })
    await client.exists('/t', { watch: ignore })
    clients.push(client)
  }
  await first.close()
  return { close: () => Promise.all(clients.map((client) => client.close())) }
}

/** Waits until a member of both has applied what the leader has. */
async function settled(sides: readonly Side[], sid: number): Promise<void> {
  for (const { ensemble } of sides) {
    await waitFor('a member to keep up', SETTLED_MS, async () => {
      const [leader, own] = [await ensemble.member(LEADER).zxid(), await ensemble.member(sid).zxid()]
      return own !== null && own === leader ? true : null
    })
  }
}

async function both([a, b]: readonly Side[], sid: number, path: string): Promise<[Answer, Answer]> {
  return Promise.all([askMember(a, sid, path), askMember(b, sid, path)])
}

function askMember(side: Side | undefined, sid: number, path: string): Promise<Answer> {
  return ask(side?.adminPorts.get(sid) ?? 0, { path })
}

/** Ports are told by what they are for, since each ensemble has its own. */
function placeless(answer: Answer, { ensemble }: Side): string {
  let text = essence(answer)
  for (const { sid, address } of ensemble.members) {
    for (const [name, port] of Object.entries(address)) text = text.replaceAll(`:${port}"`, `:<${name} ${sid}>"`)
  }
  return text
}

/** Names of the figures, but for those that come with what a client asked of one namespace, or that 3.9.5 has not. */
async function monitorNames(sides: readonly Side[], sid: number): Promise<[string, string]> {
  const answers = await both(sides, sid, '/commands/monitor')
  const [theirs = '', ours = ''] = answers.map(({ body }) =>
    Object.keys(body as object) // an answer of a command is an object
      .filter(
        (name) =>
          !/op_count_|ttl_node_|disk_full_count|tracing_requests_|_per_namespace|_learner_handler_qp_|_ack_latency/.test(
            name
          )
      )
      .sort()
      .join('\n')
  )
  return [theirs, ours]
}

async function compareWithoutQuorum(sides: readonly Side[], tell: Tell): Promise<void> {
  for (const { ensemble } of sides) {
    await Promise.all([2, LEADER].map((sid) => ensemble.member(sid).kill()))
    await waitFor('the follower to lose its leader', SETTLED_MS, async () =>
      (await ensemble.member(1).mode()) === null ? true : null
    )
  }
  for (const command of ['ruok', 'zabstate', 'leader', 'environment/', 'gtmk', 'configuration', 'stats', 'dump']) {
    const [theirs, ours] = await both(sides, 1, `/commands/${command}`)
    tell(`without a quorum: ${command}`, difference(essence(theirs), essence(ours)))
  }
  const probe = await askMember(sides[1], 1, '/readyz')
  const saysWhy = probe.status === 503 && String(probe.body).includes('looking')
  tell('without a quorum: readyz says why', saysWhy ? null : JSON.stringify(probe))
}

function ignore(): void {
  // The watch is there to be listed.
}
