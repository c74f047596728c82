import { parseConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleMember } from '../../core/zab/membership/ensemble-config.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import type { ConnectionView } from '../server-view.ts'
import { newPause } from '../slices.ts'
import { FULL_VERSION } from '../version.ts'
import { MemberProbe, type MemberStatus } from './member-probe.ts'
import { badRequest, type ConsoleCall, type ConsoleRoute, hex, parameter, read } from './route.ts'

const ROWS_MAX = 500
const PATHS_MAX = 500
const SAMPLE_COUNT = 5
/** Work on long tables at one time, so that the server's clients hardly notice. */
const SLICE_MS = 10

/** What the server and its ensemble are about: nothing that the admin commands do not tell as well. */
export function serverRoutes(): ReadonlyMap<string, ConsoleRoute> {
  const probe = new MemberProbe()
  return new Map([
    ['server', read(({ target }) => serverFacts(target))],
    ['ensemble', read(({ target }) => ensemble(target, probe))],
    ['connections', read(connections)],
    ['holders', read(holders)],
    ['session', read(session)]
  ])
}

function serverFacts(target: AdminTarget): unknown {
  const { view } = target
  const { count, sum, max } = view.stats.requestLatency
  const watches = view.watches()
  const tree = view.tree()
  const sessions = view.sessions()
  return {
    version: FULL_VERSION,
    mode: view.mode(),
    isServing: view.isServing(),
    troubles: target.troubles(),
    zxid: hex(view.lastProcessedZxid()),
    uptimeMs: Math.floor(view.uptimeMs()),
    clientPort: view.clientPort(),
    secureClientPort: view.secureClientPort(),
    connectionCount: view.connectionCount(),
    sessionCount: sessions.globalCount + sessions.localCount,
    outstandingRequests: view.outstandingRequests(),
    packetsReceived: view.stats.packetsReceived.value,
    packetsSent: view.stats.packetsSent.value,
    averageLatencyMs: count === 0 ? 0 : sum / count,
    maxLatencyMs: count === 0 ? 0 : max,
    nodeCount: tree.nodeCount,
    ephemeralCount: tree.ephemeralCount,
    ephemeralOwnerCount: tree.ephemeralOwnerCount,
    dataBytes: tree.approximateDataSize,
    watchCount: watches.count,
    watchedPathCount: watches.dataPathCount,
    watchingConnectionCount: watches.dataConnectionCount,
    logDirBytes: view.logDirBytes()
  }
}

async function ensemble(target: AdminTarget, probe: MemberProbe): Promise<unknown> {
  const { view } = target
  const own = target.ensemble()
  const quorum = view.quorum()
  // Also while it has no role, and so no place in the ensemble.
  const myid = quorum === null ? null : view.settings.quorum.serverId
  const members = quorum === null ? [] : parseConfigText(quorum.membership).members
  const statuses = await Promise.all(members.map((one) => (one.id === myid ? undefined : probe.status(one))))
  const ownZxid = view.lastProcessedZxid()
  const newest = newestOf([ownZxid, ...statuses.map((status) => status?.zxid ?? 0n)])
  return {
    isStandalone: quorum === null,
    peerState: quorum?.peerState ?? null,
    myid,
    leaderId: own?.leaderId ?? null,
    zabState: own?.zabState ?? null,
    zxid: hex(ownZxid),
    configVersion: /^version=(.*)$/m.exec(quorum?.membership ?? '')?.[1] ?? null,
    members: members.map((member, index) =>
      member.id === myid
        ? { ...place(member), isSelf: true, isAsked: true, status: ownStatus(target), lag: lagOf(ownZxid, newest) }
        : { ...place(member), isSelf: false, ...otherStatus(statuses[index], newest) }
    ),
    leader: quorum?.leader
      ? {
          learners: quorum.leader.learners,
          syncedFollowers: quorum.leader.syncedFollowers,
          pendingSyncs: quorum.leader.pendingSyncs,
          uptimeMs: Math.floor(quorum.leader.uptimeMs)
        }
      : null,
    observers: (own?.observers ?? []).map(({ sid, address, lastZxid, unsentBytes, establishedMs }) => ({
      sid,
      address,
      zxid: hex(lastZxid),
      unsentBytes,
      establishedMs
    }))
  }
}

/** The newest transaction. A leader shows the zxid that its epoch begins with before there is one in it. */
export function newestOf(zxids: readonly bigint[]): bigint {
  return zxids
    .filter((zxid) => (zxid & 0xffffffffn) !== 0n)
    .reduce((newest, zxid) => (zxid > newest ? zxid : newest), 0n)
}

function place({ id, role, addresses, clientAddress, clientPort }: EnsembleMember): Record<string, unknown> {
  return {
    id,
    role,
    host: addresses[0]?.host ?? '',
    clientAddress: clientPort === null ? null : `${clientAddress ?? '0.0.0.0'}:${clientPort}`
  }
}

