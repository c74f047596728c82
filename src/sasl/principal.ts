/** What becomes of an authenticated name before it is an id of scheme `sasl`. */
export interface PrincipalOptions {
  /** `zookeeper.kerberos.removeHostFromPrincipal`. */
  readonly removesHost: boolean
  /** `zookeeper.kerberos.removeRealmFromPrincipal`. */
  readonly removesRealm: boolean
  /** Names of other realms lose nothing: else whoever rules such a realm could be anybody. */
  readonly defaultRealm: string
}

const KERBEROS_NAME = /^([^/@]*)(?:\/([^/@]*))?@([^/@]*)$/

/**
 * The id of scheme `sasl` for an authenticated name: `service/host@REALM` without its host or realm where that is
 * configured. A name without `@` is its own id, whatever else is in it.
 *
 * A name of another realm than the default one stays whole. (Upstream, whose only rule is that, falls back to the name that
 * the *client* asked for then.)
 *
 * @returns null for a name that is malformed: it has an `@` and is no Kerberos name
 * @see `SaslServerCallbackHandler`, `KerberosName`
 */
export function saslId(name: string, options: PrincipalOptions): string | null {
  const match = KERBEROS_NAME.exec(name)
  if (match === null) return name.includes('@') ? null : name
  const [, service = '', host, realm = ''] = match
  if (realm !== options.defaultRealm) return name
  const hostPart = host === undefined || options.removesHost ? '' : `/${host}`
  return `${service}${hostPart}${options.removesRealm ? '' : `@${realm}`}`
}
