/**
 * The settings of one TLS endpoint, as `ssl.*` (clients), `ssl.quorum.*` (servers), `metricsProvider.ssl.*` and the client's
 * `zookeeper.ssl.*` give them. Names of protocols and cipher suites are Java's.
 */
export interface TlsEndpointSettings {
  readonly keyStore: StoreSettings
  readonly trustStore: StoreSettings
  /** Protocol of the context; null = not given. */
  readonly protocol: string | null
  readonly enabledProtocols: readonly string[] | null
  /** null = not given. */
  readonly cipherSuites: readonly string[] | null
  /** The name of a server that is connected to is checked. */
  readonly hostnameVerification: boolean
  /** The name of a client that connects is checked; only where `hostnameVerification` is on, too. */
  readonly clientHostnameVerification: boolean
  /** Where a peer is known by its address only, its name is looked up to check that, too. */
  readonly allowReverseDnsLookup: boolean
  /** Certificates of peers are looked up in the revocation lists that they name. */
  readonly crl: boolean
  /** Their status is asked of the responders that they name; where nobody tells, lists are looked up. */
  readonly ocsp: boolean
  readonly clientAuth: ClientAuth
  /** Time in which the first byte of a connection must come on a port for TLS and plain text; ms. */
  readonly handshakeDetectionTimeoutMs: number
}

/** Whether clients show a certificate: never, if they have one, or always. */
export type ClientAuth = 'none' | 'want' | 'need'

export type StoreKind = 'JKS' | 'PEM' | 'PKCS12' | 'BCFKS'

/** A key store or a trust store. */
export interface StoreSettings {
  readonly location: string | null
  readonly password: string | null
  /** File with the password; wins over `password`. */
  readonly passwordPath: string | null
  /** null = by the ending of the file's name. */
  readonly type: StoreKind | null
}
