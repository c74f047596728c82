import { createDigestMd5Client } from '../../../sasl/digest-md5/client.ts'
import { createDigestMd5Server } from '../../../sasl/digest-md5/server.ts'
import type { JaasConfig } from '../../../sasl/jaas/jaas-config.ts'
import { JaasError } from '../../../sasl/jaas/jaas-error.ts'
import { clientLogin, type ServerLogin, serverLogin } from '../../../sasl/jaas/login-section.ts'
import { nodeSaslHashes, randomNonce } from '../../../sasl/node/hashes.ts'
import { readJaasFile } from '../../../sasl/node/read-jaas-file.ts'
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
}

/** What servers call themselves in DIGEST-MD5. */
const PROTOCOL = 'zookeeper-quorum'
const SERVER_NAME = 'zk-quorum-sasl-md5'

/**
 * Authentication between servers by the users of a JAAS file, by DIGEST-MD5.
 *
 * @throws JaasError, one line
 */
export function jaasAuthentication(
  settings: JaasAuthenticationSettings,
  properties: ReadonlyMap<string, string>
): PeerAuthentication {
  const { jaasFile, learnerSection, serverSection, isLearnerRequired, isServerRequired } = settings
  if (settings.isFipsMode) {
    throw new JaasError('quorum.auth.enableSasl: DIGEST-MD5 is off in FIPS mode; set zookeeper.fips-mode=false')
  }
  if (jaasFile === null) {
    throw new JaasError('quorum.auth.enableSasl needs a JAAS file: set java.security.auth.login.config')
  }
  const config = readJaasFile(jaasFile, properties)
  const { users } = usersOf(config, serverSection, jaasFile)
  const { username, password } = userOf(config, learnerSection, jaasFile)
  const fixed = { hashes: nodeSaslHashes, protocol: PROTOCOL, serverName: SERVER_NAME }
  return {
    isRequired: isServerRequired,
    newClient: () =>
      isLearnerRequired ? createDigestMd5Client({ ...fixed, username, password, cnonce: randomNonce() }) : null,
    newServer: () =>
      createDigestMd5Server({ ...fixed, nonce: randomNonce(), passwordOf: (user) => users.get(user) ?? null })
  }
}

function usersOf(config: JaasConfig, section: string, file: string): ServerLogin {
  const login = serverLogin(config, section)
  if (login === null) throw missing(section, 'quorum.auth.server.saslLoginContext', file)
  if (login.kerberos !== null) throw kerberos(section, file)
  return login
}

function userOf(config: JaasConfig, section: string, file: string) {
  const login = clientLogin(config, section)
  if (login === null) throw missing(section, 'quorum.auth.learner.saslLoginContext', file)
  if (login.kind === 'kerberos') throw kerberos(section, file)
  if (login.mechanism !== null && login.mechanism !== 'DIGEST-MD5') {
    throw new JaasError(`JAAS file ${file}, section ${section}: servers authenticate to each other by DIGEST-MD5 only`)
  }
  return login
}

function missing(section: string, key: string, file: string): JaasError {
  return new JaasError(`JAAS file ${file}: there is no section ${section}, which ${key} names`)
}

function kerberos(section: string, file: string): JaasError {
  return new JaasError(
    `JAAS file ${file}, section ${section}: there is no Kerberos between servers here, use DigestLoginModule`
  )
}
