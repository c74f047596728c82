import type { Metrics, ServerStats } from '../core/metrics.ts'
import { certificateIdBy } from '../tls/certificate-id.ts'
import { ReloadingContext } from '../tls/reloading-context.ts'
import { TlsConfigError } from '../tls/tls-config-error.ts'
import { ConfigError } from './config/config-error.ts'
import type { ServerSettings } from './config/settings.ts'
import type { Logger } from './logging/logger.ts'
import { LimitedLog } from './quorum/limited-log.ts'
import { SecureAcceptor } from './secure-acceptor.ts'

/** Whether clients may speak TLS: on a port of its own, or on the port for plain text. */
export function isClientTlsConfigured({ client, tls }: ServerSettings): boolean {
  return client.securePort !== null || tls.clientPortUnification
}

/**
 * Reads the stores for clients (`ssl.*`).
 *
 * @returns null where clients speak no TLS
 * @throws ConfigError, one line
 */
export function openClientContext(settings: ServerSettings, log: Logger): ReloadingContext | null {
  if (!isClientTlsConfigured(settings)) return null
  refuseOtherProviders(settings)
  const { client, clientCertReload } = settings.tls
  if (client.clientAuth === 'need' && client.trustStore.location === null) {
    throw new ConfigError(
      'ssl.clientAuth=need, the default, asks clients for certificates, and ssl.trustStore.location does not say whom to trust'
    )
  }
  try {
    return new ReloadingContext(client, { property: 'ssl', needsKey: true, isWatching: clientCertReload }, log)
  } catch (error) {
    if (error instanceof TlsConfigError) throw new ConfigError(error.message, null, null, { cause: error })
    throw error
  }
}

/** A class of one's own may let in other clients, by other names, than the one that is here. */
function refuseOtherProviders({ acl: { sslAuthProvider, authProviders } }: ServerSettings): void {
  const named = authProviders.find(({ id }) => id === sslAuthProvider)
  if (named === undefined || named.className.endsWith('.X509AuthenticationProvider')) return
  throw new ConfigError(
    `ssl.authProvider=${sslAuthProvider}: the class ${named.className} cannot be loaded here; X509AuthenticationProvider is there`
  )
}

export interface SecureAcceptorSurroundings {
  readonly metrics: Metrics
  readonly stats: ServerStats
  readonly isServing: () => boolean
}

/** What does the handshakes of clients; null without a context. */
export function newSecureAcceptor(
  { tls }: ServerSettings,
  context: ReloadingContext | null,
  surroundings: SecureAcceptorSurroundings,
  log: Logger
): SecureAcceptor | null {
  if (context === null) return null
  const limited = new LimitedLog(log)
  return new SecureAcceptor(
    {
      ...surroundings,
      endpoint: tls.client,
      context,
      handshakesMax: tls.outstandingHandshakeMax,
      dropsEarly: tls.earlyDropSecureHandshakes,
      certificateId: certificateIdBy(tls.certificateId, (problem) => limited.warn('certificate id', problem))
    },
    log
  )
}
