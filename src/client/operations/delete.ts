import { encodeDeleteRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'

/** @param version version that the node must have; -1 for any */
export function deleteRequest(path: NodePath, version: number): Request<void> {
  return {
    opCode: OpCode.delete,
    path: path.client,
    encodeBody: (writer) => encodeDeleteRequest(writer, { path: path.server, version }),
    decodeBody: () => undefined
  }
}
