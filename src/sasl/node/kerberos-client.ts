import type { KerberosLogin } from '../jaas/login-section.ts'
import { KerberosError } from '../kerberos/kerberos-error.ts'
import { createGssapiClient } from './gssapi-client.ts'
import { loadKerberosLibrary } from './kerberos-library.ts'
import { KeytabFile } from './keytab-file.ts'
import type { PatientClientExchange } from './patient-client-exchange.ts'

/** Makes exchanges with a service. @param service and host: the parts of its principal */
export type KerberosClient = (service: string, host: string) => PatientClientExchange

const DEFAULT_KEYTAB = '/etc/krb5.keytab'
/** Tickets that are got by a key table are nobody else's business, unless a cache is named. */
const OWN_CACHE = 'MEMORY:zoonode'

/**
 * Logs in as a JAAS file's Krb5LoginModule says, through the system's library of Kerberos, which gets tickets and renews them.
 *
 * That library is told by the environment of the process, which is changed: there is one such login in a process.
 *
 * @param properties of Java; `java.security.krb5.conf` counts
 * @throws KerberosError, one line, where the package is not installed or the key table is of no use
 */
export function openKerberosClient(login: KerberosLogin, properties: ReadonlyMap<string, string>): KerberosClient {
  const environment = kerberosEnvironment(login, properties)
  const { principal, useKeyTab, useTicketCache } = login
  if (useKeyTab && !useTicketCache) {
    // The library takes a name without a realm to be of the default one: that the file has it cannot be told here.
    const isWhole = principal?.includes('@') === true
    new KeytabFile(keytabOf(login), isWhole && principal !== null ? principal : '*')
  }
  const library = loadKerberosLibrary()
  Object.assign(process.env, environment)
  return (service, host) => createGssapiClient({ library, service, host, principal })
}

/** What MIT's library, and others, read of the environment. @throws KerberosError if the login says nothing of a key or a ticket */
export function kerberosEnvironment(
  login: KerberosLogin,
  properties: ReadonlyMap<string, string>
): Readonly<Record<string, string>> {
  const { useKeyTab, useTicketCache, ticketCache } = login
  if (!useKeyTab && !useTicketCache) {
    throw new KerberosError('Krb5LoginModule of a client needs useKeyTab=true or useTicketCache=true')
  }
  const config = properties.get('java.security.krb5.conf')
  const cache = useTicketCache ? ticketCache : OWN_CACHE
  return {
    ...(config === undefined ? {} : { KRB5_CONFIG: config }),
    ...(useKeyTab ? { KRB5_CLIENT_KTNAME: `FILE:${keytabOf(login)}` } : {}),
    ...(cache === null ? {} : { KRB5CCNAME: cache.replace(/^file:/, 'FILE:') })
  }
}

function keytabOf({ keyTab }: KerberosLogin): string {
  return keyTab ?? DEFAULT_KEYTAB
}
