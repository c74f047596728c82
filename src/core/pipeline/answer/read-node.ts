import { ErrorCode } from '../../../protocol/error-code.ts'
import { encodeACL } from '../../../protocol/generated/data.ts'
import {
  decodeGetACLRequest,
  decodeGetAllChildrenNumberRequest,
  decodeGetChildren2Request,
  decodeGetChildrenRequest
} from '../../../protocol/generated/proto.ts'
import { Perm } from '../../../protocol/op-code.ts'
import { NO_NODE } from '../../tree/data-tree.ts'
import type { AnswerContext } from './answer-context.ts'

/** Reads of one znode. A missing znode is NONODE; a path is not validated (client-protocol section 6). */

/** exists: its watch is set on a missing znode, too. */
export function answerExists(context: AnswerContext): number {
  const { state, connection } = context
  const hasPath = context.readPath('ExistsRequest.path')
  const watch = context.reader.readBool('ExistsRequest.watch')
  if (!hasPath) return ErrorCode.MARSHALLINGERROR
  if (context.hasNullCharacter()) return ErrorCode.BADARGUMENTS
  const node = context.findNode()
  if (node !== NO_NODE && !context.isAllowed(node, Perm.read)) return ErrorCode.NOAUTH
  if (watch) state.watches.addData(connection.id, context.pathText())
  if (node === NO_NODE) return ErrorCode.NONODE
  state.tree.writeStat(node, context.begin())
  context.end()
  context.countReadInPlace(0)
  return ErrorCode.OK
}

export function answerGetData(context: AnswerContext): number {
  const { state, connection } = context
  const hasPath = context.readPath('GetDataRequest.path')
  const watch = context.reader.readBool('GetDataRequest.watch')
  if (!hasPath) return ErrorCode.MARSHALLINGERROR
  const node = context.findNode()
  if (node === NO_NODE) return ErrorCode.NONODE
  if (!context.isAllowed(node, Perm.read)) return ErrorCode.NOAUTH
  if (watch) state.watches.addData(connection.id, context.pathText())
  const writer = context.begin()
  state.tree.writeData(node, writer)
  state.tree.writeStat(node, writer)
  context.end()
  context.countReadInPlace(state.tree.dataLength(node))
  return ErrorCode.OK
}

/** getACL: READ or ADMIN; without ADMIN, digest ids are shown without their hashes. */
export function answerGetAcl(context: AnswerContext): number {
  const { state, connection } = context
  const { path } = decodeGetACLRequest(context.reader)
  if (path === null) return ErrorCode.MARSHALLINGERROR
  const node = state.tree.find(path)
  if (node === NO_NODE) return ErrorCode.NONODE
  if (!context.isAllowed(node, Perm.read | Perm.admin)) return ErrorCode.NOAUTH
  const acl = state.acl.visibleAcl(state.tree.acl(node), connection.identities)
  const writer = context.begin()
  writer.writeInt(acl.length)
  for (const entry of acl) encodeACL(writer, entry)
  state.tree.writeStat(node, writer)
  context.end()
  return ErrorCode.OK
}

export function answerGetChildren(context: AnswerContext): number {
  const { path, watch } = decodeGetChildrenRequest(context.reader)
  return answerChildren(context, path, watch, false)
}

export function answerGetChildren2(context: AnswerContext): number {
  const { path, watch } = decodeGetChildren2Request(context.reader)
  return answerChildren(context, path, watch, true)
}

function answerChildren(context: AnswerContext, path: string | null, watch: boolean, withStat: boolean): number {
  const { state, connection } = context
  if (path === null) return ErrorCode.MARSHALLINGERROR
  const node = state.tree.find(path)
  if (node === NO_NODE) return ErrorCode.NONODE
  if (!context.isAllowed(node, Perm.read)) return ErrorCode.NOAUTH
  if (watch) state.watches.addChild(connection.id, path)
  const writer = context.begin()
  const start = writer.offset
  state.tree.writeChildren(node, writer)
  const namesBytes = writer.offset - start - 4 - 4 * state.tree.childCount(node)
  if (withStat) state.tree.writeStat(node, writer)
  context.end()
  context.countRead(path, namesBytes)
  return ErrorCode.OK
}

/** getAllChildrenNumber: all descendants; the empty path, which upstream does not know as the root, counts one more. */
export function answerGetAllChildrenNumber(context: AnswerContext): number {
  const { state } = context
  const { path } = decodeGetAllChildrenNumberRequest(context.reader)
  if (path === null) return ErrorCode.MARSHALLINGERROR
  const node = state.tree.find(path)
  if (node === NO_NODE) return ErrorCode.NONODE
  if (!context.isAllowed(node, Perm.read)) return ErrorCode.NOAUTH
  context.begin().writeInt(state.tree.descendantCount(node) + (path === '' ? 1 : 0))
  context.end()
  return ErrorCode.OK
}
