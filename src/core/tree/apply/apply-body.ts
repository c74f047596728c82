import { ErrorCode } from '../../../protocol/error-code.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import { type MultiBody, type TxnBody, unreachable } from '../../../protocol/txn-body.ts'
import { NO_NODE } from '../data-tree.ts'
import { type ApplyContext, report } from './apply-context.ts'
import { applyCloseSession } from './close-session.ts'
import { applyCreate } from './create.ts'
import { applyDelete } from './delete.ts'
import { applySetAcl } from './set-acl.ts'
import { applySetData } from './set-data.ts'

/**
 * Applies what a transaction says, by rules that also hold when it is applied again over a fuzzy snapshot: everything is
 * idempotent or only goes forward.
 * @see `DataTree.processTxn`
 */
export function applyBody(context: ApplyContext, body: TxnBody): void {
  switch (body.kind) {
    case 'create':
      applyCreate(context, body)
      break
    case 'delete':
      applyDelete(context, body)
      break
    case 'setData':
      applySetData(context, body)
      break
    case 'setACL':
      applySetAcl(context, body)
      break
    case 'check':
      report(context, OpCode.check, ErrorCode.OK, body.path, NO_NODE)
      break
    case 'multi':
      applyMulti(context, body)
      break
    case 'error':
      report(context, OpCode.error, body.err, null, NO_NODE)
      break
    case 'closeSession':
      applyCloseSession(context, body)
      break
    case 'createSession':
      break
    default:
      unreachable(body)
  }
}

/** All or nothing: nothing if one of the operations is an error. */
function applyMulti(context: ApplyContext, body: MultiBody): void {
  if (body.operations.some((operation) => operation.kind === 'error')) reportFailed(context, body)
  else {
    context.isMulti = true
    for (const operation of body.operations) applyBody(context, operation)
    context.isMulti = false
  }
}

/** The operations before the failed one would have been right, those after it were not looked at. */
function reportFailed(context: ApplyContext, body: MultiBody): void {
  let isAfterError = false
  for (const operation of body.operations) {
    isAfterError ||= operation.kind === 'error'
    const err = isAfterError ? ErrorCode.RUNTIMEINCONSISTENCY : ErrorCode.OK
    report(context, OpCode.error, operation.kind === 'error' ? operation.err : err, null, NO_NODE)
  }
}
