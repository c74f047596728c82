import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ACL } from '../../../protocol/generated/data.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import type { SetAclBody } from '../../../protocol/txn-body.ts'
import { NO_NODE } from '../data-tree.ts'
import { type ApplyContext, report } from './apply-context.ts'

export function applySetAcl(context: ApplyContext, body: SetAclBody): void {
  const node = context.nodes.find(body.path)
  if (node === NO_NODE) {
    report(context, OpCode.setACL, ErrorCode.NONODE, body.path, NO_NODE)
    return
  }
  replaceAcl(context, node, body.acl)
  context.nodes.setAversion(node, body.version)
  report(context, OpCode.setACL, ErrorCode.OK, body.path, node)
}

/** Gives a node another list. */
export function replaceAcl(context: ApplyContext, node: number, acl: readonly ACL[] | null): void {
  const { nodes } = context
  nodes.setAcl(node, nodes.acls.intern(acl))
}
