import type { EnsembleView } from '../admin/http/admin-target.ts'
import type { QuorumView, ServerMode } from '../admin/server-view.ts'
import type { InputBatch } from '../core/input-batch.ts'
import type { Peer } from '../core/peer.ts'

/** The state machine that a server runs: a peer by itself, or a member of an ensemble with the peer of its present role. */
export interface Machine {
  /** Who serves clients just now; null while nobody does. */
  readonly peer: Peer | null
  readonly mode: ServerMode
  readonly isServing: boolean
  /** Monotonic ms at which it wants a step although nothing has happened; infinite if it does not. */
  readonly nextStepMs: number
  /** Null on a standalone server. */
  quorum(): QuorumView | null
  /** Null on a standalone server, and while a member has no leader or serves nobody. */
  ensemble(): EnsembleView | null
  /** Takes one batch of inputs. What it says has been handed to the shell when this returns. */
  step(inputs: InputBatch): void
  settle(monotonicMs: number): void
}
