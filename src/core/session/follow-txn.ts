import type { Txn } from '../../protocol/txn.ts'
import type { SessionTable } from './session-table.ts'

/** Follows what a transaction says of its session. */
export function applyToSessions(txn: Txn, sessions: SessionTable, nowMs: number): void {
  const { clientIdHi, clientIdLo } = txn.header
  if (txn.body.kind === 'createSession') sessions.create(clientIdHi, clientIdLo, txn.body.timeoutMs, nowMs)
  else if (txn.body.kind === 'closeSession') sessions.remove(clientIdHi, clientIdLo)
}
