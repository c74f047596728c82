import { ErrorCode } from '../../../protocol/error-code.ts'
import { Perm } from '../../../protocol/op-code.ts'
import { pathProblem } from '../../../protocol/path.ts'
import { checkSession, nextVersion, type PrepareContext, type Prepared } from './prepare-context.ts'

/** check, which only a multi may hold: READ on the znode, and its version. */
export function prepareCheck(context: PrepareContext, path: string, expectedVersion: number): Prepared {
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  if (pathProblem(path) !== null) return ErrorCode.BADARGUMENTS
  const node = context.changes.recordFor(path)
  if (node === null) return ErrorCode.NONODE
  if (!context.isAllowed(node.acl, Perm.read)) return ErrorCode.NOAUTH
  const version = nextVersion(node.stat.version, expectedVersion)
  return version === null ? ErrorCode.BADVERSION : { kind: 'check', path, version }
}
