import { readFileSync } from 'node:fs'

const DEFAULT_CONFIG = '/etc/krb5.conf'

/**
 * The realm that names without one are of, as Java finds it: `java.security.krb5.realm`, or `default_realm` of the Kerberos
 * configuration (`java.security.krb5.conf`, `KRB5_CONFIG`, /etc/krb5.conf).
 *
 * @returns '' where there is none
 */
export function defaultRealm(properties: ReadonlyMap<string, string>, environment: NodeJS.ProcessEnv): string {
  const given = properties.get('java.security.krb5.realm')
  if (given !== undefined) return given
  const file = properties.get('java.security.krb5.conf') ?? environment.KRB5_CONFIG ?? DEFAULT_CONFIG
  try {
    return realmIn(readFileSync(file, 'utf8'))
  } catch {
    return '' // a machine without Kerberos
  }
}

function realmIn(text: string): string {
  let section = ''
  for (const line of text.split('\n')) {
    section = /^\s*\[(\w+)\]/.exec(line)?.[1] ?? section
    const realm = /^\s*default_realm\s*=\s*([^\s#;]+)/.exec(line)?.[1]
    if (section === 'libdefaults' && realm !== undefined) return realm
  }
  return ''
}
