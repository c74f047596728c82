import { decodeGetDataResponse, encodeReconfigRequest } from '../../protocol/generated/proto.ts'
import { highWord, lowWord } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Request } from '../request.ts'
import { statOf } from '../stat.ts'
import { type NodeData, ownData } from './data.ts'

/** A change of the ensemble: either all of the new membership, or servers to add and to remove. */
export interface Reconfiguration {
  /** Servers to add or change: `server.N=host:port:port;port`, separated by commas. */
  readonly joining?: string | null
  /** Ids of servers to remove, separated by commas. */
  readonly leaving?: string | null
  /** The whole new membership: `server.N=...` separated by commas. */
  readonly newMembers?: string | null
  /** Version that the present configuration must have; -1 for any. */
  readonly fromVersion?: bigint
}

/** Answers the new configuration as text, and the Stat of its node. */
export function reconfigRequest(change: Reconfiguration): Request<NodeData> {
  const fromVersion = change.fromVersion ?? -1n
  return {
    opCode: OpCode.reconfig,
    path: null,
    encodeBody: (writer) =>
      encodeReconfigRequest(writer, {
        joiningServers: change.joining ?? null,
        leavingServers: change.leaving ?? null,
        newMembers: change.newMembers ?? null,
        curConfigIdHi: highWord(fromVersion),
        curConfigIdLo: lowWord(fromVersion)
      }),
    decodeBody: (reader) => {
      const { data, stat } = decodeGetDataResponse(reader)
      return { data: ownData(data), stat: statOf(stat) }
    }
  }
}
