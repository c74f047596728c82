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
import { type AddWatchModeCode, isAddWatchMode, isWatcherTypeCode } from '../../watch/watch-manager.ts'
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

/**
 * setWatches after a reconnect: what happened meanwhile is told at once, with zxid −1; the rest is watched again.
 *
 * compat: the lists are taken one after the other, so a null in a later one is MARSHALLINGERROR only after the events of
 * those before it have been sent.
 */
export function answerSetWatches(context: AnswerContext): number {
  const request = decodeSetWatches(context.reader)
  if (!resetStandardWatches(context, request)) return ErrorCode.MARSHALLINGERROR
  context.begin()
  context.end()
  return ErrorCode.OK
}

/** setWatches2: persistent watches are only set again, what they missed is not made up for. */
export function answerSetWatches2(context: AnswerContext): number {
  const request = decodeSetWatches2(context.reader)
  const { persistentWatches, persistentRecursiveWatches } = request
  const isWhole =
    resetStandardWatches(context, request) &&
    resetPersistent(context, persistentWatches, AddWatchMode.persistent) &&
    resetPersistent(context, persistentRecursiveWatches, AddWatchMode.persistentRecursive)
  if (!isWhole) return ErrorCode.MARSHALLINGERROR
  context.begin()
  context.end()
  return ErrorCode.OK
}

type Paths = readonly (string | null)[] | null

interface StandardWatches {
  readonly relativeZxidHi: number
  readonly relativeZxidLo: number
  readonly dataWatches: Paths
  readonly existWatches: Paths
  readonly childWatches: Paths
}

/** @returns false at the first null, be it a list or a path */
function resetStandardWatches(context: AnswerContext, request: StandardWatches): boolean {
  const { relativeZxidHi: hi, relativeZxidLo: lo } = request
  const { tree, watches } = context.state
  const { id } = context.connection
  return (
    eachPath(request.dataWatches, (path) => {
      const node = tree.find(path)
      if (node === NO_NODE) tell(context, EventType.nodeDeleted, path)
      else if (compareInt64(tree.mzxidHi(node), tree.mzxidLo(node), hi, lo) > 0) {
        tell(context, EventType.nodeDataChanged, path)
      } else watches.addData(id, path)
    }) &&
    eachPath(request.existWatches, (path) => {
      if (tree.find(path) !== NO_NODE) tell(context, EventType.nodeCreated, path)
      else watches.addData(id, path)
    }) &&
    eachPath(request.childWatches, (path) => {
      const node = tree.find(path)
      if (node === NO_NODE) tell(context, EventType.nodeDeleted, path)
      else if (compareInt64(tree.pzxidHi(node), tree.pzxidLo(node), hi, lo) > 0) {
        tell(context, EventType.nodeChildrenChanged, path)
      } else watches.addChild(id, path)
    })
  )
}

function eachPath(paths: Paths, visit: (path: string) => void): boolean {
  if (paths === null) return false
  for (const path of paths) {
    if (path === null) return false
    visit(path)
  }
  return true
}

/** A null path is accepted, as addWatch accepts it. @returns false for a null list */
function resetPersistent(context: AnswerContext, paths: Paths, mode: AddWatchModeCode): boolean {
  if (paths === null) return false
  for (const path of paths) if (path !== null) context.state.watches.addPersistent(context.connection.id, path, mode)
  return true
}

function tell(context: AnswerContext, type: EventType, path: string): void {
  context.state.out.notify(context.connection.id, -1, -1, type, path)
  context.connection.sent++
  context.state.stats.packetsSent.add(1)
}