function ownStatus({ view }: AdminTarget): Record<string, unknown> {
  const { count, sum } = view.stats.requestLatency
  return {
    mode: view.isServing() ? view.mode() : 'not serving',
    zxid: hex(view.lastProcessedZxid()),
    connections: view.connectionCount(),
    averageLatencyMs: count === 0 ? 0 : sum / count,
    nodeCount: view.tree().nodeCount
  }
}

/** @param status null: no answer; undefined: it cannot be asked */
function otherStatus(status: MemberStatus | null | undefined, newest: bigint): Record<string, unknown> {
  if (status === undefined) return { status: null, isAsked: false, lag: null }
  if (status === null) return { status: null, isAsked: true, lag: null }
  return { status: { ...status, zxid: hex(status.zxid) }, isAsked: true, lag: lagOf(status.zxid, newest) }
}

/** Transactions behind the newest one that any member has applied; null across an election, where they cannot be counted. */
export function lagOf(zxid: bigint, newest: bigint): number | null {
  if (zxid >= newest) return 0
  return zxid >> 32n === newest >> 32n ? Number(newest - zxid) : null
}

/** Connections by address or session, as far as there is room. */
async function connections({ query, target }: ConsoleCall): Promise<unknown> {
  const { view } = target
  const filter = (query.get('filter') ?? '').toLowerCase()
  const rows: unknown[] = []
  let count = 0
  let matching = 0
  const pause = newPause(SLICE_MS)
  for (const port of ['plain', 'secure'] as const) {
    for (const connection of view.connections(port)) {
      count++
      const address = `${connection.remoteAddress}:${connection.remotePort}`
      if (filter !== '' && !address.includes(filter) && !hex(connection.sessionId).includes(filter)) continue
      matching++
      if (rows.length < ROWS_MAX) rows.push(connectionRow(connection, address, port === 'secure'))
      if (count % 256 === 0) await pause()
    }
  }
  return { connections: rows, count, matching }
}

function connectionRow(connection: ConnectionView, address: string, isSecure: boolean): unknown {
  const { sessionId, outstandingRequests, packetsReceived, packetsSent } = connection
  const base = { address, isSecure, outstandingRequests, packetsReceived, packetsSent }
  if (sessionId === 0n) return { ...base, sessionId: null }
  const { lastOperation, establishedMs, timeoutMs, lastZxid, avgLatencyMs, maxLatencyMs } = connection.session
  return {
    ...base,
    sessionId: hex(sessionId),
    lastOperation,
    establishedMs: Math.floor(establishedMs),
    timeoutMs,
    lastZxid: hex(lastZxid),
    averageLatencyMs: Math.floor(avgLatencyMs),
    maxLatencyMs: Math.floor(maxLatencyMs)
  }
}

/** Sessions that own ephemeral znodes, and a sample of each. */
async function holders({ query, target }: ConsoleCall): Promise<unknown> {
  const filter = (query.get('filter') ?? '').toLowerCase()
  const rows: unknown[] = []
  let count = 0
  let matching = 0
  const pause = newPause(SLICE_MS)
  for (const { sessionId, paths } of target.view.tree().ephemerals()) {
    if (++count % 64 === 0) await pause()
    const own = [...paths]
    const isMatch =
      filter === '' || hex(sessionId).includes(filter) || own.some((path) => path.toLowerCase().includes(filter))
    if (!isMatch) continue
    matching++
    if (rows.length < ROWS_MAX) {
      rows.push({ sessionId: hex(sessionId), count: own.length, paths: own.slice(0, SAMPLE_COUNT) })
    }
  }
  return { holders: rows, count, matching }
}

/** One session: its connection here, what it owns, what it watches on this server. */
async function session({ query, target }: ConsoleCall): Promise<unknown> {
  const text = parameter(query, 'id')
  if (!/^0x[0-9a-f]{1,16}$/.test(text)) throw badRequest('id is no session id')
  const id = BigInt.asIntN(64, BigInt(text))
  const { view } = target
  const pause = newPause(SLICE_MS)
  let connection: unknown = null
  for (const port of ['plain', 'secure'] as const) {
    for (const one of view.connections(port)) {
      if (one.sessionId !== id) continue
      connection = connectionRow(one, `${one.remoteAddress}:${one.remotePort}`, port === 'secure')
    }
  }
  const ephemerals = new Paths()
  for (const { sessionId, paths } of view.tree().ephemerals()) if (sessionId === id) ephemerals.add(paths)
  const watched = new Paths()
  let seenCount = 0
  for (const entry of view.watches().dataByConnection()) {
    if (entry?.sessionId === id) watched.add(entry.paths)
    if (++seenCount % 64 === 0) await pause()
  }
  return { id: text, connection, ephemerals: ephemerals.shown(), watches: watched.shown() }
}

/** The first of many paths, and how many they are. */
class Paths {
  readonly #paths: string[] = []
  #count = 0

  add(paths: Iterable<string>): void {
    for (const path of paths) {
      this.#count++
      if (this.#paths.length < PATHS_MAX) this.#paths.push(path)
    }
  }

  shown(): { readonly count: number; readonly paths: readonly string[] } {
    return { count: this.#count, paths: this.#paths.sort() }
  }
}
