import { connect } from '../../../src/client/index.ts'
import { Ensemble, participants } from '../../harness/ensemble.ts'
import { freePort } from '../../harness/free-port.ts'
import type { Member } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { attemptsOf, type Tell } from '../attempts.ts'

const SETTLED_MS = 30_000
const ROUNDS = 10
const LEADER = 3
const OBSERVER = 4

/** Figures that are another thing on each server, or depend on how fast what comes: how much is done at a time, how long it takes. */
const NOT_COMPARED = [
  /^zk_(p\d+|avg|min|max|sum)_/,
  /^zk_(last_client_response_size|uptime|leader_uptime|open_file_descriptor_count|max_file_descriptor_count|version|server_state|peer_state|observer_master_id)$/,
  /^zk_(jvm_|op_count_|ttl_node_|tracing_|prefix_|disk_full_count)/,
  /_per_namespace$/,
  // `settled` asks as often as it must.
  /^zk_packets_received$/,
  // How many passes there are, and commits in each; a packet more or less is a PING.
  /^zk_cnt_.*(_commit_proc_(req_queued|issued)|commit_process_time|write_batch_time_in_commit_processor)$/,
  /^zk_cnt_(fsynctime|sync_processor_batch_size|sync_processor_queue_flush_time_ms|requests_in_session_queue)$/,
  /_learner_handler_qp_/
]

/** What docs/compatibility.md says of the difference. */
const DOCUMENTED = [
  // There is no pool of readers to wait for, and there are no caches of replies.
  /^zk_cnt_(concurrent_request_processing_in_commit_processor|time_waiting_empty_pool_in_commit_processor_read_ms)$/,
  /^zk_response_packet_/,
  /^zk_packets_sent$/,
  /^zk_cnt_(sync_processor_queue_and_flush_time_ms|proposal_process_time|proposal_ack_creation_latency)$/
]
/** Beside that, of a follower that serves observers: what it passes on for them is in the figures of its own clients with upstream's. */
const DOCUMENTED_OF_MASTERS =
  /^zk_(cnt_(local|server)_write_committed_time_ms|cnt_write_commitproc_time_ms|cnt_pending_session_queue_size|cnt_reads_after_write_in_session_queue)$/

/** Figures that a server of either kind must have counted something in, though not the same. */
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  leader: ['write_commit_proc_issued', 'commit_process_time', 'requests_in_session_queue', '1_learner_handler_qp_size'],
  master: ['om_commit_process_time_ms', 'om_proposal_process_time_ms', `${OBSERVER}_learner_handler_qp_size`],
  follower: ['write_batch_time_in_commit_processor', 'read_commit_proc_req_queued', 'write_commit_proc_req_queued'],
  observer: ['learner_request_processor_queue_size', 'read_commitproc_time_ms', 'commit_commit_proc_req_queued']
}

type Role = 'leader' | 'master' | 'follower' | 'observer'
type Figures = ReadonlyMap<string, number>

/**
 * The same load on an ensemble of each kind, three voters and an observer that a follower serves: what `mntr` counts meanwhile must be the same
 * on leader, followers and observer.
 */
export async function compareFigures(folder: (kind: ServerKind) => string, tell: Tell): Promise<void> {
  const attempt = attemptsOf('figures', tell)
  const counted = new Map<ServerKind, ReadonlyMap<Role, Figures>>()
  for (const kind of ['apache', 'zoonode'] as const) {
    await attempt(`${kind} counts`, async () => counted.set(kind, await figuresOf(kind, folder(kind))))
  }
  const [theirs, ours] = [counted.get('apache'), counted.get('zoonode')]
  if (theirs === undefined || ours === undefined) return
  for (const role of ['leader', 'master', 'follower', 'observer'] as const) {
    const [a, z] = [theirs.get(role) ?? new Map(), ours.get(role) ?? new Map()]
    tell(`figures: ${role}: equal counts`, unequal(a, z, role))
    tell(`figures: ${role}: all that upstream counts is counted`, uncounted(a, z, COUNTED[role] ?? []))
  }
}

