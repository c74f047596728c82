import { ErrorCode } from '../../../protocol/error-code.ts'
import { compareInt64 } from '../../../protocol/int64.ts'
import { EventType } from '../../../protocol/op-code.ts'
import type { DeleteBody } from '../../../protocol/txn-body.ts'
import type { PlainNode } from '../plain-node.ts'
import { noteDeleted } from '../quota-upkeep.ts'
import { someLeaf } from '../subtree.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'

export function applyDelete(context: ApplyContext, body: DeleteBody): void {
  report(context, body.type, deletePath(context, body.path), body.path, null)
}

/**
 * Deletes a node. The parent's pzxid goes forward even if there is no such node (any more, in a fuzzy snapshot).
 * @returns OK or NONODE
 */
export function deletePath(context: ApplyContext, path: string): ErrorCode {
  const { store } = context
  const node = store.get(path)
  const parent = node === undefined ? store.parentOf(path) : node.parent
  if (parent === null) return ErrorCode.NONODE
  advancePzxid(context, parent)
  if (node === undefined) return ErrorCode.NONODE
  removeDescendants(context, node)
  removeNode(context, node)
  notify(context, EventType.nodeDeleted, node)
  notify(context, EventType.nodeChildrenChanged, parent)
  return ErrorCode.OK
}

function advancePzxid(context: ApplyContext, parent: PlainNode): void {
  const { store, header } = context
  if (compareInt64(header.zxidHi, header.zxidLo, parent.pzxidHi, parent.pzxidLo) <= 0) return
  store.beforeChange(parent)
  parent.pzxidHi = header.zxidHi
  parent.pzxidLo = header.zxidLo
  store.changed(parent)
}

/**
 * A node that is deleted has no children, but in replay over a fuzzy snapshot: those come from later transactions (the
 * node was created anew), which will bring them back. Upstream leaves them without a parent.
 */
function removeDescendants(context: ApplyContext, node: PlainNode): void {
  while (node.firstChild !== null) removeNode(context, someLeaf(node))
}

function removeNode(context: ApplyContext, node: PlainNode): void {
  context.store.remove(node)
  noteDeleted(context.store, node)
}
