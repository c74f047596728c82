import { isSameSecret } from '../../sasl/constant-time.ts'
import type { HashPort } from '../ports.ts'
import { type AuthenticationProvider, type Identity, SUPER_SCHEME } from './authentication-provider.ts'

/**
 * Scheme `digest`: whoever knows a user's password is that user. There is no list of users: any `user:password` is
 * taken, and its hash becomes part of the id, so that only the same password makes the same id.
 *
 * @param superDigest `zookeeper.DigestAuthenticationProvider.superDigest`: an id that also gets the super scheme
 * @see `DigestAuthenticationProvider`
 */
export function createDigestProvider(hash: HashPort, superDigest: string | null): AuthenticationProvider {
  return {
    scheme: 'digest',
    isAuthenticated: true,
    handleAuthentication(auth) {
      if (auth === null) return null
      const id = digestId(hash, Buffer.from(auth).toString('utf8'))
      const identity: Identity = { scheme: 'digest', id }
      return superDigest !== null && isSameSecret(Buffer.from(id), Buffer.from(superDigest))
        ? [{ scheme: SUPER_SCHEME, id: '' }, identity]
        : [identity]
    },
    matches: (id, aclId) => id === aclId,
    isValid: hasTwoParts,
    userName: (id) => id.split(':', 1)[0] ?? ''
  }
}

/** The id of `user:password`: the user, a colon, and the hash of the whole text in base64. */
export function digestId(hash: HashPort, userAndPassword: string): string {
  const user = userAndPassword.split(':', 1)[0] ?? ''
  const digest = hash.digest(Buffer.from(userAndPassword, 'utf8'))
  return `${user}:${Buffer.from(digest).toString('base64')}`
}

/** compat: Java's split drops empty parts at the end but not at the beginning, so `:b` and `a:b:` pass, `a:` does not. */
function hasTwoParts(aclId: string): boolean {
  return /^[^:]*:[^:]+:*$/.test(aclId)
}
