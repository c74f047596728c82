import type { Counter } from '../instruments.ts'
import type { AuthenticationProvider } from './authentication-provider.ts'

/** How often a name was right, wrong, or not looked at. */
export interface EnsembleAuthCounts {
  readonly ensembleAuthSuccess: Counter
  readonly ensembleAuthFail: Counter
  readonly ensembleAuthSkip: Counter
}

/**
 * Scheme `ensemble`: a client names the ensemble it means to talk to, and is sent elsewhere by any other. It makes no
 * identities.
 *
 * @param names `zookeeper.ensembleAuthName`, split at commas; null: every name is taken
 * @see `EnsembleAuthenticationProvider`
 */
export function createEnsembleProvider(
  names: readonly string[] | null,
  counts?: EnsembleAuthCounts
): AuthenticationProvider {
  return {
    scheme: 'ensemble',
    isAuthenticated: false,
    handleAuthentication(auth) {
      if (auth === null || auth.length === 0 || names === null) {
        counts?.ensembleAuthSkip.add(1)
        return []
      }
      const isOurs = names.includes(Buffer.from(auth).toString('utf8'))
      if (isOurs) counts?.ensembleAuthSuccess.add(1)
      else counts?.ensembleAuthFail.add(1)
      return isOurs ? [] : 'elsewhere'
    },
    matches: () => false,
    isValid: () => false,
    userName: (id) => id
  }
}
