import { ErrorCode } from '../../../protocol/error-code.ts'
import { compareInt64 } from '../../../protocol/int64.ts'
import { EventType } from '../../../protocol/op-code.ts'
import { parentOf } from '../../../protocol/path.ts'
import type { DeleteBody } from '../../../protocol/txn-body.ts'
import { NO_NODE } from '../data-tree.ts'
import { noteDeleted } from '../quota-upkeep.ts'
import { someLeaf } from '../subtree.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'

export function applyDelete(context: ApplyContext, body: DeleteBody): void {
  report(context, body.type, deletePath(context, body.path), body.path, NO_NODE)
}

/**
 * Deletes a node. The parent's pzxid goes forward even if there is no such node (any more, in a fuzzy snapshot).
 * @returns OK or NONODE
 */
export function deletePath(context: ApplyContext, path: string): ErrorCode {
  const { nodes } = context
  const node = nodes.find(path)
  const parent = node === NO_NODE ? nodes.parentOf(path) : nodes.parent(node)
  if (parent === NO_NODE) return ErrorCode.NONODE
  advancePzxid(context, parent)
  if (node === NO_NODE) return ErrorCode.NONODE
  const acl = nodes.aclEntry(node).list
  removeDescendants(context, node)
  removeNode(context, node, path)
  notify(context, EventType.nodeDeleted, path, acl)
  notify(context, EventType.nodeChildrenChanged, parentOf(path) ?? '', nodes.aclEntry(parent).list)
  return ErrorCode.OK
}

function advancePzxid(context: ApplyContext, parent: number): void {
  const { nodes, header } = context
  const { zxidHi, zxidLo } = header
  if (compareInt64(zxidHi, zxidLo, nodes.pzxidHi(parent), nodes.pzxidLo(parent)) <= 0) return
  nodes.setPzxid(parent, zxidHi, zxidLo)
}

/**
 * A node that is deleted has no children, but in replay over a fuzzy snapshot: those come from later transactions (the
 * node was created anew), which will bring them back. Upstream leaves them without a parent.
 */
function removeDescendants(context: ApplyContext, node: number): void {
  const { nodes } = context
  while (nodes.firstChild(node) !== NO_NODE) {
    const leaf = someLeaf(nodes, node)
    removeNode(context, leaf, nodes.pathOf(leaf))
  }
}

function removeNode(context: ApplyContext, node: number, path: string): void {
  const { nodes } = context
  const dataLength = nodes.dataLength(node)
  nodes.remove(node, path)
  noteDeleted(nodes, path, dataLength)
}
