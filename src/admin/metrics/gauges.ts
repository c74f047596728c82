import { average } from '../java-text.ts'
import { maxFileDescriptorCount, openFileDescriptorCount } from '../process-figures.ts'
import type { LeaderView, ServerView } from '../server-view.ts'

/** A number that is looked up when it is asked for. */
export interface Gauge {
  /** Apache's name, without `zk_`. */
  readonly name: string
  /** null = this server has no such figure in its present role. */
  read(view: ServerView): number | null
  /** Printed with a decimal point, as Java's doubles. */
  readonly isDecimal?: boolean
}

function gauge(name: string, read: Gauge['read']): Gauge {
  return { name, read }
}

function leaderGauge(name: string, read: (leader: LeaderView) => number): Gauge {
  return gauge(name, (view) => {
    const leader = view.quorum()?.leader ?? null
    return leader === null ? null : read(leader)
  })
}

/** In the order of a real server's `mntr`. */
export const gauges: readonly Gauge[] = [
  gauge('ephemerals_count', (view) => view.tree().ephemeralCount),
  gauge('num_alive_connections', (view) => view.connectionCount()),
  {
    name: 'avg_latency',
    isDecimal: true,
    read: ({ stats: { requestLatency } }) => average(requestLatency.sum, requestLatency.count)
  },
  leaderGauge('min_proposal_size', (leader) => leader.proposalSize.min),
  gauge('outstanding_requests', (view) => view.outstandingRequests()),
  gauge('znode_count', (view) => view.tree().nodeCount),
  gauge('global_sessions', (view) => view.sessions().globalCount),
  gauge('non_mtls_remote_conn_count', (view) => view.stats.nonMtlsRemoteConnectionCount.value),
  gauge('last_client_response_size', ({ stats }) => stats.clientResponseSize.last),
  gauge('packets_sent', ({ stats }) => stats.packetsSent.value),
  gauge('packets_received', ({ stats }) => stats.packetsReceived.value),
  leaderGauge('max_proposal_size', (leader) => leader.proposalSize.max),
  gauge('max_client_response_size', ({ stats }) => stats.clientResponseSize.max),
  leaderGauge('synced_followers', (leader) => leader.syncedFollowers),
  // Connections are never dropped by chance here.
  { name: 'connection_drop_probability', isDecimal: true, read: () => 0 },
  gauge('watch_count', (view) => view.watches().count),
  leaderGauge('synced_non_voting_followers', (leader) => leader.syncedNonVotingFollowers),
  gauge('synced_observers', (view) => view.quorum()?.syncedObservers ?? null),
  gauge('auth_failed_count', ({ stats }) => stats.authFailedCount.value),
  gauge('min_latency', ({ stats: { requestLatency } }) => (requestLatency.count === 0 ? 0 : requestLatency.min)),
  gauge('max_file_descriptor_count', () => maxFileDescriptorCount()),
  gauge('approximate_data_size', (view) => view.tree().approximateDataSize),
  gauge('open_file_descriptor_count', () => openFileDescriptorCount()),
  leaderGauge('last_proposal_size', (leader) => leader.proposalSize.last),
  leaderGauge('pending_syncs', (leader) => leader.pendingSyncs),
  leaderGauge('leader_uptime', (leader) => leader.uptimeMs),
  gauge('local_sessions', (view) => view.sessions().localCount),
  gauge('uptime', (view) => Math.floor(view.uptimeMs())),
  gauge('max_latency', ({ stats: { requestLatency } }) => (requestLatency.count === 0 ? 0 : requestLatency.max)),
  gauge('outstanding_tls_handshake', ({ stats }) => stats.outstandingTlsHandshakes.value),
  leaderGauge('learners', (leader) => leader.learners),
  gauge('min_client_response_size', ({ stats }) => stats.clientResponseSize.min),
  gauge('non_mtls_local_conn_count', ({ stats }) => stats.nonMtlsLocalConnectionCount.value),
  gauge('quorum_size', (view) => view.quorum()?.quorumSize ?? null)
]
