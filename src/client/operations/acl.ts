import {
  decodeGetACLResponse,
  decodeSetACLResponse,
  encodeGetACLRequest,
  encodeSetACLRequest
} from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { type AclEntry, aclOf, wireAcl } from '../acl.ts'
import type { NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'
import { type Stat, statOf } from '../stat.ts'

/** A node's access control list. */
export interface NodeAcl {
  readonly acl: AclEntry[]
  readonly stat: Stat
}

export function getAclRequest(path: NodePath): Request<NodeAcl> {
  return {
    opCode: OpCode.getACL,
    path: path.client,
    encodeBody: (writer) => encodeGetACLRequest(writer, { path: path.server }),
    decodeBody: (reader) => {
      const { acl, stat } = decodeGetACLResponse(reader)
      return { acl: aclOf(acl), stat: statOf(stat) }
    }
  }
}

/** @param version `aversion` that the node must have; -1 for any */
export function setAclRequest(path: NodePath, acl: readonly AclEntry[], version: number): Request<Stat> {
  return {
    opCode: OpCode.setACL,
    path: path.client,
    encodeBody: (writer) => encodeSetACLRequest(writer, { path: path.server, acl: wireAcl(acl), version }),
    decodeBody: (reader) => statOf(decodeSetACLResponse(reader).stat)
  }
}
