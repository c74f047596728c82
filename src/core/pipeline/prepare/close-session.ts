import type { TxnBody } from '../../../protocol/txn.ts'
import { removeEphemeral } from './delete.ts'
import type { PrepareContext } from './prepare-context.ts'

/**
 * closeSession of the context's session: its transaction names the ephemerals that it has and those that pending
 * transactions will have given it (unless `closeSessionTxn.enabled` is false: the old, empty form).
 */
export function prepareCloseSession(context: PrepareContext): TxnBody {
  const paths = context.changes.ephemeralsOf(context.sessionHi, context.sessionLo)
  for (const path of paths) removeEphemeral(context, path)
  return { kind: 'closeSession', paths: context.settings.closeSessionTxnEnabled ? paths : null }
}
