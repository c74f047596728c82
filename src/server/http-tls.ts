import { readFileSync } from 'node:fs'
import type { HttpTls } from '../admin/http/http-listener.ts'
import type { StoreSettings } from './config/settings.ts'

/** Stores of an HTTP port, and who may connect. */
export interface HttpTlsSettings {
  readonly keyStore: StoreSettings
  readonly trustStore: StoreSettings
  readonly needClientAuth: boolean
  /** Plain HTTP is taken as well. */
  readonly isPlainTaken: boolean
}

type StoreKind = 'JKS' | 'PEM' | 'PKCS12' | 'BCFKS'

/**
 * Reads the stores of an HTTP port: PEM and PKCS12 for the key, PEM for those whom it trusts.
 *
 * @throws Error, one line, where a store is missing, cannot be read, or is of a kind that is not supported
 */
export function readHttpTls({ keyStore, trustStore, needClientAuth, isPlainTaken }: HttpTlsSettings): HttpTls {
  if (keyStore.location === null) throw new Error('HTTPS needs a key store, and none is configured')
  const passphrase = passwordOf(keyStore)
  const secret = passphrase === null ? {} : { passphrase }
  const kind = kindOf(keyStore, keyStore.location)
  const bytes = readFileSync(keyStore.location)
  if (kind === 'JKS' || kind === 'BCFKS') throw unsupported(kind, 'key store', keyStore.location)
  const key = kind === 'PEM' ? { key: bytes, cert: bytes, ...secret } : { pfx: bytes, ...secret }
  return {
    isPlainTaken,
    options: { ...key, ...trustOf(trustStore), requestCert: needClientAuth, rejectUnauthorized: needClientAuth }
  }
}

function trustOf(store: StoreSettings): { readonly ca?: Buffer } {
  if (store.location === null) return {}
  const kind = kindOf(store, store.location)
  if (kind !== 'PEM') throw unsupported(kind, 'trust store', store.location)
  return { ca: readFileSync(store.location) }
}

function unsupported(kind: StoreKind, what: string, location: string): Error {
  return new Error(`${what} ${location}: ${kind} is not supported here yet, convert it to PEM`)
}

/** As upstream, by the ending of the name where no type is given. */
function kindOf({ type }: StoreSettings, location: string): StoreKind {
  if (type !== null) return type
  if (/\.pem$/i.test(location)) return 'PEM'
  if (/\.(p12|pfx)$/i.test(location)) return 'PKCS12'
  if (/\.bcfks$/i.test(location)) return 'BCFKS'
  return 'JKS'
}

/** A file with the password wins. */
function passwordOf({ password, passwordPath }: StoreSettings): string | null {
  if (passwordPath === null) return password
  return readFileSync(passwordPath, 'utf8').replace(/\r?\n$/, '')
}
