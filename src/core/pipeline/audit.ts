import type { Txn } from '../../protocol/txn.ts'
import type { AuditedRequest, AuditedWrite } from '../audit/audited-request.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'
import type { ApplyResult } from '../tree/data-tree.ts'

/** What the stages of a peer tell the audit trail. */
export interface Audit {
  /** Takes down who asks. */
  asked(connection: ClientConnection, request: AuditedRequest): AuditedWrite
  /** A client's write has been applied, or its turn has come to be refused; with what came of it. */
  applied(proposal: Proposal, result: ApplyResult): void
  /** A transaction is about to be applied: if it ends a session, its ephemerals are there still. */
  closing(txn: Txn): void
}
