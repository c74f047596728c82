import type { SizeStats } from '../../core/instruments.ts'
import { average, javaSocketAddress } from '../java-text.ts'
import { metricLines, resetServerStats } from '../metrics/registry.ts'
import type { ConnectionView, ServerView } from '../server-view.ts'
import { FULL_VERSION } from '../version.ts'
import type { AdminTarget } from './admin-target.ts'
import { type AdminCommand, type CommandAnswer, command } from './command.ts'
import { decimal, type JsonField, type JsonObject, type JsonValue, lazily, list, object } from './json-text.ts'

const CHANGES = { methods: ['GET', 'POST'] } as const

/** What is counted: of the server, of its connections, and everything at once. */
export const statisticsCommands: readonly AdminCommand[] = [
  command('connections', ({ view }) => ({ fields: connectionLists(view, false) }), { aliases: ['cons'] }),
  command('connection_stat_reset', resetConnections, { aliases: ['crst'], ...CHANGES }),
  command('monitor', ({ view }) => ({ fields: monitorFields(view) }), { aliases: ['mntr'] }),
  command('server_stats', ({ view }) => ({ fields: serverFields(view) }), { aliases: ['srvr'] }),
  command('stats', stats, { aliases: ['stat'] }),
  command('stat_reset', resetStats, { aliases: ['srst'], ...CHANGES })
]

function resetConnections({ view }: AdminTarget): CommandAnswer {
  view.resetConnectionStats()
  return {}
}

function resetStats({ view }: AdminTarget): CommandAnswer {
  resetServerStats(view)
  return {}
}

function stats({ view }: AdminTarget): CommandAnswer {
  return { fields: [...serverFields(view), ...connectionLists(view, true)] }
}

/** @param isBrief without what belongs to the session */
function connectionLists(view: ServerView, isBrief: boolean): JsonField[] {
  const fieldsOf = (connection: ConnectionView): JsonObject => connectionFields(connection, isBrief)
  return [
    ['connections', list(lazily(view.connections('plain'), fieldsOf))],
    ['secure_connections', list(lazily(view.connections('secure'), fieldsOf))]
  ]
}

function connectionFields(connection: ConnectionView, isBrief: boolean): JsonObject {
  const { remoteAddress, remotePort, session } = connection
  const fields: JsonField[] = [
    ['remote_socket_address', javaSocketAddress(remoteAddress, remotePort).slice(1)],
    ['interest_ops', connection.interestOps],
    ['outstanding_requests', connection.outstandingRequests],
    ['packets_received', connection.packetsReceived],
    ['packets_sent', connection.packetsSent]
  ]
  if (isBrief) return object(fields)
  return object([
    ...fields,
    ['session_id', connection.sessionId],
    ['last_operation', session.lastOperation === 'null' ? null : session.lastOperation],
    ['established', Math.floor(session.establishedMs)],
    ['session_timeout', session.timeoutMs],
    ['last_cxid', session.lastCxid],
    ['last_zxid', session.lastZxid],
    ['last_response_time', Math.floor(session.lastResponseMs)],
    ['last_latency', Math.floor(session.lastLatencyMs)],
    ['min_latency', Math.floor(session.minLatencyMs)],
    ['avg_latency', Math.floor(session.avgLatencyMs)],
    ['max_latency', Math.floor(session.maxLatencyMs)]
  ])
}

function serverFields(view: ServerView): JsonField[] {
  const leader = view.quorum()?.leader ?? null
  const fields: JsonField[] = [
    ['version', FULL_VERSION],
    ['read_only', view.mode() === 'read-only'],
    ['server_stats', statisticsOf(view)],
    ['client_response', sizesOf(view.stats.clientResponseSize)]
  ]
  if (leader !== null) fields.push(['proposal_stats', sizesOf(leader.proposalSize)])
  fields.push(['node_count', view.tree().nodeCount])
  return fields
}

function statisticsOf(view: ServerView): JsonObject {
  const { stats } = view
  const { count, sum, min, max } = stats.requestLatency
  return object([
    ['packets_sent', stats.packetsSent.value],
    ['packets_received', stats.packetsReceived.value],
    ['fsync_threshold_exceed_count', stats.fsyncThresholdExceedCount.value],
    ['client_response_stats', sizesOf(stats.clientResponseSize)],
    ['data_dir_size', view.dataDirBytes()],
    ['log_dir_size', view.logDirBytes()],
    ['last_processed_zxid', view.lastProcessedZxid()],
    ['outstanding_requests', view.outstandingRequests()],
    ['server_state', view.mode()],
    ['avg_latency', decimal(average(sum, count))],
    ['max_latency', count === 0 ? 0 : max],
    ['min_latency', count === 0 ? 0 : min],
    ['num_alive_client_connections', view.connectionCount()],
    ['uptime', Math.floor(view.uptimeMs())],
    ['auth_failed_count', stats.authFailedCount.value],
    ['non_mtlsremote_conn_count', stats.nonMtlsRemoteConnectionCount.value],
    ['non_mtlslocal_conn_count', stats.nonMtlsLocalConnectionCount.value],
    // compat: a property of upstream's class that its writer shows; there is always a provider.
    ['provider_null', false]
  ])
}

function sizesOf({ last, min, max }: SizeStats): JsonObject {
  return object([
    ['last_buffer_size', last],
    ['min_buffer_size', min],
    ['max_buffer_size', max]
  ])
}

function* monitorFields(view: ServerView): Generator<JsonField> {
  yield ['version', FULL_VERSION]
  yield ['server_state', view.mode()]
  const quorum = view.quorum()
  if (quorum !== null && view.mode() !== 'read-only') {
    yield ['peer_state', quorum.peerState]
    if (quorum.observerMasterId !== null) yield ['observer_master_id', quorum.observerMasterId]
  }
  if (view.settings.metrics.provider === 'none') return
  for (const [name, value] of metricLines(view)) yield [name, figure(value)]
}

/** A figure as `mntr` prints it. */
function figure(text: string): JsonValue {
  const value = Number(text)
  return /[.E]/.test(text) ? decimal(value) : value
}
