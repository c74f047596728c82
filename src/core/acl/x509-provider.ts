import { type AuthenticationProvider, type Identity, SUPER_SCHEME } from './authentication-provider.ts'
import { isDistinguishedName } from './distinguished-name.ts'

/**
 * Scheme `x509`: the subject of the TLS certificate that the client has shown. The shell verifies the certificate; this
 * only names who it is for.
 *
 * @param superUser `zookeeper.X509AuthenticationProvider.superUser`: a subject that may do everything
 * @param idsAreSubjects false where an id is something else of the certificate, so that ACLs may name any text
 * @see `X509AuthenticationProvider`
 */
export function createX509Provider(superUser: string | null, idsAreSubjects = true): AuthenticationProvider {
  return {
    scheme: 'x509',
    isAuthenticated: true,
    handleAuthentication(_auth, { certificateId: subject }) {
      if (subject === null) return null
      const identity: Identity = { scheme: 'x509', id: subject }
      return subject === superUser ? [{ scheme: SUPER_SCHEME, id: subject }, identity] : [identity]
    },
    matches: (id, aclId) => id === aclId || (superUser !== null && id === superUser),
    isValid: idsAreSubjects ? isDistinguishedName : (id) => id !== '',
    userName: (id) => id
  }
}
