import { readFileSync } from 'node:fs'
import type { ClientOptions } from '../client/options.ts'
import type { Transport } from '../client/transport.ts'
import { CliError } from './cli-error.ts'
import { fileProblem } from './file-problem.ts'
import { parseInt32 } from './number-argument.ts'
import { parseProperties } from './properties.ts'
import { saslLogin } from './sasl-settings.ts'

/** Settings of a client by their Java names, such as `zookeeper.request.timeout`. */
export type ClientSettings = ReadonlyMap<string, string>

/** As Java rounds them: keys of a file, over those that the environment sets. */
export function readClientSettings(file: string | null, properties: ClientSettings): ClientSettings {
  if (file === null) return properties
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliError(`Error while reading the client configuration ${file}: ${fileProblem(cause)}`, 2, cause)
  }
  return new Map([...properties, ...parseProperties(text)])
}

/**
 * The client's options that follow from the settings.
 *
 * @throws CliError for a value that makes no sense
 */
export async function clientOptions(settings: ClientSettings): Promise<ClientOptions> {
  const frameLengthMax = wholeNumber(settings, 'jute.maxbuffer')
  const requestTimeoutMs = wholeNumber(settings, 'zookeeper.request.timeout')
  const sasl = saslLogin(settings)
  const transport = isTrue(settings, 'zookeeper.client.secure') ? await secureTransport(settings) : undefined
  return {
    ...(frameLengthMax === undefined ? {} : { frameLengthMax }),
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs: Math.max(0, requestTimeoutMs) }),
    ...(transport === undefined ? {} : { transport }),
    ...(sasl === undefined ? {} : { sasl }),
    resetsWatches: !isTrue(settings, 'zookeeper.disableAutoWatchReset')
  }
}

async function secureTransport(settings: ClientSettings): Promise<Transport> {
  const { tlsTransportOf } = await import('./tls-settings.ts') // slow to load, and seldom wanted
  return tlsTransportOf(settings)
}

function wholeNumber(settings: ClientSettings, key: string): number | undefined {
  const text = settings.get(key)?.trim()
  if (text === undefined || text === '') return undefined
  const value = parseInt32(text)
  if (value === null) throw new CliError(`${key} must be a whole number, not "${text}"`)
  return value
}

/** As Java's Boolean.parseBoolean. */
export function isTrue(settings: ClientSettings, key: string): boolean {
  return settings.get(key)?.trim().toLowerCase() === 'true'
}
