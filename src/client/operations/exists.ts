import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeExistsResponse, encodeExistsRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'
import type { OneShotWatch } from './one-shot-watch.ts'

/** Answers null for a node that is not there; its watch is set all the same and tells of its creation. */
export function existsRequest(path: NodePath, watch: OneShotWatch | null): Request<Stat | null> {
  return {
    opCode: OpCode.exists,
    path: path.client,
    encodeBody: (writer) => encodeExistsRequest(writer, { path: path.server, watch: watch !== null }),
    decodeBody: (reader) => statOf(decodeExistsResponse(reader).stat),
    resultOfError: (wire) => (wire === ErrorCode.NONODE ? { value: null } : undefined),
    onReply: (wire) => {
      if (wire === ErrorCode.OK) watch?.set('data', path)
      else if (wire === ErrorCode.NONODE) watch?.set('exist', path)
    }
  }
}
