/** What becomes of an authenticated name before it is an id of scheme `sasl`. */
export interface PrincipalOptions {
  /** `zookeeper.kerberos.removeHostFromPrincipal`. */
  readonly removesHost: boolean
  /** `zookeeper.kerberos.removeRealmFromPrincipal`. */
  readonly removesRealm: boolean
}

const KERBEROS_NAME = /^([^/@]*)(?:\/([^/@]*))?@([^/@]*)$/

/**
 * The id of scheme `sasl` for an authenticated name: `service/host@REALM` without its host or realm where that is
 * configured. A name without `@` is its own id, whatever else is in it.
 *
 * It does not matter here which realm is the default one: a name of another realm keeps what it has, where upstream falls
 * back to the name that the *client* asked for if no `auth_to_local` rule is for it.
 *
 * @returns null for a name that is malformed: it has an `@` and is no Kerberos name
 * @see `SaslServerCallbackHandler`, `KerberosName`
 */
export function saslId(name: string, options: PrincipalOptions): string | null {
  const match = KERBEROS_NAME.exec(name)
  if (match === null) return name.includes('@') ? null : name
  const [, service = '', host, realm = ''] = match
  const hostPart = host === undefined || options.removesHost ? '' : `/${host}`
  return `${service}${hostPart}${options.removesRealm ? '' : `@${realm}`}`
}
