import { decodeSyncResponse, decodeWhoAmIResponse, encodeSyncRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Chroot, NodePath } from '../chroot.ts'
import type { Request } from '../request.ts'

/** One identity of a connection. */
export interface ClientIdentity {
  /** Such as `ip`, `digest`, `super`. */
  readonly scheme: string
  /** User of a digest, address of an ip. */
  readonly user: string
}

export function whoAmIRequest(): Request<ClientIdentity[]> {
  return {
    opCode: OpCode.whoAmI,
    path: null,
    encodeBody: () => undefined,
    decodeBody: (reader) =>
      (decodeWhoAmIResponse(reader).clientInfo ?? []).map(({ authScheme, user }) => ({
        scheme: authScheme ?? '',
        user: user ?? ''
      }))
  }
}

/** Answered once the server has caught up with all that the leader knew when it was asked. */
export function syncRequest(path: NodePath, chroot: Chroot): Request<string> {
  return {
    opCode: OpCode.sync,
    path: path.client,
    encodeBody: (writer) => encodeSyncRequest(writer, { path: path.server }),
    decodeBody: (reader) => chroot.strip(decodeSyncResponse(reader).path ?? '')
  }
}

/** The last request of a session: its ephemeral nodes go, then the server closes the connection. */
export function closeSessionRequest(): Request<void> {
  return {
    opCode: OpCode.closeSession,
    path: null,
    encodeBody: () => undefined,
    decodeBody: () => undefined
  }
}
