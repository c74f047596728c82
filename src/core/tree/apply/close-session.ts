import type { CloseSessionBody } from '../../../protocol/txn-body.ts'
import type { ApplyContext } from './apply-context.ts'
import { deletePath } from './delete.ts'

/** Deletes the nodes that the transaction names, whoever owns them, and then any others that the session still has. */
export function applyCloseSession(context: ApplyContext, body: CloseSessionBody): void {
  if (body.paths !== null) for (const path of body.paths) deletePath(context, path)
  const { clientIdHi, clientIdLo } = context.header
  for (const path of [...context.nodes.ephemeralsOf(clientIdHi, clientIdLo)]) deletePath(context, path)
}
