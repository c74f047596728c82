import type { AclChecker } from '../acl/acl-checker.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { Metrics, ServerStats } from '../metrics.ts'
import type { Outbox } from '../outbox.ts'
import type { ConnectionId, HashPort } from '../ports.ts'
import type { SessionTable } from '../session/session-table.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { WatchManager } from '../watch/watch-manager.ts'
import type { CoreSettings } from './core-settings.ts'

/** What the stages of a peer share. Everything in it is changed within a step only. */
export interface PeerState {
  readonly settings: CoreSettings
  readonly hash: HashPort
  readonly tree: DataTree
  readonly watches: WatchManager
  readonly sessions: SessionTable
  readonly acl: AclChecker
  readonly connections: Map<ConnectionId, ClientConnection>
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Client requests read and not yet answered. */
  outstanding: number
  /** Monotonic clock of this step, ms. */
  nowMs: number
  /** Wall clock of this step, ms since the epoch. */
  wallMs: number
  /** Where this step's outputs go. */
  out: Outbox
}
