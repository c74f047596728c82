/**
 * The place where authentication schemes plug in. ZooKeeper identities are pairs of scheme and id; each scheme has one
 * provider that makes ids out of what a client sends, and tells which of them an ACL entry means.
 *
 * **Adding one's own.** Implement `AuthenticationProvider` for a scheme name of your own and give it to
 * `createAclChecker({ providers: [...] })` along with the built-in ones; a provider of an existing scheme replaces it.
 * Providers run inside the deterministic core: they answer at once, from their arguments and what they were made with,
 * and never read a clock, a file or a socket. What needs those (a Kerberos exchange, a lookup of users) belongs into
 * the shell, which then adds the identity to the connection by itself.
 */
export interface AuthenticationProvider {
  /** Name in ACL entries and auth packets. `world`, `auth` and `super` have no provider and cannot be taken. */
  readonly scheme: string
  /**
   * True if an identity of this scheme says who the client is, so that `auth` in an ACL expands to it. An address does
   * not.
   */
  readonly isAuthenticated: boolean
  /**
   * Judges an auth packet.
   * @param auth    the packet's bytes, null if the client sent none
   * @returns identities to add to the connection, possibly none; or a refusal
   */
  handleAuthentication(auth: Uint8Array | null, context: AuthenticationContext): readonly Identity[] | AuthRefusal
  /** Tells whether an ACL entry's id means this identity's id; both are of this scheme. */
  matches(id: string, aclId: string): boolean
  /** Tells whether an id may stand in an ACL. */
  isValid(aclId: string): boolean
  /** The name to show for an identity, in whoAmI and the audit log: never a secret. */
  userName(id: string): string
}

/**
 * How a client is refused. null: by AUTHFAILED, after which it gives up, and the connection is closed. `elsewhere`: the connection is closed
 * without a word, so that the client tries the next server of its list.
 */
export type AuthRefusal = null | 'elsewhere'

/** Who a connection is: one of possibly many. */
export interface Identity {
  readonly scheme: string
  readonly id: string
}

/** What is known of the connection that sent an auth packet. */
export interface AuthenticationContext {
  /** Address of the client as Java prints it (`clientAddressText`): no host name, no zone. */
  readonly remoteAddress: string
  /** Id of the client's verified TLS certificate: its subject (RFC 2253) unless configured otherwise; null without one. */
  readonly certificateId: string | null
}

/** Scheme whose identities may do everything. No client can ask for it by name. */
export const SUPER_SCHEME = 'super'
