import { ErrorCode } from '../../protocol/error-code.ts'
import { encodeAddWatchRequest, encodeRemoveWatchesRequest } from '../../protocol/generated/proto.ts'
import { OpCode, AddWatchMode as WireMode, WatcherType as WireType } from '../../protocol/op-code.ts'
import type { NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'
import type { WatchRegistry } from '../watch-registry.ts'
import type { AddWatchMode, Watcher, WatcherType } from '../watched-event.ts'

export function addWatchRequest(
  path: NodePath,
  mode: AddWatchMode,
  watcher: Watcher,
  registry: WatchRegistry
): Request<void> {
  registry.checkRoom()
  return {
    opCode: OpCode.addWatch,
    path: path.client,
    encodeBody: (writer) => encodeAddWatchRequest(writer, { path: path.server, mode: WireMode[mode] }),
    decodeBody: () => undefined, // an ErrorResponse that always says 0
    onReply: (wire) => {
      if (wire === ErrorCode.OK) registry.add(mode, path.server, watcher)
    }
  }
}

/** Asks the server to forget the watches of that type which this connection has on the path. */
export function removeWatchesRequest(path: NodePath, type: WatcherType, onRemoved: () => void): Request<void> {
  return {
    opCode: OpCode.removeWatches,
    path: path.client,
    encodeBody: (writer) => encodeRemoveWatchesRequest(writer, { path: path.server, type: WireType[type] }),
    decodeBody: () => undefined,
    onReply: (wire) => {
      if (wire === ErrorCode.OK) onRemoved()
    }
  }
}
