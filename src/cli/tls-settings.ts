import type { ServerAddress } from '../client/connect-string.ts'
import type { Transport } from '../client/transport.ts'
import { CertificateRefusedError, connectSecurely } from '../tls/client-socket.ts'
import type { StoreKind, StoreSettings, TlsEndpointSettings } from '../tls/endpoint-settings.ts'
import { handshakeProblemText } from '../tls/problem-text.ts'
import { ReloadingContext } from '../tls/reloading-context.ts'
import { TlsConfigError } from '../tls/tls-config-error.ts'
import { CliError } from './cli-error.ts'

/** Settings of a client by their Java names. */
type ClientSettings = ReadonlyMap<string, string>

const PROPERTY = 'zookeeper.ssl'
const STORE_KINDS: readonly StoreKind[] = ['JKS', 'PEM', 'PKCS12', 'BCFKS']

/**
 * Connections over TLS by the settings that upstream's client has for them, `zookeeper.ssl.*`: key store and trust store (JKS, PKCS12,
 * PEM), protocols, cipher suites, host names. Stores are read for each connection, so that one made after they have changed has what they
 * hold by then.
 *
 * @throws CliError for a store that cannot be read
 */
export function tlsTransportOf(settings: ClientSettings): Transport {
  const endpoint = endpointOf(settings)
  const told = new Set<string>()
  function warnOnce(message: string): void {
    if (told.has(message)) return
    told.add(message)
    process.stderr.write(`${message}\n`)
  }
  const context = openContext(endpoint, warnOnce)
  let isFresh = true
  return (server, onOpen) => {
    if (!isFresh) context.reload()
    isFresh = false
    const socket = connectSecurely(server, endpoint, context, onOpen)
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const problem = tlsProblemOf(error, server)
      if (problem !== null) warnOnce(problem)
    })
    return socket
  }
}

/** Null for what has nothing to do with TLS, such as a server that is not there. */
function tlsProblemOf(error: NodeJS.ErrnoException, { host, port }: ServerAddress): string | null {
  if (error instanceof CertificateRefusedError) return error.message
  return error.code?.startsWith('ERR_SSL') === true ? `${host}:${port}: ${handshakeProblemText(error)}` : null
}

function openContext(endpoint: TlsEndpointSettings, warn: (message: string) => void): ReloadingContext {
  const log = { info: () => undefined, warn }
  try {
    return new ReloadingContext(endpoint, { property: PROPERTY, needsKey: false, isWatching: false }, log)
  } catch (error) {
    if (error instanceof TlsConfigError) throw new CliError(error.message, 1, error)
    throw error
  }
}

function endpointOf(settings: ClientSettings): TlsEndpointSettings {
  return {
    keyStore: storeOf(settings, 'keyStore'),
    trustStore: storeOf(settings, 'trustStore'),
    protocol: setting(settings, 'protocol'),
    enabledProtocols: listOf(setting(settings, 'enabledProtocols')),
    cipherSuites: listOf(setting(settings, 'ciphersuites')),
    hostnameVerification: setting(settings, 'hostnameVerification')?.toLowerCase() !== 'false',
    clientHostnameVerification: false,
    allowReverseDnsLookup: isTrue(settings, 'allowReverseDnsLookup'),
    crl: isTrue(settings, 'crl'),
    ocsp: isTrue(settings, 'ocsp'),
    clientAuth: 'none',
    handshakeDetectionTimeoutMs: 0
  }
}

function storeOf(settings: ClientSettings, store: 'keyStore' | 'trustStore'): StoreSettings {
  return {
    location: setting(settings, `${store}.location`),
    password: setting(settings, `${store}.password`),
    passwordPath: setting(settings, `${store}.passwordPath`),
    type: kindOf(settings, `${store}.type`)
  }
}

function kindOf(settings: ClientSettings, key: string): StoreKind | null {
  const type = setting(settings, key)?.toUpperCase() ?? null
  if (type === null) return null
  const kind = STORE_KINDS.find((one) => one === type)
  if (kind === undefined) throw new CliError(`${PROPERTY}.${key}: ${type} is not one of ${STORE_KINDS.join(', ')}`)
  return kind
}

function listOf(text: string | null): string[] | null {
  return text === null ? null : text.split(',').map((name) => name.trim())
}

function isTrue(settings: ClientSettings, key: string): boolean {
  return setting(settings, key)?.toLowerCase() === 'true'
}

function setting(settings: ClientSettings, key: string): string | null {
  const value = settings.get(`${PROPERTY}.${key}`)?.trim() ?? ''
  return value === '' ? null : value
}
