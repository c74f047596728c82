import type { AuthenticationProvider } from './authentication-provider.ts'

/**
 * Scheme `ensemble`: a client names the ensemble it means to talk to, and is refused by any other. It makes no
 * identities.
 *
 * @param names `zookeeper.ensembleAuthName`, split at commas; null: every name is taken
 * @see `EnsembleAuthenticationProvider`
 */
export function createEnsembleProvider(names: readonly string[] | null): AuthenticationProvider {
  return {
    scheme: 'ensemble',
    isAuthenticated: false,
    handleAuthentication(auth) {
      if (auth === null || auth.length === 0 || names === null) return []
      return names.includes(Buffer.from(auth).toString('utf8')) ? [] : null
    },
    matches: () => false,
    isValid: () => false,
    userName: (id) => id
  }
}
