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
    if (login !== null) checkLogin(login, acl.saslServerSection)
    return login
  } catch (error) {
    if (!(error instanceof JaasError)) throw error
    const isOfFile = error.message.startsWith('JAAS file')
    throw new ConfigError(isOfFile ? error.message : `JAAS file ${acl.jaasFile}, ${error.message}`)
  }
}

/**
 * Kerberos is refused: the package `kerberos` (7.0.0) accepts tickets, but gives no access to wrap and unwrap of the accepted
 * context, by which SASL's GSSAPI goes on (RFC 4752, section 3.1).
 */
function checkLogin({ users, kerberos }: ServerLogin, section: string): void {
  if (kerberos !== null) {
    throw new JaasError(
      `the section ${section} asks for Kerberos (Krb5LoginModule), which this version cannot accept from clients`,
      kerberos.line
    )
  }
  for (const [user, value] of users) {
    if (isVerifierText(value) && parseVerifier(value) === null) {
      throw new JaasError(
        `user_${user}: a SCRAM verifier must be SCRAM-SHA-256$ITERATIONS:SALT$STORED_KEY:SERVER_KEY with 4096 iterations or more`
      )
    }
  }
}
