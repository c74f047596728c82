import { ErrorCode } from '../protocol/error-code.ts'
import type { ACL } from '../protocol/generated/data.ts'
import { Perm } from '../protocol/op-code.ts'
import { errorOfWire } from './wire-error.ts'

/** One entry of an access control list. */
export interface AclEntry {
  /** Sum of bits of `Perm`. */
  readonly perms: number
  /** Such as `world`, `auth`, `digest`, `ip`. */
  readonly scheme: string
  /** Such as `anyone`; what it means is up to the scheme. */
  readonly id: string
}

/** Everybody may do everything: the ACL of a node that is created without one. */
export const OPEN_ACL_UNSAFE: readonly AclEntry[] = [{ perms: Perm.all, scheme: 'world', id: 'anyone' }]
/** Everybody may read. */
export const READ_ACL_UNSAFE: readonly AclEntry[] = [{ perms: Perm.read, scheme: 'world', id: 'anyone' }]
/** Everything for the identities that the creating connection has given by `addAuth`. */
export const CREATOR_ALL_ACL: readonly AclEntry[] = [{ perms: Perm.all, scheme: 'auth', id: '' }]

/**
 * The list as the wire has it.
 *
 * @throws InvalidAclError if it is empty, which no server accepts
 */
export function wireAcl(entries: readonly AclEntry[]): ACL[] {
  if (entries.length === 0) throw errorOfWire(ErrorCode.INVALIDACL, null)
  return entries.map(({ perms, scheme, id }) => ({ perms, id: { scheme, id } }))
}

/** The public form of a list off the wire. */
export function aclOf(wire: readonly ACL[] | null): AclEntry[] {
  return (wire ?? []).map(({ perms, id }) => ({ perms, scheme: id.scheme ?? '', id: id.id ?? '' }))
}
