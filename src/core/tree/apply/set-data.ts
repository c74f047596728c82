import { ErrorCode } from '../../../protocol/error-code.ts'
import { EventType } from '../../../protocol/op-code.ts'
import type { SetDataBody } from '../../../protocol/txn-body.ts'
import { noteDataChanged } from '../quota-upkeep.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'

/** setData, and reconfig, which is the same on the node of the configuration. */
export function applySetData(context: ApplyContext, body: SetDataBody): void {
  const { store, header } = context
  const node = store.get(body.path)
  if (node === undefined) {
    report(context, body.type, ErrorCode.NONODE, body.path, null)
    return
  }
  const lengthBefore = node.data === null ? 0 : node.data.length
  store.beforeChange(node)
  store.replaceData(node, body.data)
  node.mzxidHi = header.zxidHi
  node.mzxidLo = header.zxidLo
  node.mtimeHi = header.timeHi
  node.mtimeLo = header.timeLo
  node.version = body.version
  store.changed(node)
  report(context, body.type, ErrorCode.OK, body.path, node)
  noteDataChanged(store, node, lengthBefore)
  notify(context, EventType.nodeDataChanged, node)
}
