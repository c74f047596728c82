import { ErrorCode } from '../../../protocol/error-code.ts'
import { OpCode, Perm } from '../../../protocol/op-code.ts'
import { isSpecialPath, parentOf } from '../../../protocol/path.ts'
import type { ChangeRecord } from './change-record.ts'
import { isSessionOwned } from './create.ts'
import { checkSession, nextVersion, type PrepareContext, type Prepared } from './prepare-context.ts'

/** delete: the order of checks is client-protocol section 6; full path validity is not one of them. */
export function prepareDelete(context: PrepareContext, path: string, version: number): Prepared {
  const session = checkSession(context)
  if (session !== ErrorCode.OK) return session
  const parentPath = deletableParent(path)
  if (parentPath === null) return ErrorCode.BADARGUMENTS
  const parent = context.changes.recordFor(parentPath)
  if (parent === null) return ErrorCode.NONODE
  if (!context.isAllowed(parent.acl, Perm.delete)) return ErrorCode.NOAUTH
  const node = context.changes.recordFor(path)
  if (node === null) return ErrorCode.NONODE
  if (nextVersion(node.stat.version, version) === null) return ErrorCode.BADVERSION
  if (node.childCount > 0) return ErrorCode.NOTEMPTY
  removeNode(context, parent, node)
  return { kind: 'delete', type: OpCode.delete, path }
}

/**
 * deleteContainer: the server's own request for empty containers and expired TTL znodes; neither session nor ACL is
 * checked, and a plain persistent znode is deleted too.
 */
export function prepareDeleteContainer(context: PrepareContext, path: string): Prepared {
  const parentPath = deletableParent(path)
  if (parentPath === null) return ErrorCode.BADARGUMENTS
  const node = context.changes.recordFor(path)
  if (node === null) return ErrorCode.NONODE
  if (node.childCount > 0) return ErrorCode.NOTEMPTY
  if (isSessionOwned(context, node.stat)) return ErrorCode.BADVERSION
  const parent = context.changes.recordFor(parentPath)
  if (parent === null) return ErrorCode.NONODE
  removeNode(context, parent, node)
  return { kind: 'delete', type: OpCode.deleteContainer, path }
}

/** Notes the deletion of an ephemeral whose session is closed: part of its closeSession transaction. */
export function removeEphemeral(context: PrepareContext, path: string): void {
  const node = context.changes.recordFor(path)
  const parent = context.changes.recordFor(parentOf(path) ?? '')
  if (node !== null && parent !== null) removeNode(context, parent, node)
}

function removeNode(context: PrepareContext, parent: ChangeRecord, node: ChangeRecord): void {
  parent.stat.pzxidHi = context.zxidHi
  parent.stat.pzxidLo = context.zxidLo
  parent.childCount--
  context.commitChange(parent)
  node.exists = false
  context.commitChange(node, isSessionOwned(context, node.stat))
}

/** Parent of a path that may be deleted, or null: no '/', a NUL, or one of the znodes made at start. */
function deletableParent(path: string): string | null {
  return path.includes('\0') || isSpecialPath(path) ? null : parentOf(path)
}
