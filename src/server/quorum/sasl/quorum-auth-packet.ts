/**
 * Packet of a SASL exchange between servers, on both of their ports (`QuorumAuthPacket` upstream).
 *
 * | offset | size | field  |                                                     |
 * |--------|------|--------|-----------------------------------------------------|
 * | 0      | 8    | magic  | 5f2435013501edcc                                    |
 * | 8      | 4    | status | 0 = in progress, 1 = success, -1 = error            |
 * | 12     | 4    | length | of the token; -1 = null                             |
 * | 16     | n    | token  | of the mechanism                                    |
 */
export interface QuorumAuthPacket {
  readonly status: AuthStatus
  readonly token: Uint8Array
}

export const AuthStatus = { inProgress: 0, success: 1, error: -1 } as const
export type AuthStatus = (typeof AuthStatus)[keyof typeof AuthStatus]

/** The other side does not keep to the packet's form. */
export class AuthPacketError extends Error {
  override readonly name = 'AuthPacketError'
  readonly code = 'BAD_QUORUM_AUTH_PACKET'
}

const MAGIC = Buffer.from('5f2435013501edcc', 'hex')
const HEAD_BYTES = 16
/** Tokens of DIGEST-MD5 have a few hundred bytes, those of Kerberos a few thousand. */
const TOKEN_BYTES_MAX = 64 * 1024

export function encodeAuthPacket(status: AuthStatus, token: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + token.length)
  MAGIC.copy(bytes)
  bytes.writeInt32BE(status, 8)
  bytes.writeInt32BE(token.length, 12)
  bytes.set(token, HEAD_BYTES)
  return bytes
}

/**
 * Whether what has come so far begins a SASL exchange: nothing else that servers send begins with these bytes.
 *
 * @returns null while more bytes are needed
 */
export function isAuthPacket(bytes: Buffer): boolean | null {
  const length = Math.min(bytes.length, MAGIC.length)
  if (bytes.compare(MAGIC, 0, length, 0, length) !== 0) return false
  return length === MAGIC.length ? true : null
}

/**
 * Reads a packet from the beginning of what has come so far.
 *
 * @returns it and its length; null while more bytes are needed
 * @throws AuthPacketError
 */
export function decodeAuthPacket(bytes: Buffer): { packet: QuorumAuthPacket; length: number } | null {
  if (isAuthPacket(bytes) === false) throw new AuthPacketError('what it sent is no packet of a SASL exchange')
  if (bytes.length < HEAD_BYTES) return null
  const status = bytes.readInt32BE(8)
  if (status !== 0 && status !== 1 && status !== -1) throw new AuthPacketError(`the status ${status} is unknown`)
  const given = bytes.readInt32BE(12)
  if (given < -1 || given > TOKEN_BYTES_MAX) throw new AuthPacketError(`the token's length ${given} is out of range`)
  const length = HEAD_BYTES + Math.max(0, given)
  if (bytes.length < length) return null
  return { packet: { status, token: bytes.subarray(HEAD_BYTES, length) }, length }
}
