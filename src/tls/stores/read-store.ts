/**
 * Reads key stores and trust stores for TLS: PEM, PKCS12 and JKS, as `ssl.keyStore.*` and `ssl.trustStore.*` name them.
 *
 *     const identity = readKeyStore(settings.keyStore, 'ssl.quorum.keyStore')     // { key: [pem], cert: [pem chain] }
 *     const trust = readTrustStore(settings.trustStore, 'ssl.quorum.trustStore')  // { ca: [pem], crl: [pem] }
 *     tls.createSecureContext({ ...identity, ca: trust.ca })
 *
 * Both throw a `TlsConfigError` of one line that begins with the property. Who wants a context with protocols, cipher suites and
 * reloading has it from `../reloading-context.ts`.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { StoreKind, StoreSettings } from '../endpoint-settings.ts'
import { TlsConfigError } from '../tls-config-error.ts'
import { isJks, readJks } from './jks-store.ts'
import { readPem } from './pem-store.ts'
import { isPkcs12, readPkcs12 } from './pkcs12-store.ts'
import { type StoreContent, type StoredKey, StoreError } from './store-content.ts'

/**
 * Who this side is: keys and their chains of certificates, in PEM, at the same index. Of several keys of one kind (RSA, EC …) in a store,
 * only one can be used: the first one whose certificate is valid now, or else the first one.
 */
export interface TlsIdentity {
  readonly key: string[]
  readonly cert: string[]
}

/** Whom this side trusts, in PEM. */
export interface TlsTrust {
  readonly ca: string[]
  /** Revocation lists that were in the store; in DER. */
  readonly revocationLists: readonly Buffer[]
}

/**
 * @param property for messages, without `.location`: `ssl.keyStore`
 * @throws TlsConfigError
 */
export function readKeyStore(store: StoreSettings, property: string): TlsIdentity {
  const { location } = store
  if (location === null) throw new TlsConfigError(`${property}.location is not set: TLS needs a key store`)
  return inOneLine(property, location, () => {
    const { keys } = readContent(store, location, property)
    if (keys.length === 0) throw new StoreError('it has no private key')
    const chosen = oneOfEachKind(keys)
    return {
      key: chosen.map(({ key }) => pemOf('PRIVATE KEY', key)),
      cert: chosen.map(({ chain }) => chain.map((one) => pemOf('CERTIFICATE', one)).join(''))
    }
  })
}

/**
 * @param property for messages, without `.location`: `ssl.trustStore`
 * @returns null where no store is configured
 * @throws TlsConfigError
 */
export function readTrustStore(store: StoreSettings, property: string): TlsTrust | null {
  const { location } = store
  if (location === null) return null
  return inOneLine(property, location, () => {
    const { trusted, revocationLists } = readContent(store, location, property)
    if (trusted.length === 0) throw new StoreError('it has no certificate to trust')
    for (const certificate of trusted) parse(certificate)
    return { ca: trusted.map((one) => pemOf('CERTIFICATE', one)), revocationLists }
  })
}

/** The files that a store is read from: for watching them. */
export function filesOf({ location, passwordPath }: StoreSettings): string[] {
  return [location, passwordPath].filter((file) => file !== null)
}

function readContent(store: StoreSettings, location: string, property: string): StoreContent {
  const kind = kindOf(store, location, property)
  if (kind === 'BCFKS') {
    throw new StoreError(
      'BCFKS, a format of the Bouncy Castle library, is not supported; keytool converts it to PKCS12'
    )
  }
  const password = passwordOf(store, property)
  const bytes = read(location)
  if (kind === 'PEM') {
    if (!bytes.includes('-----BEGIN')) throw new StoreError('it is not PEM')
    return readPem(bytes, password)
  }
  // As Java: a store of either kind is known by its first bytes, and keytool names PKCS12 ones .jks, too.
  if (isJks(bytes)) return readJks(bytes, password)
  if (isPkcs12(bytes)) return readPkcs12(bytes, password)
  throw new StoreError(`it is neither JKS nor PKCS12${bytes.includes('-----BEGIN') ? ', but looks like PEM' : ''}`)
}

/** As upstream, by the ending of the name where no type is given. */
function kindOf({ type }: StoreSettings, location: string, property: string): StoreKind {
  if (type !== null) return type
  if (/\.jks$/i.test(location)) return 'JKS'
  if (/\.pem$/i.test(location)) return 'PEM'
  if (/\.(p12|pfx)$/i.test(location)) return 'PKCS12'
  if (/\.bcfks$/i.test(location)) return 'BCFKS'
  throw new StoreError(`its name does not tell its kind (.jks, .pem, .p12): set ${property}.type`)
}

/** A file with the password wins; its line break does not count. */
function passwordOf({ password, passwordPath }: StoreSettings, property: string): string {
  if (passwordPath === null) return password ?? ''
  try {
    return readFileSync(passwordPath, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    throw new TlsConfigError(`${property}.passwordPath: ${passwordPath}: ${fileProblem(error)}`)
  }
}

function read(location: string): Buffer {
  try {
    return readFileSync(location)
  } catch (error) {
    throw new StoreError(fileProblem(error))
  }
}

function fileProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException // reading files throws nothing else
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'it may not be read by this user'
  if (code === 'EISDIR') return 'it is a directory'
  return message
}

function inOneLine<T>(property: string, location: string, readIt: () => T): T {
  try {
    return readIt()
  } catch (error) {
    if (error instanceof StoreError) throw new TlsConfigError(`${property}.location: ${location}: ${error.message}`)
    throw error
  }
}

function oneOfEachKind(keys: readonly StoredKey[]): StoredKey[] {
  const chosen = new Map<string, StoredKey & { readonly isValid: boolean }>()
  for (const stored of keys) {
    const { kind, isValid } = checkKey(stored)
    const before = chosen.get(kind)
    if (before === undefined || (isValid && !before.isValid)) chosen.set(kind, { ...stored, isValid })
  }
  return [...chosen.values()]
}

function checkKey({ key, chain }: StoredKey): { readonly kind: string; readonly isValid: boolean } {
  const [own] = chain
  if (own === undefined) throw new StoreError('it has a private key without a certificate')
  const certificate = parse(own)
  for (const other of chain.slice(1)) parse(other)
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new StoreError('its first certificate is not that of its private key')
  }
  const nowMs = Date.now()
  const isValid = Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo)
  return { kind: privateKey.asymmetricKeyType ?? 'unknown', isValid }
}

function parse(certificate: Buffer): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch {
    throw new StoreError('it has a certificate that cannot be read')
  }
}

function pemOf(label: string, der: Buffer): string {
  const lines = der.toString('base64').replace(/(.{64})(?=.)/g, '$1\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}
