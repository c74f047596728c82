import type { HttpTls } from '../admin/http/http-listener.ts'
import type { ClientAuth, TlsEndpointSettings } from '../tls/endpoint-settings.ts'
import { type ContextLog, ReloadingContext } from '../tls/reloading-context.ts'
import { TlsConfigError } from '../tls/tls-config-error.ts'

/** Stores of an HTTP port, and who may connect. */
export interface HttpTlsSettings {
  readonly endpoint: TlsEndpointSettings
  /** Prefix of its properties, for messages: `ssl.quorum`. */
  readonly property: string
  readonly clientAuth: ClientAuth
  /** Plain HTTP is taken as well. */
  readonly isPlainTaken: boolean
}

/**
 * Reads the stores of an HTTP port, and follows their files.
 *
 * @throws TlsConfigError, one line, where a store is missing or cannot be read
 */
export function openHttpTls(
  { endpoint, property, clientAuth, isPlainTaken }: HttpTlsSettings,
  log: ContextLog
): HttpTls {
  if (clientAuth === 'need' && endpoint.trustStore.location === null) {
    throw new TlsConfigError(
      `${property}.trustStore.location is not set: it says which client certificates are trusted`
    )
  }
  const context = new ReloadingContext(endpoint, { property, needsKey: true, isWatching: true }, log)
  return { context, clientAuth, isPlainTaken }
}
