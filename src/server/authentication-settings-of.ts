import type { AuthenticationSettings } from '../core/acl/configured-providers.ts'
import { isClientTlsConfigured } from './client-tls.ts'
import type { ServerSettings } from './config/settings.ts'

/** Which authentication schemes the configuration switches on; Java class names of providers are understood. */
export function authenticationSettingsOf(settings: ServerSettings): AuthenticationSettings {
  const { acl, tls } = settings
  const isNamed = (name: string): boolean => acl.authProviders.some(({ className }) => className.endsWith(name))
  return {
    digestEnabled: acl.digestEnabled,
    superDigest: acl.superDigest,
    x509Enabled: isClientTlsConfigured(settings) || isNamed('X509AuthenticationProvider'),
    x509SuperUser: acl.x509SuperUser,
    x509IdsAreSubjects: tls.certificateId.type === 'subject',
    saslEnabled: isNamed('SASLAuthenticationProvider'),
    letAnySaslUserDoX: null,
    ensembleEnabled: isNamed('EnsembleAuthenticationProvider'),
    ensembleNames: acl.ensembleAuthNames
  }
}
