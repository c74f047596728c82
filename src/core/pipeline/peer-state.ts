import type { NumberMap } from '../../protocol/number-map.ts'
import type { AclChecker } from '../acl/acl-checker.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { Metrics, ServerStats } from '../metrics.ts'
import type { Outbox } from '../outbox.ts'
import type { HashPort, SaslPort } from '../ports.ts'
import type { SessionTable } from '../session/session-table.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { WatchManager } from '../watch/watch-manager.ts'
import type { Audit } from './audit.ts'
import type { CoreSettings } from './core-settings.ts'
import type { LargeRequests } from './large-requests.ts'
import type { NamespaceTraffic } from './namespace-traffic.ts'
import type { OperationCounts } from './operation-counts.ts'
import type { SlowRequests } from './slow-requests.ts'
import type { StepMeter } from './step-meter.ts'

/** What the stages of a peer share. Everything in it is changed within a step only. */
export interface PeerState {
  readonly settings: CoreSettings
  readonly hash: HashPort
  readonly tree: DataTree
  readonly watches: WatchManager
  readonly sessions: SessionTable
  readonly acl: AclChecker
  /** Null without a SASL configuration. */
  readonly sasl: SaslPort | null
  /** Only read-only clients are served, and only reads. */
  readonly isReadOnly: boolean
  readonly connections: NumberMap<ClientConnection>
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Instruments that need more than an addition, each for its own part. */
  readonly meter: StepMeter
  readonly operations: OperationCounts
  readonly namespaces: NamespaceTraffic
  readonly largeRequests: LargeRequests
  /** Null where nobody wants to know of them. */
  readonly slow: SlowRequests | null
  /** Null where nothing is audited. */
  audit: Audit | null
  /** Client requests in the pipeline: taken and not yet answered. Those that the throttle holds are not in it. */
  outstanding: number
  /** Monotonic clock of this step, ms. */
  nowMs: number
  /** Wall clock of this step, ms since the epoch. */
  wallMs: number
  /** Where this step's outputs go. */
  out: Outbox
}
