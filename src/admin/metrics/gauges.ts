import { average } from '../java-text.ts'
import { maxFileDescriptorCount, openFileDescriptorCount } from '../process-figures.ts'
import type { LeaderView, QuorumView, ServerView, SessionsView, TreeView, WatchesView } from '../server-view.ts'

/** A server with its parts looked at once, since making them may cost something. */
export interface SeenServer {
  readonly view: ServerView
  readonly tree: TreeView
  readonly sessions: SessionsView
  readonly watches: WatchesView
  readonly quorum: QuorumView | null
}

export function lookOnce(view: ServerView): SeenServer {
  return { view, tree: view.tree(), sessions: view.sessions(), watches: view.watches(), quorum: view.quorum() }
}

/** A number that is looked up when it is asked for. */
export interface Gauge {
  /** Apache's name, without `zk_`. */
  readonly name: string
  /** null = this server has no such figure in its present role. */
  read(server: SeenServer): number | null
  /** Printed with a decimal point, as Java's doubles. */
  readonly isDecimal?: boolean
}

function gauge(name: string, read: Gauge['read']): Gauge {
  return { name, read }
}

function leaderGauge(name: string, read: (leader: LeaderView) => number): Gauge {
  return gauge(name, ({ quorum }) => {
    const leader = quorum?.leader ?? null
    return leader === null ? null : read(leader)
  })
}

/** In the order of a real server's `mntr`. */
export const gauges: readonly Gauge[] = [
  gauge('ephemerals_count', ({ tree }) => tree.ephemeralCount),
  gauge('num_alive_connections', ({ view }) => view.connectionCount()),
  {
    name: 'avg_latency',
    isDecimal: true,
    read: ({
      view: {
        stats: { requestLatency }
      }
    }) => average(requestLatency.sum, requestLatency.count)
  },
  leaderGauge('min_proposal_size', (leader) => leader.proposalSize.min),
  gauge('outstanding_requests', ({ view }) => view.outstandingRequests()),
  gauge('znode_count', ({ tree }) => tree.nodeCount),
  gauge('global_sessions', ({ sessions }) => sessions.globalCount),
  gauge('non_mtls_remote_conn_count', ({ view }) => view.stats.nonMtlsRemoteConnectionCount.value),
  gauge('last_client_response_size', ({ view: { stats } }) => stats.clientResponseSize.last),
  gauge('packets_sent', ({ view: { stats } }) => stats.packetsSent.value),
  gauge('packets_received', ({ view: { stats } }) => stats.packetsReceived.value),
  leaderGauge('max_proposal_size', (leader) => leader.proposalSize.max),
  gauge('max_client_response_size', ({ view: { stats } }) => stats.clientResponseSize.max),
  leaderGauge('synced_followers', (leader) => leader.syncedFollowers),
  // Connections are never dropped by chance here.
  { name: 'connection_drop_probability', isDecimal: true, read: () => 0 },
  gauge('watch_count', ({ watches }) => watches.count),
  leaderGauge('synced_non_voting_followers', (leader) => leader.syncedNonVotingFollowers),
  gauge('synced_observers', ({ quorum }) => quorum?.syncedObservers ?? null),
  gauge('auth_failed_count', ({ view: { stats } }) => stats.authFailedCount.value),
  gauge(
    'min_latency',
    ({
      view: {
        stats: { requestLatency }
      }
    }) => (requestLatency.count === 0 ? 0 : requestLatency.min)
  ),
  gauge('max_file_descriptor_count', () => maxFileDescriptorCount()),
  gauge('approximate_data_size', ({ tree }) => tree.approximateDataSize),
  gauge('open_file_descriptor_count', () => openFileDescriptorCount()),
  leaderGauge('last_proposal_size', (leader) => leader.proposalSize.last),
  leaderGauge('pending_syncs', (leader) => leader.pendingSyncs),
  leaderGauge('leader_uptime', (leader) => leader.uptimeMs),
  gauge('local_sessions', ({ sessions }) => sessions.localCount),
  gauge('uptime', ({ view }) => Math.floor(view.uptimeMs())),
  gauge(
    'max_latency',
    ({
      view: {
        stats: { requestLatency }
      }
    }) => (requestLatency.count === 0 ? 0 : requestLatency.max)
  ),
  gauge('outstanding_tls_handshake', ({ view: { stats } }) => stats.outstandingTlsHandshakes.value),
  leaderGauge('learners', (leader) => leader.learners),
  gauge('min_client_response_size', ({ view: { stats } }) => stats.clientResponseSize.min),
  gauge('non_mtls_local_conn_count', ({ view: { stats } }) => stats.nonMtlsLocalConnectionCount.value),
  gauge('quorum_size', ({ quorum }) => quorum?.quorumSize ?? null)
]
