import { createDigestMd5Client } from '../../../sasl/digest-md5/client.ts'
import { createDigestMd5Server } from '../../../sasl/digest-md5/server.ts'
import type { ServerExchange } from '../../../sasl/exchange.ts'
import type { JaasConfig } from '../../../sasl/jaas/jaas-config.ts'
import { JaasError } from '../../../sasl/jaas/jaas-error.ts'
import { clientLogin, serverLogin } from '../../../sasl/jaas/login-section.ts'
import { defaultRealm } from '../../../sasl/node/default-realm.ts'
import { nodeSaslHashes, randomNonce } from '../../../sasl/node/hashes.ts'
import type { PatientClientExchange } from '../../../sasl/node/patient-client-exchange.ts'
import { readJaasFile } from '../../../sasl/node/read-jaas-file.ts'
import { kerberosLearner, kerberosServer } from './kerberos-authentication.ts'
import type { PeerAuthentication } from './peer-authentication.ts'

export interface JaasAuthenticationSettings {
  /** `java.security.auth.login.config`; null where it is not set. */
  readonly jaasFile: string | null
  readonly learnerSection: string
  readonly serverSection: string
  /** `quorum.auth.learnerRequireSasl` */
  readonly isLearnerRequired: boolean
  /** `quorum.auth.serverRequireSasl` */
  readonly isServerRequired: boolean
  /** `fips-mode`, in which there is no DIGEST-MD5. */
  readonly isFipsMode: boolean
  /** `quorum.auth.kerberos.servicePrincipal`: whom a learner with Kerberos takes its tickets for. */
  readonly servicePrincipal: string
}

/** What servers call themselves in DIGEST-MD5. */
const FIXED = { hashes: nodeSaslHashes, protocol: 'zookeeper-quorum', serverName: 'zk-quorum-sasl-md5' }
const WHERE = 'JAAS file'

/**
 * Authentication between servers as a JAAS file says: by the users of DigestLoginModule (DIGEST-MD5), or by Kerberos.
 *
 * @param memberHosts as they are configured now
 * @throws JaasError, one line
 */
export function jaasAuthentication(
  settings: JaasAuthenticationSettings,
  properties: ReadonlyMap<string, string>,
  memberHosts: () => readonly string[]
): PeerAuthentication {
  const { jaasFile, isLearnerRequired, isServerRequired } = settings
  if (jaasFile === null) {
    throw new JaasError('quorum.auth.enableSasl needs a JAAS file: set java.security.auth.login.config')
  }
  const config = readJaasFile(jaasFile, properties)
  try {
    const newServer = serverOf(config, settings, properties, memberHosts)
    const newClient = clientOf(config, settings, properties)
    return {
      isRequired: isServerRequired,
      newClient: (host) => (isLearnerRequired ? newClient(host) : null),
      newServer
    }
  } catch (error) {
    if (!(error instanceof JaasError) || error.message.startsWith(WHERE)) throw error
    throw new JaasError(`${WHERE} ${jaasFile}${error.line === null ? ':' : ','} ${error.message}`)
  }
}

function serverOf(
  config: JaasConfig,
  { serverSection: section, isFipsMode }: JaasAuthenticationSettings,
  properties: ReadonlyMap<string, string>,
  memberHosts: () => readonly string[]
): () => ServerExchange {
  const login = serverLogin(config, section)
  if (login === null) throw missing(section, 'quorum.auth.server.saslLoginContext')
  const { users, kerberos } = login
  if (kerberos !== null) return kerberosServer(kerberos, defaultRealm(properties, process.env), memberHosts)
  if (isFipsMode) throw noDigest(section)
  const passwordOf = (user: string): string | null => users.get(user) ?? null
  return () => createDigestMd5Server({ ...FIXED, nonce: randomNonce(), passwordOf })
}

function clientOf(
  config: JaasConfig,
  { learnerSection: section, isFipsMode, isLearnerRequired, servicePrincipal }: JaasAuthenticationSettings,
  properties: ReadonlyMap<string, string>
): (host: string) => PatientClientExchange | null {
  const login = clientLogin(config, section)
  if (login === null) throw missing(section, 'quorum.auth.learner.saslLoginContext')
  // Who only takes others' logins needs no tickets, and no library for them.
  if (!isLearnerRequired) return () => null
  if (login.kind === 'kerberos') return kerberosLearner(login.kerberos, servicePrincipal, properties)
  if (isFipsMode) throw noDigest(section)
  const { username, password, mechanism } = login
  if (mechanism !== null && mechanism !== 'DIGEST-MD5') {
    throw new JaasError(`section ${section}: servers authenticate to each other by DIGEST-MD5 or Kerberos only`)
  }
  return () => createDigestMd5Client({ ...FIXED, username, password, cnonce: randomNonce() })
}

function missing(section: string, key: string): JaasError {
  return new JaasError(`there is no section ${section}, which ${key} names`)
}

function noDigest(section: string): JaasError {
  return new JaasError(
    `section ${section}: DIGEST-MD5 is off in FIPS mode; use Kerberos, or set zookeeper.fips-mode=false`
  )
}
