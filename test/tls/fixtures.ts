import { join } from 'node:path'
import type { StoreSettings, TlsEndpointSettings } from '../../src/tls/endpoint-settings.ts'

const FOLDER = join(__dirname, 'fixtures')

/** A file of `fixtures/`; `make.sh` there says what is in it. */
export function fixture(name: string): string {
  return join(FOLDER, name)
}

/** A store of `fixtures/`, with its password. */
export function storeOf(name: string, more: Partial<StoreSettings> = {}): StoreSettings {
  return { location: fixture(name), password: 'secret', passwordPath: null, type: null, ...more }
}

export const NO_STORE: StoreSettings = { location: null, password: null, passwordPath: null, type: null }

/** Settings of an endpoint without stores that asks for certificates; the rest as by default. */
export const NO_ENDPOINT: TlsEndpointSettings = {
  keyStore: NO_STORE,
  trustStore: NO_STORE,
  protocol: null,
  enabledProtocols: null,
  cipherSuites: null,
  hostnameVerification: true,
  clientHostnameVerification: false,
  allowReverseDnsLookup: false,
  crl: false,
  ocsp: false,
  clientAuth: 'need',
  handshakeDetectionTimeoutMs: 5000
}
