import type {
  ConnectionView,
  ExpiryView,
  QuorumView,
  ServerMode,
  ServerView,
  SessionsView,
  TreeView,
  WatchesView
} from '../../src/admin/server-view.ts'
import { SizeStats, type Summary } from '../../src/core/instruments.ts'
import { createMetrics, createServerStats } from '../../src/core/metrics.ts'
import { loadSettings } from '../../src/server/config/load-settings.ts'
import type { ServerSettings } from '../../src/server/config/settings.ts'

/** Settings as a server gets them from arguments and properties. */
export function settingsWith(properties: Readonly<Record<string, string>> = {}): ServerSettings {
  const definitions = Object.entries({ 'zookeeper.4lw.commands.whitelist': '*', ...properties })
  const args = [
    ...definitions.map(([name, value]) => `-D${name}=${value}`),
    '21810',
    '/data/standalone/data',
    '2000',
    '0'
  ]
  return loadSettings({ args, env: {}, workingDirectory: '/' }).settings
}

/** How a leader of three servers sees its ensemble. */
export const leading: QuorumView = {
  electionPort: 1,
  quorumPort: 2,
  role: 'participant',
  membership: '',
  peerState: 'leading - broadcast',
  quorumSize: 3,
  leader: {
    proposalSize: new SizeStats(),
    uptimeMs: 1,
    learners: 2,
    syncedFollowers: 2,
    syncedNonVotingFollowers: 0,
    pendingSyncs: 0
  },
  syncedObservers: 0,
  observerMasterId: null
}

/** What a fake server shows; everything not given is that of an empty standalone one. */
export interface FakeServer {
  readonly settings?: ServerSettings
  readonly isServing?: boolean
  readonly mode?: ServerMode
  readonly connections?: readonly ConnectionView[]
  readonly connectionCount?: number
  readonly connectionExpiry?: ExpiryView<ConnectionView>
  readonly sessions?: Partial<SessionsView>
  readonly tree?: Partial<TreeView>
  readonly watches?: Partial<WatchesView>
  /** For the lists of watches. */
  readonly watchedPaths?: Iterable<{ readonly sessionId: bigint; readonly paths: readonly string[] }>
  readonly lastProcessedZxid?: bigint
  readonly outstandingRequests?: number
  readonly dirBytes?: number
  readonly digestLog?: readonly { readonly zxid: bigint; readonly digest: bigint }[]
  readonly quorum?: QuorumView
  readonly clientPort?: number
}

const NO_EXPIRY = { elementCount: 0, buckets: [] }

/** A view over plain values; counters and the trace mask really work. */
export function fakeServer(fake: FakeServer = {}): ServerView & { connectionResets: number } {
  let traceMask = 306n
  const { connections = [] } = fake
  return {
    settings: fake.settings ?? settingsWith(),
    metrics: createMetrics(),
    stats: createServerStats(),
    isServing: () => fake.isServing ?? true,
    mode: () => fake.mode ?? 'standalone',
    uptimeMs: () => 1234,
    clientPort: () => fake.clientPort ?? 21810,
    secureClientPort: () => null,
    lastProcessedZxid: () => fake.lastProcessedZxid ?? 0n,
    outstandingRequests: () => fake.outstandingRequests ?? 0,
    connectionCount: () => fake.connectionCount ?? connections.length,
    connections: (port) => (port === 'plain' ? connections : []),
    connectionResets: 0,
    resetConnectionStats() {
      this.connectionResets++
    },
    connectionExpiry: () => fake.connectionExpiry ?? NO_EXPIRY,
    sessions: () => ({
      globalCount: 0,
      localCount: 0,
      globalExpiry: NO_EXPIRY,
      localExpiry: null,
      globalTimeouts: [],
      ...fake.sessions
    }),
    tree: () => ({
      nodeCount: 5,
      ephemeralCount: 0,
      approximateDataSize: 44,
      ephemeralOwnerCount: 0,
      ephemerals: () => [],
      quotas: () => [],
      prefixes: () => [],
      ...fake.tree
    }),
    watches: () => ({
      count: 0,
      dataConnectionCount: 0,
      dataPathCount: 0,
      dataPairCount: 0,
      dataByConnection: () => fake.watchedPaths ?? [],
      dataByPath: () => byPath(fake.watchedPaths ?? []),
      ...fake.watches
    }),
    monotonicMsOf: (wallMs) => wallMs,
    dataDirBytes: () => fake.dirBytes ?? 0,
    logDirBytes: () => fake.dirBytes ?? 0,
    digestLog: () => fake.digestLog ?? [],
    traceMask: () => traceMask,
    setTraceMask(mask) {
      traceMask = mask
    },
    quorum: () => fake.quorum ?? null
  }
}

function* byPath(watched: NonNullable<FakeServer['watchedPaths']>) {
  const sessions = new Map<string, bigint[]>()
  for (const { sessionId, paths } of watched) {
    for (const path of paths) sessions.set(path, [...(sessions.get(path) ?? []), sessionId])
  }
  for (const [path, sessionIds] of sessions) yield { path, sessionIds }
}

/** A connection; without a session unless one is given. */
export function fakeConnection(
  remotePort: number,
  counts: Partial<ConnectionView> = {},
  session: Partial<ConnectionView['session']> = {}
): ConnectionView {
  return {
    remoteAddress: '127.0.0.1',
    remotePort,
    interestOps: 1,
    outstandingRequests: 0,
    packetsReceived: 0,
    packetsSent: 0,
    sessionId: 0n,
    ...counts,
    session: {
      lastOperation: 'NA',
      establishedMs: 0,
      timeoutMs: 0,
      lastCxid: -1,
      lastZxid: -1n,
      lastResponseMs: 0,
      lastLatencyMs: 0,
      minLatencyMs: 0,
      avgLatencyMs: 0,
      maxLatencyMs: 0,
      ...session
    }
  }
}

/** Gives a summary the figures that a real server showed. */
export function setSummary(summary: Summary, count: number, sum: number, min: number, max: number): void {
  summary.count = count
  summary.sum = sum
  summary.min = min
  summary.max = max
}
