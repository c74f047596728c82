import type { ACL, ClientInfo } from '../../protocol/generated/data.ts'
import type { AuthenticationContext, AuthenticationProvider, Identity } from './authentication-provider.ts'

/** Decides who may do what; made once, from the providers that are configured. */
export interface AclChecker {
  /**
   * Tells whether `identities` may do something that needs *any* of the bits `perms` on a node with this ACL. Everyone
   * may if ACLs are skipped or the list is empty.
   */
  isAllowed(acl: readonly ACL[], perms: number, identities: readonly Identity[]): boolean
  /**
   * Validates the list that a client wants on a node and expands `auth` into the client's own identities.
   * @param acl as decoded: null, empty, duplicates and null texts are possible
   */
  fixup(acl: readonly ACL[] | null, identities: readonly Identity[]): FixedAcl
  /**
   * Handles an auth packet.
   * @returns identities to add to the connection (`addIdentities`), or null: answer AUTHFAILED and close
   */
  authenticate(
    scheme: string | null,
    auth: Uint8Array | null,
    context: AuthenticationContext
  ): readonly Identity[] | null
  /** The identities that a connection has from the beginning: its address. */
  initialIdentities(context: AuthenticationContext): readonly Identity[]
  /** The list as getACL shows it: without the hashes of digest ids, unless `identities` have ADMIN. */
  visibleAcl(acl: readonly ACL[], identities: readonly Identity[]): readonly ACL[]
  /** Answer of whoAmI. */
  clientInfos(identities: readonly Identity[]): ClientInfo[]
}

/** Either the list to store, or the code to fail with: INVALIDACL, or MARSHALLINGERROR where upstream stumbles over a null. */
export type FixedAcl = { readonly acl: readonly ACL[]; readonly err: 0 } | { readonly acl: null; readonly err: number }

export interface AclCheckerOptions {
  /** Configured schemes; of two with one name the later one counts. */
  readonly providers: readonly AuthenticationProvider[]
  /** `zookeeper.skipACL=yes`: permissions are not checked (lists are still validated). */
  readonly skipAcl: boolean
}
