import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ACL } from '../../../protocol/generated/data.ts'
import { Perm } from '../../../protocol/op-code.ts'
import { pathProblem } from '../../../protocol/path.ts'
import { checkSession, nextVersion, type PrepareContext, type Prepared } from './prepare-context.ts'

/** setACL; a null path is BADARGUMENTS outside a multi, where alone it may stand. */
export function prepareSetAcl(
  context: PrepareContext,
  path: string | null,
  requested: readonly ACL[] | null,
  expectedVersion: number
): Prepared {
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  if (path === null || pathProblem(path) !== null) return ErrorCode.BADARGUMENTS
  const { acl, err } = context.acl.fixup(requested, context.identities)
  if (acl === null) return err
  const node = context.changes.recordFor(path)
  if (node === null) return ErrorCode.NONODE
  if (!context.isAllowed(node.acl, Perm.admin)) return ErrorCode.NOAUTH
  const version = nextVersion(node.stat.aversion, expectedVersion)
  if (version === null) return ErrorCode.BADVERSION
  node.stat.aversion = version
  node.acl = acl
  context.commitChange(node)
  return { kind: 'setACL', path, acl, version }
}
