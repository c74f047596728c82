import { ErrorCode } from '../../../protocol/error-code.ts'
import { EventType } from '../../../protocol/op-code.ts'
import type { SetDataBody } from '../../../protocol/txn-body.ts'
import { NO_NODE } from '../data-tree.ts'
import { noteDataChanged } from '../quota-upkeep.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'

/** setData, and reconfig, which is the same on the node of the configuration. */
export function applySetData(context: ApplyContext, body: SetDataBody): void {
  const { nodes, header } = context
  const { path, data } = body
  const node = nodes.find(path)
  if (node === NO_NODE) {
    report(context, body.type, ErrorCode.NONODE, path, NO_NODE)
    return
  }
  const lengthBefore = nodes.dataLength(node)
  nodes.setData(node, data, header, body.version)
  report(context, body.type, ErrorCode.OK, path, node)
  noteDataChanged(nodes, path, (data === null ? 0 : data.length) - lengthBefore)
  notify(context, EventType.nodeDataChanged, path, nodes.aclEntry(node).list)
}
