import { ErrorCode } from '../../protocol/error-code.ts'
import {
  decodeGetDataResponse,
  decodeSetDataResponse,
  encodeGetDataRequest,
  encodeSetDataRequest
} from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'
import type { OneShotWatch } from './one-shot-watch.ts'

/** What a znode holds. */
export interface NodeData {
  /** The caller's own; null if the node was given none, which differs from empty. */
  readonly data: Buffer | null
  readonly stat: Stat
}

export function getDataRequest(path: NodePath, watch: OneShotWatch | null): Request<NodeData> {
  return {
    opCode: OpCode.getData,
    path: path.client,
    encodeBody: (writer) => encodeGetDataRequest(writer, { path: path.server, watch: watch !== null }),
    decodeBody: (reader) => {
      const { data, stat } = decodeGetDataResponse(reader)
      return { data: ownData(data), stat: statOf(stat) }
    },
    onReply: (wire) => {
      if (wire === ErrorCode.OK) watch?.set('data', path)
    }
  }
}

/** @param version version that the node must have; -1 for any */
export function setDataRequest(path: NodePath, data: Uint8Array | null, version: number): Request<Stat> {
  return {
    opCode: OpCode.setData,
    path: path.client,
    encodeBody: (writer) => encodeSetDataRequest(writer, { path: path.server, data, version }),
    decodeBody: (reader) => statOf(decodeSetDataResponse(reader).stat)
  }
}

/** A copy of decoded bytes: the view given by a decoder would keep the whole network buffer alive. */
export function ownData(view: Uint8Array | null): Buffer | null {
  return view === null ? null : Buffer.from(view)
}
