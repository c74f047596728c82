import { ErrorCode } from '../../../protocol/error-code.ts'
import {
  decodeAddWatchRequest,
  decodeCheckWatchesRequest,
  decodeRemoveWatchesRequest,
  decodeSetWatches,
  decodeSetWatches2
} from '../../../protocol/generated/proto.ts'
import { compareInt64 } from '../../../protocol/int64.ts'
import { AddWatchMode, EventType } from '../../../protocol/op-code.ts'
import { NO_NODE } from '../../tree/data-tree.ts'
import { isAddWatchMode, isWatcherTypeCode } from '../../watch/watch-manager.ts'
import type { AnswerContext } from './answer-context.ts'

/** Requests about watches alone. None needs a permission or a path that exists or is valid. */

/** addWatch; a null path is accepted, as upstream accepts it, and can never fire. */
export function answerAddWatch(context: AnswerContext): number {
  const { path, mode } = decodeAddWatchRequest(context.reader)
  if (!isAddWatchMode(mode)) return ErrorCode.MARSHALLINGERROR
  if (path !== null) context.state.watches.addPersistent(context.connection.id, path, mode)
  context.begin().writeInt(ErrorCode.OK)
  context.end()
  return ErrorCode.OK
}

export function answerCheckWatches(context: AnswerContext): number {
  const { path, type } = decodeCheckWatchesRequest(context.reader)
  if (!isWatcherTypeCode(type)) return ErrorCode.MARSHALLINGERROR
  if (path === null || !context.state.watches.has(context.connection.id, path, type)) return ErrorCode.NOWATCHER
  context.begin()
  context.end()
  return ErrorCode.OK
}

export function answerRemoveWatches(context: AnswerContext): number {
  const { path, type } = decodeRemoveWatchesRequest(context.reader)
  if (!isWatcherTypeCode(type)) return ErrorCode.MARSHALLINGERROR
  if (path === null || !context.state.watches.remove(context.connection.id, path, type)) return ErrorCode.NOWATCHER
  context.begin()
  context.end()
  return ErrorCode.OK
}

/** setWatches after a reconnect: what happened meanwhile is told at once, with zxid −1; the rest is watched again. */
export function answerSetWatches(context: AnswerContext): number {
  const request = decodeSetWatches(context.reader)
  const lists = [request.dataWatches, request.existWatches, request.childWatches]
  if (lists.some(hasNull)) return ErrorCode.MARSHALLINGERROR
  resetStandardWatches(context, request.relativeZxidHi, request.relativeZxidLo, lists)
  return emptyReply(context)
}

/** setWatches2: persistent watches are only set again, what they missed is not made up for. */
export function answerSetWatches2(context: AnswerContext): number {
  const request = decodeSetWatches2(context.reader)
  const { dataWatches, existWatches, childWatches, persistentWatches, persistentRecursiveWatches } = request
  const lists = [dataWatches, existWatches, childWatches]
  if ([...lists, persistentWatches, persistentRecursiveWatches].some(hasNull)) return ErrorCode.MARSHALLINGERROR
  resetStandardWatches(context, request.relativeZxidHi, request.relativeZxidLo, lists)
  const { state, connection } = context
  for (const path of persistentWatches ?? []) {
    state.watches.addPersistent(connection.id, path as string, AddWatchMode.persistent)
  }
  for (const path of persistentRecursiveWatches ?? []) {
    state.watches.addPersistent(connection.id, path as string, AddWatchMode.persistentRecursive)
  }
  return emptyReply(context)
}

function emptyReply(context: AnswerContext): number {
  context.begin()
  context.end()
  return ErrorCode.OK
}

function hasNull(paths: readonly (string | null)[] | null): boolean {
  return paths === null || paths.includes(null)
}

function resetStandardWatches(
  context: AnswerContext,
  relativeZxidHi: number,
  relativeZxidLo: number,
  lists: readonly ((string | null)[] | null)[]
): void {
  const { tree, watches } = context.state
  const { id } = context.connection
  const [data, exist, child] = lists as [string[], string[], string[]]
  for (const path of data) {
    const node = tree.find(path)
    if (node === NO_NODE) tell(context, EventType.nodeDeleted, path)
    else if (compareInt64(tree.mzxidHi(node), tree.mzxidLo(node), relativeZxidHi, relativeZxidLo) > 0) {
      tell(context, EventType.nodeDataChanged, path)
    } else watches.addData(id, path)
  }
  for (const path of exist) {
    if (tree.find(path) !== NO_NODE) tell(context, EventType.nodeCreated, path)
    else watches.addData(id, path)
  }
  for (const path of child) {
    const node = tree.find(path)
    if (node === NO_NODE) tell(context, EventType.nodeDeleted, path)
    else if (compareInt64(tree.pzxidHi(node), tree.pzxidLo(node), relativeZxidHi, relativeZxidLo) > 0) {
      tell(context, EventType.nodeChildrenChanged, path)
    } else watches.addChild(id, path)
  }
}

function tell(context: AnswerContext, type: EventType, path: string): void {
  context.state.out.notify(context.connection.id, -1, -1, type, path)
  context.connection.sent++
  context.state.stats.packetsSent.add(1)
}
