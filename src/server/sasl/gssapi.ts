import type { ServerExchange } from '../../sasl/exchange.ts'
import { JaasError } from '../../sasl/jaas/jaas-error.ts'
import type { KerberosLogin } from '../../sasl/jaas/login-section.ts'
import { CLOCK_SKEW_MS, isKerberosToken } from '../../sasl/kerberos/ap-req.ts'
import { KerberosError } from '../../sasl/kerberos/kerberos-error.ts'
import { ReplayCache } from '../../sasl/kerberos/replay-cache.ts'
import { createGssapiServer } from '../../sasl/kerberos/server.ts'
import { nodeKerberosCiphers } from '../../sasl/node/kerberos-ciphers.ts'
import { KeytabFile } from '../../sasl/node/keytab-file.ts'
import type { SaslMechanism } from './mechanism.ts'

const DEFAULT_KEYTAB = '/etc/krb5.keytab'
/** Logins within ten minutes, each of some hundred bytes. */
const REMEMBERED_MAX = 200_000

/**
 * GSSAPI for clients with Kerberos tickets, by the keys of a key table: no library of Kerberos is needed to accept.
 *
 * @param realm Kerberos' default realm, '' without one
 * @throws JaasError, one line, where the section does not say which keys
 */
export function gssapiMechanism(login: KerberosLogin, realm: string): SaslMechanism {
  return { name: 'GSSAPI', begins: isKerberosToken, begin: gssapiAcceptor(login, realm) }
}

/**
 * Makes the server's side of one login after the other; none of them is taken twice.
 *
 * @throws JaasError, one line, where the section does not say which keys
 */
export function gssapiAcceptor(login: KerberosLogin, realm: string): () => ServerExchange {
  const { principal, useKeyTab, keyTab, line } = login
  if (!useKeyTab) throw new JaasError('Krb5LoginModule of a server needs useKeyTab=true and keyTab="FILE"', line)
  if (principal === null) throw new JaasError('Krb5LoginModule of a server needs principal="service/host@REALM"', line)
  const whole = principal === '*' || principal.includes('@') ? principal : `${principal}@${realm}`
  const keytab = openKeytab(keyTab ?? DEFAULT_KEYTAB, whole, line)
  const replays = new ReplayCache(2 * CLOCK_SKEW_MS, REMEMBERED_MAX)
  return () =>
    createGssapiServer({
      ciphers: nodeKerberosCiphers,
      keys: keytab.entries,
      nowMs: Date.now,
      isNew: (fingerprint) => replays.isNew(fingerprint, Date.now())
    })
}

function openKeytab(path: string, principal: string, line: number): KeytabFile {
  try {
    return new KeytabFile(path, principal)
  } catch (error) {
    if (!(error instanceof KerberosError)) throw error
    throw new JaasError(error.message, line)
  }
}