function unequal(theirs: Figures, ours: Figures, role: Role): string | null {
  const passedOver = [...NOT_COMPARED, ...DOCUMENTED, ...(role === 'master' ? [DOCUMENTED_OF_MASTERS] : [])]
  const names = [...new Set([...theirs.keys(), ...ours.keys()])].filter(
    (name) => !passedOver.some((one) => one.test(name))
  )
  if (names.length < 50) return `only ${names.length} figures to be compared`
  const lines = names.flatMap((name) => {
    const [a, z] = [theirs.get(name) ?? null, ours.get(name) ?? null]
    return a === z ? [] : [`${name}: ${z} instead of ${a}`]
  })
  return lines.length === 0 ? null : lines.join('\n')
}

function uncounted(theirs: Figures, ours: Figures, names: readonly string[]): string | null {
  const lines = names.flatMap((name) =>
    [theirs, ours].flatMap((figures, index) =>
      (figures.get(`zk_cnt_${name}`) ?? 0) > 0 ? [] : [`${name} on ${index === 0 ? 'apache' : 'zoonode'} is 0`]
    )
  )
  return lines.length === 0 ? null : lines.join('\n')
}

/** What is counted more after a little load than before it, by the role of the server. */
async function figuresOf(kind: ServerKind, folder: string): Promise<ReadonlyMap<Role, Figures>> {
  const members = [...participants(kind, kind, kind), { sid: OBSERVER, kind, role: 'observer' } as const]
  const config = { observerMasterPort: String(await freePort()) }
  const ensemble = await Ensemble.plan(
    folder,
    { members, config },
    { host: (sid) => `127.0.0.${sid}`, prefix: () => [] }
  )
  try {
    await ensemble.startLedBy(LEADER)
    const observer = ensemble.member(OBSERVER)
    const masterId = await waitFor('the observer to have a master', SETTLED_MS, async () => {
      return (await mntrOf(observer)).get('zk_observer_master_id') ?? null
    })
    // Before its first write the leader alone has the epoch's zxid.
    await (await connect(ensemble.connectString)).close()
    await settled(ensemble)
    const before = new Map<Member, Figures>()
    for (const member of ensemble.members) before.set(member, await mntrOf(member))
    for (const member of ensemble.members) await load(member)
    await settled(ensemble)
    const found = new Map<Role, Figures>()
    for (const member of ensemble.members) {
      found.set(roleOf(member.sid, masterId), difference(before.get(member) ?? new Map(), await mntrOf(member)))
    }
    return found
  } finally {
    await ensemble.killAll()
  }
}

function roleOf(sid: number, masterId: number): Role {
  if (sid === OBSERVER) return 'observer'
  if (sid === LEADER) return 'leader'
  return sid === masterId ? 'master' : 'follower'
}

/** Writes with reads in front of them and behind; a sync on voters, since what a follower relays it counts as its own with upstream's. */
async function load(member: Member): Promise<void> {
  const zk = await connect(member.connectString, { sessionTimeoutMs: SETTLED_MS })
  for (let round = 0; round < ROUNDS; round++) {
    const path = `/of-${member.sid}-${round}`
    await Promise.all([zk.create(path, 'x'), zk.exists('/'), zk.getData('/'), zk.setData(path, 'y'), zk.exists('/')])
    await zk.getData('/')
  }
  if (member.sid !== OBSERVER) await zk.sync('/')
  await zk.close()
}

/** Waits until all members have applied the same. */
async function settled(ensemble: Ensemble): Promise<void> {
  await waitFor('all members to have the same zxid', SETTLED_MS, async () => {
    const zxids = await Promise.all(ensemble.members.map((member) => member.zxid()))
    return new Set(zxids).size === 1 && zxids[0] !== null ? true : null
  })
}

async function mntrOf(member: Member): Promise<Figures> {
  const lines = ((await member.ask('mntr')) ?? '').split('\n').map((line) => line.split('\t'))
  return new Map(
    lines.flatMap(([name, value]) => (name && value && !Number.isNaN(Number(value)) ? [[name, Number(value)]] : []))
  )
}

function difference(before: Figures, after: Figures): Figures {
  return new Map([...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)]))
}
