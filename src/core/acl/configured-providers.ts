import type { HashPort } from '../ports.ts'
import type { AuthenticationProvider } from './authentication-provider.ts'
import { createDigestProvider } from './digest-provider.ts'
import { createEnsembleProvider, type EnsembleAuthCounts } from './ensemble-provider.ts'
import { createIpProvider } from './ip-provider.ts'
import { createSaslProvider } from './sasl-provider.ts'
import { createX509Provider } from './x509-provider.ts'

/** Which schemes a server has, from its settings. */
export interface AuthenticationSettings {
  /** `zookeeper.DigestAuthenticationProvider.enabled`, on by default. */
  readonly digestEnabled: boolean
  /** `zookeeper.DigestAuthenticationProvider.superDigest`. */
  readonly superDigest: string | null
  /** True with a `secureClientPort`, or with an `authProvider` setting that names it. */
  readonly x509Enabled: boolean
  /** `zookeeper.X509AuthenticationProvider.superUser`. */
  readonly x509SuperUser: string | null
  /** False with `ssl.x509.clientCertIdType=SAN`. */
  readonly x509IdsAreSubjects: boolean
  /** True with an `authProvider` setting that names it. */
  readonly saslEnabled: boolean
  /** `zookeeper.letAnySaslUserDoX`. */
  readonly letAnySaslUserDoX: string | null
  /** True with an `authProvider` setting that names it. */
  readonly ensembleEnabled: boolean
  /** `zookeeper.ensembleAuthName`, split at commas; null if it is not set. */
  readonly ensembleNames: readonly string[] | null
}

/**
 * The built-in providers that are on; one's own go behind them.
 *
 * @param counts where the scheme `ensemble` counts
 */
export function configuredProviders(
  settings: AuthenticationSettings,
  hash: HashPort,
  counts?: EnsembleAuthCounts
): AuthenticationProvider[] {
  const providers = [createIpProvider()]
  if (settings.digestEnabled) providers.push(createDigestProvider(hash, settings.superDigest))
  if (settings.x509Enabled) providers.push(createX509Provider(settings.x509SuperUser, settings.x509IdsAreSubjects))
  if (settings.saslEnabled) providers.push(createSaslProvider(settings.letAnySaslUserDoX))
  if (settings.ensembleEnabled) providers.push(createEnsembleProvider(settings.ensembleNames, counts))
  return providers
}
