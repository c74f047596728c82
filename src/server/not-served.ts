import { authenticationSettingsOf } from './authentication-settings-of.ts'
import { isClientTlsConfigured } from './client-tls.ts'
import { ConfigError } from './config/config-error.ts'
import type { ServerSettings } from './config/settings.ts'
import { clientSaslOf, serverLoginOf } from './sasl/server-login.ts'
import { describeUnusedSettings } from './unused-settings.ts'

/** Providers that `authProvider.N` may name. */
const KNOWN_PROVIDERS = /(SASL|X509|Ensemble|Digest|IP)AuthenticationProvider$/

/**
 * Refuses a configuration that asks for what this version does not have, where going on without it would be unsafe or
 * would serve something else than was asked for.
 *
 * @throws ConfigError, one line
 */
export function refuseWhatIsNotServed(settings: ServerSettings): void {
  const { acl, client } = settings
  if (client.port === null && client.securePort === null) {
    throw new ConfigError('neither clientPort nor secureClientPort is set: there is nothing to listen on')
  }
  refuseUnusableSasl(settings)
  if (!acl.enforceAuthEnabled || acl.sessionRequireClientSaslAuth) return
  if (acl.enforceAuthSchemes.length === 0) {
    throw new ConfigError('enforce.auth.enabled needs enforce.auth.schemes, a list of schemes such as digest')
  }
  const schemes = schemesOf(settings)
  const unknown = acl.enforceAuthSchemes.find((scheme) => !schemes.includes(scheme))
  if (unknown !== undefined) {
    throw new ConfigError(
      `enforce.auth.schemes: there is no provider of the scheme ${unknown}; allowed: ${schemes.join(', ')}`
    )
  }
}

/** SASL that is required and has no provider, or a JAAS file that makes no sense. That nobody can log in is `uselessLogins`. */
function refuseUnusableSasl(settings: ServerSettings): void {
  clientSaslOf(settings, process.env)
  if (settings.acl.sessionRequireClientSaslAuth && !authenticationSettingsOf(settings).saslEnabled) {
    throw new ConfigError(
      'sessionRequireClientSASLAuth needs authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
    )
  }
}

/** Schemes by which a client can authenticate. */
function schemesOf(settings: ServerSettings): readonly string[] {
  const { digestEnabled, ensembleEnabled, saslEnabled } = authenticationSettingsOf(settings)
  const hasSasl = saslEnabled && serverLoginOf(settings) !== null
  return [
    'ip',
    ...(digestEnabled ? ['digest'] : []),
    ...(ensembleEnabled ? ['ensemble'] : []),
    ...(hasSasl ? ['sasl'] : []),
    ...(isClientTlsConfigured(settings) && settings.tls.client.clientAuth !== 'none' ? ['x509'] : [])
  ]
}

/** One line for each thing that is configured, harmless to be without, and not there in this version. */
export function withoutEffect(settings: ServerSettings): string[] {
  const { acl, session, storage } = settings
  const lines: string[] = []
  for (const { id, className } of acl.authProviders) {
    if (!KNOWN_PROVIDERS.test(className)) lines.push(`authProvider.${id}: the class ${className} is not known here`)
  }
  lines.push(...uselessLogins(settings))
  if (session.localEnabled && settings.quorum.standalone)
    lines.push('localSessionsEnabled has no effect on a standalone server')
  if (!storage.forceSync) {
    lines.push('forceSync=no: acknowledged writes are not on the disk yet, and are lost at a power cut')
  }
  if (storage.snapshotCompression !== 'none') {
    lines.push('snapshot.compression.method has no effect: snapshots are SQLite files of their own format')
  }
  if (!settings.quorum.standalone) lines.push(...unusedInEnsembles(settings))
  lines.push(...describeUnusedSettings(settings.source.properties))
  return lines
}

/** Logins that are configured and that nobody can make. */
function uselessLogins(settings: ServerSettings): string[] {
  const { jaasFile, saslServerSection, sessionRequireClientSaslAuth, superDigest } = settings.acl
  const lines: string[] = []
  if (authenticationSettingsOf(settings).saslEnabled && serverLoginOf(settings) === null) {
    const missing =
      jaasFile === null
        ? 'java.security.auth.login.config names no JAAS file'
        : `JAAS file ${jaasFile} has no section ${saslServerSection}`
    const all = sessionRequireClientSaslAuth ? ', and sessionRequireClientSASLAuth keeps everybody else out' : ''
    lines.push(`nobody can log in by SASL: ${missing}${all}`)
  }
  if (superDigest !== null && !superDigest.startsWith('super:')) {
    lines.push('DigestAuthenticationProvider.superDigest has no effect: it must be super: and a hash')
  }
  return lines
}

/** Settings of ensembles that are read from the file only, or matter for one kind of member. */
function unusedInEnsembles({ quorum }: ServerSettings): string[] {
  const lines: string[] = []
  const voterCount = quorum.members.filter(({ role }) => role === 'participant').length
  if (quorum.oraclePath !== null && (voterCount !== 2 || quorum.groups.length > 0)) {
    lines.push('oraclePath has no effect as long as there are not two voters without groups')
  }
  if (!quorum.observerSyncEnabled) lines.push('syncEnabled=false has no effect: observers write their log, too')
  return lines
}
