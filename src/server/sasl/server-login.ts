import { JaasError } from '../../sasl/jaas/jaas-error.ts'
import { type ServerLogin, serverLogin } from '../../sasl/jaas/login-section.ts'
import { readJaasFile } from '../../sasl/node/read-jaas-file.ts'
import { isVerifierText, parseVerifier } from '../../sasl/scram/verifier.ts'
import { ConfigError } from '../config/config-error.ts'
import type { ServerSettings } from '../config/settings.ts'

/**
 * Who may log in by SASL, as the JAAS file says; null without a file, or without a section for clients in it.
 *
 * @throws ConfigError, in one line, for a file that cannot be read or makes no sense
 */
export function serverLoginOf({ acl, source }: ServerSettings): ServerLogin | null {
  if (acl.jaasFile === null) return null
  try {
    const login = serverLogin(readJaasFile(acl.jaasFile, source.properties), acl.saslServerSection)
    if (login !== null) checkVerifiers(login)
    return login
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    const isOfFile = error.message.startsWith('JAAS file')
    throw new ConfigError(isOfFile ? error.message : `JAAS file ${acl.jaasFile}, ${error.message}`)
  }
}

function checkVerifiers({ users }: ServerLogin): void {
  for (const [user, value] of users) {
    if (isVerifierText(value) && parseVerifier(value) === null) {
      throw new JaasError(
        `user_${user}: a SCRAM verifier must be SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY with 4096 iterations or more`
      )
    }
  }
}
