import type { SaslPort } from '../../core/ports.ts'
import { JaasError } from '../../sasl/jaas/jaas-error.ts'
import { type ServerLogin, serverLogin } from '../../sasl/jaas/login-section.ts'
import { defaultRealm } from '../../sasl/node/default-realm.ts'
import { readJaasFile } from '../../sasl/node/read-jaas-file.ts'
import { isVerifierText, parseVerifier } from '../../sasl/scram/verifier.ts'
import { ConfigError } from '../config/config-error.ts'
import type { ServerSettings } from '../config/settings.ts'
import { createClientSasl } from './client-sasl.ts'
import { gssapiMechanism } from './gssapi.ts'

/**
 * Who may log in by SASL, as the JAAS file says; null without a file, or without a section for clients in it.
 *
 * @throws ConfigError, in one line, for a file that cannot be read or makes no sense
 */
export function serverLoginOf({ acl, source }: ServerSettings): ServerLogin | null {
  const { jaasFile, saslServerSection } = acl
  if (jaasFile === null) return null
  return inOneLine(jaasFile, () => {
    const login = serverLogin(readJaasFile(jaasFile, source.properties), saslServerSection)
    if (login !== null) checkLogin(login)
    return login
  })
}

/**
 * How clients log in by SASL; null where nobody can.
 *
 * @throws ConfigError, in one line
 */
export function clientSaslOf(settings: ServerSettings, environment: NodeJS.ProcessEnv): SaslPort | null {
  const login = serverLoginOf(settings)
  const { acl, source } = settings
  if (login === null || acl.jaasFile === null) return null
  const realm = defaultRealm(source.properties, environment)
  const { kerberos } = login
  const others = inOneLine(acl.jaasFile, () =>
    kerberos === null || !acl.saslMechanisms.includes('GSSAPI') ? [] : [gssapiMechanism(kerberos, realm)]
  )
  return createClientSasl(login, acl, realm, others)
}

/** What is wrong with a JAAS file, or with what it names, as an error of the configuration. */
function inOneLine<T>(jaasFile: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    const isOfFile = error.message.startsWith('JAAS file')
    throw new ConfigError(isOfFile ? error.message : `JAAS file ${jaasFile}, ${error.message}`)
  }
}

function checkLogin({ users }: ServerLogin): void {
  for (const [user, value] of users) {
    if (isVerifierText(value) && parseVerifier(value) === null) {
      throw new JaasError(
        `user_${user}: a SCRAM verifier must be SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY with 4096 iterations or more`
      )
    }
  }
}
