import { ErrorCode } from '../../../protocol/error-code.ts'
import { EventType, OpCode } from '../../../protocol/op-code.ts'
import type { CreateBody } from '../../../protocol/txn-body.ts'
import { containerOwnerHi, isValidTtl, ttlOwnerHi } from '../owner-kind.ts'
import type { PlainNode } from '../plain-node.ts'
import { noteCreated } from '../quota-upkeep.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'
import { replaceAcl } from './set-acl.ts'

/**
 * A node that is already there (replay over a fuzzy snapshot) takes over the transaction's ACL only. The parent's counter
 * and pzxid only go forward: they may be ahead already.
 */
export function applyCreate(context: ApplyContext, body: CreateBody): void {
  const { store } = context
  const parent = store.parentOf(body.path)
  // Prepare lets no other ttl pass; upstream stops at one.
  if (body.mode === 'ttl' && !isValidTtl(body.ttlHi, body.ttlLo)) {
    report(context, body.type, ErrorCode.BADARGUMENTS, body.path, null)
    return
  }
  if (parent === null) {
    report(context, body.type, ErrorCode.NONODE, body.path, null)
    return
  }
  const existing = store.get(body.path)
  if (existing !== undefined) {
    replaceAcl(context, existing, body.acl)
    if (body.type === OpCode.create) advanceParent(context, parent, body.parentCversion)
    report(context, body.type, ErrorCode.NODEEXISTS, body.path, null)
    return
  }
  advanceParent(context, parent, body.parentCversion)
  const node = insertNode(context, parent, body)
  report(context, body.type, ErrorCode.OK, body.path, node)
  noteCreated(store, node)
  notify(context, EventType.nodeCreated, node)
  notify(context, EventType.nodeChildrenChanged, parent)
}

function advanceParent(context: ApplyContext, parent: PlainNode, parentCversion: number): void {
  const counter = parentCversion === -1 ? (parent.cversion + 1) | 0 : parentCversion
  if (counter <= parent.cversion) return
  const { store, header } = context
  store.beforeChange(parent)
  parent.cversion = counter
  parent.pzxidHi = header.zxidHi
  parent.pzxidLo = header.zxidLo
  store.changed(parent)
}

function insertNode(context: ApplyContext, parent: PlainNode, body: CreateBody): PlainNode {
  const { store, header } = context
  const node = store.insert(parent, body.path, body.data, store.acls.intern(body.acl))
  node.czxidHi = node.mzxidHi = node.pzxidHi = header.zxidHi
  node.czxidLo = node.mzxidLo = node.pzxidLo = header.zxidLo
  node.ctimeHi = node.mtimeHi = header.timeHi
  node.ctimeLo = node.mtimeLo = header.timeLo
  switch (body.mode) {
    case 'persistent':
      break
    case 'ephemeral':
      node.ephemeralOwnerHi = header.clientIdHi
      node.ephemeralOwnerLo = header.clientIdLo
      break
    case 'container':
      node.ephemeralOwnerHi = containerOwnerHi()
      break
    case 'ttl':
      node.ephemeralOwnerHi = ttlOwnerHi(body.ttlHi)
      node.ephemeralOwnerLo = body.ttlLo
      break
  }
  store.inserted(node)
  return node
}
