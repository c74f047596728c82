import type { JuteReader } from 'jute-ts'
import { formatMembership, parseConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../core/zab/membership/ensemble-config.ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { ReconfigOperation } from '../client-operation.ts'
import { demand } from '../violation.ts'
import { showZxid } from '../zxid.ts'
import type { Committed } from './committed-history.ts'
import type { ConfigurationChecker } from './configuration-checker.ts'

const RULE = 'answers of reconfigurations'

/** Checks a reconfiguration's answer against its transaction and the configuration before it. */
export function checkReconfig(
  operation: ReconfigOperation,
  err: number,
  reader: JuteReader,
  { zxid, txn }: Committed,
  configs: ConfigurationChecker
): void {
  const { body } = txn
  const before = configs.before(zxid)
  if (err !== ErrorCode.OK) {
    const logged = body.kind === 'error' ? body.err : 0
    demand(logged === err, RULE, () => `a reconfiguration is answered ${err}, its transaction has ${logged}`)
    const isRight = isErrorRight(operation, err, before)
    demand(isRight, RULE, () => `a reconfiguration is answered ${err}, though nothing speaks against it`)
    return
  }
  demand(body.kind === 'setData' && body.type === OpCode.reconfig, RULE, () => `its transaction is ${body.kind}`)
  const shown = Buffer.from(reader.readBuffer() ?? [])
  demand(shown.equals(Buffer.from(body.data ?? [])), RULE, () => `${showZxid(zxid)} is answered with ${shown}`)
  const { version } = operation
  demand(
    version === -1 || version === Number(before.version),
    'linearizable writes',
    () => `a reconfiguration of version ${showZxid(version)} went well at ${showZxid(Number(before.version))}`
  )
  const made = parseConfigText(shown.toString())
  demand(Number(made.version) === zxid, RULE, () => `${showZxid(zxid)} makes version ${showZxid(Number(made.version))}`)
  const [text, expected] = [made, outcomeOf(operation, before)].map(formatMembership)
  demand(text === expected, RULE, () => `${showZxid(zxid)} makes ${text} instead of ${expected}`)
}

function outcomeOf({ joining, leaving, list }: ReconfigOperation, before: EnsembleConfig): EnsembleConfig {
  if (list !== null) return list
  const gone = new Set([...leaving, ...joining.map(({ id }) => id)])
  return { ...before, members: [...before.members.filter(({ id }) => !gone.has(id)), ...joining] }
}

function isErrorRight(operation: ReconfigOperation, err: number, before: EnsembleConfig): boolean {
  switch (err) {
    case ErrorCode.SESSIONEXPIRED:
    case ErrorCode.SESSIONMOVED:
    case ErrorCode.NEWCONFIGNOQUORUM:
    case ErrorCode.RECONFIGINPROGRESS:
      return true
    case ErrorCode.BADVERSION:
      return operation.version !== -1 && operation.version !== Number(before.version)
    case ErrorCode.BADARGUMENTS:
    case ErrorCode.MARSHALLINGERROR:
      return !isPossible(operation, before)
    default:
      return false
  }
}

/** Hierarchies are changed by lists only, and somebody must vote. */
function isPossible(operation: ReconfigOperation, before: EnsembleConfig): boolean {
  if (operation.list === null && before.groups.length > 0) return false
  return outcomeOf(operation, before).members.some(({ role }) => role === 'participant')
}
