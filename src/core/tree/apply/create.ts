import { ErrorCode } from '../../../protocol/error-code.ts'
import { EventType, OpCode } from '../../../protocol/op-code.ts'
import { parentOf } from '../../../protocol/path.ts'
import type { CreateBody } from '../../../protocol/txn-body.ts'
import { NO_NODE } from '../data-tree.ts'
import { containerOwnerHi, isValidTtl, ttlOwnerHi } from '../owner-kind.ts'
import { noteCreated } from '../quota-upkeep.ts'
import { type ApplyContext, notify, report } from './apply-context.ts'
import { replaceAcl } from './set-acl.ts'

/**
 * A node that is already there (replay over a fuzzy snapshot) takes over the transaction's ACL only. The parent's counter
 * and pzxid only go forward: they may be ahead already.
 */
export function applyCreate(context: ApplyContext, body: CreateBody): void {
  const { nodes } = context
  const { path, data, type } = body
  const parent = nodes.parentOf(path)
  // Prepare lets no other ttl pass; upstream stops at one.
  if (body.mode === 'ttl' && !isValidTtl(body.ttlHi, body.ttlLo)) {
    report(context, type, ErrorCode.BADARGUMENTS, path, NO_NODE)
    return
  }
  if (parent === NO_NODE) {
    report(context, type, ErrorCode.NONODE, path, NO_NODE)
    return
  }
  const existing = nodes.find(path)
  if (existing !== NO_NODE) {
    replaceAcl(context, existing, body.acl)
    if (type === OpCode.create) advanceParent(context, parent, body.parentCversion)
    report(context, type, ErrorCode.NODEEXISTS, path, NO_NODE)
    return
  }
  advanceParent(context, parent, body.parentCversion)
  setNewStat(context, body)
  const node = nodes.insert(parent, path, data, nodes.acls.intern(body.acl), context.stat)
  report(context, type, ErrorCode.OK, path, node)
  noteCreated(nodes, path, data === null ? 0 : data.length)
  if (!context.wantsEvents) return
  notify(context, EventType.nodeCreated, path, nodes.aclEntry(node).list)
  notify(context, EventType.nodeChildrenChanged, parentOf(path) ?? '', nodes.aclEntry(parent).list)
}

function advanceParent(context: ApplyContext, parent: number, parentCversion: number): void {
  const { nodes, header } = context
  const before = nodes.storedCversion(parent)
  const counter = parentCversion === -1 ? (before + 1) | 0 : parentCversion
  if (counter > before) nodes.setCreates(parent, counter, header.zxidHi, header.zxidLo)
}

function setNewStat({ header, stat }: ApplyContext, body: CreateBody): void {
  stat.czxidHi = stat.mzxidHi = stat.pzxidHi = header.zxidHi
  stat.czxidLo = stat.mzxidLo = stat.pzxidLo = header.zxidLo
  stat.ctimeHi = stat.mtimeHi = header.timeHi
  stat.ctimeLo = stat.mtimeLo = header.timeLo
  stat.ephemeralOwnerHi = stat.ephemeralOwnerLo = 0
  switch (body.mode) {
    case 'persistent':
      break
    case 'ephemeral':
      stat.ephemeralOwnerHi = header.clientIdHi
      stat.ephemeralOwnerLo = header.clientIdLo
      break
    case 'container':
      stat.ephemeralOwnerHi = containerOwnerHi()
      break
    case 'ttl':
      stat.ephemeralOwnerHi = ttlOwnerHi(body.ttlHi)
      stat.ephemeralOwnerLo = body.ttlLo
      break
  }
}
