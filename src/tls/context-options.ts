import { constants } from 'node:crypto'
import type { SecureContextOptions } from 'node:tls'
import { ciphersOf } from './cipher-suites.ts'
import type { TlsEndpointSettings } from './endpoint-settings.ts'
import { protocolsOf } from './protocols.ts'
import { filesOf, readKeyStore, readTrustStore } from './stores/read-store.ts'

const SESSION_ID_CONTEXT = 'zoonode'

/** Which side of its connections a context is for. */
export interface ContextUse {
  /** Prefix of the properties, for messages: `ssl`, `ssl.quorum`, `metricsProvider.ssl`. */
  readonly property: string
  /** A server, and a member of an ensemble, has to have a key; a client need not. */
  readonly needsKey: boolean
}

/** What `tls.createSecureContext` is given, and what checks of peers need besides. */
export interface ContextContent {
  readonly options: SecureContextOptions
  /** Revocation lists that came with the trust store, DER. */
  readonly revocationLists: readonly Buffer[]
}

/**
 * Reads the stores of an endpoint.
 *
 * As with Java, any certificate in the trust store is trusted, whether it signed itself or not; without a trust store a client trusts
 * the authorities that come with Node.js, and a server nobody.
 *
 * @throws TlsConfigError, one line
 */
export function readContextContent(settings: TlsEndpointSettings, use: ContextUse): ContextContent {
  const { keyStore, trustStore } = settings
  const { property, needsKey } = use
  const isKeyless = keyStore.location === null && !needsKey
  const identity = isKeyless ? {} : readKeyStore(keyStore, `${property}.keyStore`)
  const trust = readTrustStore(trustStore, `${property}.trustStore`)
  const authorities = trust === null ? (needsKey ? { ca: [] } : {}) : { ca: trust.ca }
  const options: SecureContextOptions & { allowPartialTrustChain: boolean } = {
    ...identity,
    ...authorities,
    ...protocolsOf(settings, property),
    ciphers: ciphersOf(settings.cipherSuites, `${property}.ciphersuites`),
    honorCipherOrder: true,
    // A server that asks for certificates resumes sessions only under a name of its own; nobody begins a handshake anew. A session that
    // is resumed has no chain of certificates to look up.
    sessionIdContext: SESSION_ID_CONTEXT,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (settings.crl || settings.ocsp ? constants.SSL_OP_NO_TICKET : 0),
    allowPartialTrustChain: true
  }
  return { options, revocationLists: trust?.revocationLists ?? [] }
}

/** The files that the settings name, for watching them. */
export function contextFilesOf({ keyStore, trustStore }: TlsEndpointSettings): string[] {
  return [...new Set([...filesOf(keyStore), ...filesOf(trustStore)])]
}
