import { ErrorCode } from '../../../protocol/error-code.ts'
import { OpCode, Perm } from '../../../protocol/op-code.ts'
import { pathProblem } from '../../../protocol/path.ts'
import { checkSession, nextVersion, type PrepareContext, type Prepared } from './prepare-context.ts'
import { isSetOverQuota } from './quota.ts'

/** setData; a null path is BADARGUMENTS outside a multi. */
export function prepareSetData(
  context: PrepareContext,
  path: string | null,
  data: Uint8Array | null,
  expectedVersion: number
): Prepared {
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  if (path === null || path === '') return ErrorCode.BADARGUMENTS
  const node = context.changes.recordFor(path)
  // perf: bench/load, set; the path of a node there is has been looked at before.
  if (node === null) return pathProblem(path) === null ? ErrorCode.NONODE : ErrorCode.BADARGUMENTS
  if (!context.isAllowed(node.acl, Perm.write)) return ErrorCode.NOAUTH
  if (isSetOverQuota(context, path, data)) return ErrorCode.QUOTAEXCEEDED
  const version = nextVersion(node.stat.version, expectedVersion)
  if (version === null) return ErrorCode.BADVERSION
  node.stat.version = version
  node.stat.mzxidHi = context.zxidHi
  node.stat.mzxidLo = context.zxidLo
  node.stat.mtimeHi = context.timeHi
  node.stat.mtimeLo = context.timeLo
  context.replaceData(node, data)
  context.commitChange(node)
  return { kind: 'setData', type: OpCode.setData, path, data, version }
}
