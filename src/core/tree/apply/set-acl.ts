import { ErrorCode } from '../../../protocol/error-code.ts'
import type { ACL } from '../../../protocol/generated/data.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import type { SetAclBody } from '../../../protocol/txn-body.ts'
import type { PlainNode } from '../plain-node.ts'
import { type ApplyContext, report } from './apply-context.ts'

export function applySetAcl(context: ApplyContext, body: SetAclBody): void {
  const node = context.store.get(body.path)
  if (node === undefined) {
    report(context, OpCode.setACL, ErrorCode.NONODE, body.path, null)
    return
  }
  replaceAcl(context, node, body.acl)
  node.aversion = body.version
  context.store.changed(node)
  report(context, OpCode.setACL, ErrorCode.OK, body.path, node)
}

/** Gives a node another list; the digest does not cover it. */
export function replaceAcl(context: ApplyContext, node: PlainNode, acl: readonly ACL[] | null): void {
  const { store } = context
  store.beforeChange(node)
  const before = node.acl
  node.acl = store.acls.intern(acl)
  store.acls.release(before)
}
