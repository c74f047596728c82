import { readFileSync } from 'node:fs'
import type { ConnectionOptions } from 'node:tls'
import { tlsTransport } from '../client/tls-transport.ts'
import type { Transport } from '../client/transport.ts'
import { CliError } from './cli-error.ts'
import { fileProblem } from './file-problem.ts'

/** Settings of a client by their Java names. */
type ClientSettings = ReadonlyMap<string, string>

const PREFIX = 'zookeeper.ssl.'

/**
 * Connections over TLS by the settings that upstream's client has for them: `zookeeper.ssl.keyStore.*`,
 * `zookeeper.ssl.trustStore.*`, `zookeeper.ssl.hostnameVerification`. Stores may be PEM files, key stores PKCS12 as well; Java's own format
 * cannot be read.
 *
 * @throws CliError for a store that cannot be read
 */
export function tlsTransportOf(settings: ClientSettings): Transport {
  const checksHostname = setting(settings, 'hostnameVerification')?.toLowerCase() !== 'false'
  return tlsTransport({
    ...keyStore(settings),
    ...trustStore(settings),
    ...(checksHostname ? {} : { checkServerIdentity: () => undefined })
  })
}

function keyStore(settings: ClientSettings): ConnectionOptions {
  const file = setting(settings, 'keyStore.location')
  if (file === undefined) return {}
  const password = storePassword(settings, 'keyStore')
  const bytes = read(file)
  switch (storeType(settings, 'keyStore', file)) {
    case 'PEM':
      return { cert: bytes, key: bytes, ...(password === undefined ? {} : { passphrase: password }) }
    case 'PKCS12':
      return { pfx: bytes, passphrase: password ?? '' }
    default:
      throw unreadable(file)
  }
}

function trustStore(settings: ClientSettings): ConnectionOptions {
  const file = setting(settings, 'trustStore.location')
  if (file === undefined) return {}
  if (storeType(settings, 'trustStore', file) !== 'PEM') throw unreadable(file)
  return { ca: read(file) }
}

function storePassword(settings: ClientSettings, store: string): string | undefined {
  const file = setting(settings, `${store}.passwordPath`)
  return file === undefined ? setting(settings, `${store}.password`) : read(file).toString('utf8').trim()
}

function storeType(settings: ClientSettings, store: string, file: string): string {
  const type = setting(settings, `${store}.type`)
  if (type !== undefined) return type.toUpperCase()
  if (/\.pem$/i.test(file)) return 'PEM'
  return /\.(p12|pfx)$/i.test(file) ? 'PKCS12' : 'JKS'
}

function setting(settings: ClientSettings, key: string): string | undefined {
  const value = settings.get(PREFIX + key)?.trim()
  return value === '' ? undefined : value
}

function read(file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new CliError(`cannot read ${file}: ${fileProblem(cause)}`, 1, cause)
  }
}

function unreadable(file: string): CliError {
  return new CliError(
    `${file}: certificates and keys must be in PEM files, or keys in PKCS12 ones (openssl pkcs12 converts them)`
  )
}
