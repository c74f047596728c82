import type { Txn } from '../../protocol/txn.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { Session } from '../session/session.ts'

/**
 * A place in the order of writes: a transaction on its way to the log, or a mark that only waits for those before it
 * (sync, a write that could not be parsed).
 */
export interface Proposal {
  /** Null for a mark. */
  readonly txn: Txn | null
  /** Batch of the log that it became durable with; a mark has that of the last transaction before it. */
  readonly sequence: number
  /** Who waits for the answer; null for what the server asked of itself. */
  readonly connection: ClientConnection | null
  readonly session: Session | null
  /** Request type, which need not be the transaction's. */
  readonly type: number
  readonly xid: number
  readonly receivedMs: number
  /** A mark's outcome, and for sync the path to echo. */
  readonly markError: number
  readonly markPath: string | null
}
