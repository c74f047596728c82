import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ReconfigRequest } from '../../../protocol/generated/proto.ts'
import { OpCode, Perm } from '../../../protocol/op-code.ts'
import { checkSession, type PrepareContext, type Prepared } from './prepare-context.ts'

/** The znode whose data is the configuration in force. */
const CONFIG_PATH = '/zookeeper/config'

/**
 * A change of the ensemble: the text of the new configuration becomes the data of the znode. Who may do so is looked at
 * last, as upstream does: a request that could not be carried out is refused as such to everybody.
 */
export function prepareReconfig(context: PrepareContext, request: ReconfigRequest): Prepared {
  if (!context.settings.reconfigEnabled) return ErrorCode.RECONFIGDISABLED
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  if (context.reconfigPort === null) return ErrorCode.UNIMPLEMENTED
  const { zxidHi, zxidLo, timeHi, timeLo } = context
  const data = context.reconfigPort.reconfigure(request, zxidHi, zxidLo)
  if (typeof data === 'number') return data
  const node = context.changes.recordFor(CONFIG_PATH)
  if (node === null) return ErrorCode.NONODE
  if (!context.isAllowed(node.acl, Perm.write)) return ErrorCode.NOAUTH
  // compat: versions of this znode do not count; they tell nothing, and -1 is what upstream shows.
  const version = -1
  node.stat.version = version
  node.stat.mzxidHi = zxidHi
  node.stat.mzxidLo = zxidLo
  node.stat.mtimeHi = timeHi
  node.stat.mtimeLo = timeLo
  context.commitChange(node)
  return { kind: 'setData', type: OpCode.reconfig, path: CONFIG_PATH, data, version }
}
