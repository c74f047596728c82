import { getCiphers } from 'node:tls'
import { TlsConfigError } from './tls-config-error.ts'

/** What upstream 3.9 takes on Java 9 and later where nothing is configured, in its order. */
const SUITES_DEFAULT: readonly string[] = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'TLS_AES_256_GCM_SHA384',
  'TLS_AES_128_GCM_SHA256',
  'TLS_CHACHA20_POLY1305_SHA256'
]

/** A signal in Java's lists, no suite. */
const RENEGOTIATION_SIGNAL = 'TLS_EMPTY_RENEGOTIATION_INFO_SCSV'

/**
 * The value of Node's option `ciphers` for Java's names.
 *
 * @param suites   null = upstream's defaults
 * @param property for messages: `ssl.ciphersuites`
 * @throws TlsConfigError for a suite that OpenSSL does not have
 */
export function ciphersOf(suites: readonly string[] | null, property: string): string {
  const known = new Set(getCiphers().map((name) => name.toUpperCase()))
  const names = (suites ?? SUITES_DEFAULT).filter((suite) => suite !== RENEGOTIATION_SIGNAL)
  const found = names.map((suite) => {
    const name = openSslNameOf(suite)
    if (name === null || !known.has(name)) throw new TlsConfigError(`${property}: there is no cipher suite ${suite}`)
    return name
  })
  if (found.length === 0) throw new TlsConfigError(`${property} names no cipher suite`)
  return found.join(':')
}

/**
 * OpenSSL's name of a suite, by the rules that its names follow: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is
 * `ECDHE-RSA-AES128-GCM-SHA256`. Those of TLS 1.3 have one name.
 *
 * @returns null for a name that is made in another way
 */
export function openSslNameOf(suite: string): string | null {
  if (/^TLS_(AES|CHACHA20)_/.test(suite)) return suite
  const match = /^(?:TLS|SSL)_(\w+)_WITH_(\w+)_(SHA\d*|MD5|CCM(?:_8)?)$/.exec(suite)
  if (match === null) return null
  const [, exchange = '', cipher = '', digest = ''] = match
  return [exchangeOf(exchange), cipherOf(cipher), digestOf(cipher, digest)].filter((part) => part !== '').join('-')
}

function exchangeOf(exchange: string): string {
  return exchange === 'RSA' ? '' : exchange.replaceAll('_', '-')
}

function cipherOf(cipher: string): string {
  if (cipher === '3DES_EDE_CBC') return 'DES-CBC3'
  return cipher
    .replace(/_CBC$/, '')
    .replace(/^(AES|CAMELLIA)_/, '$1')
    .replaceAll('_', '-')
}

function digestOf(cipher: string, digest: string): string {
  if (cipher === 'CHACHA20_POLY1305') return ''
  return digest === 'CCM_8' ? 'CCM8' : digest
}
