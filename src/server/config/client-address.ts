import { ConfigError, type Origin } from './config-error.ts'

export interface ListenAddress {
  readonly port: number | null
  /** null = all addresses. */
  readonly address: string | null
}

const ANY_ADDRESSES = new Set(['0.0.0.0', '::', '0:0:0:0:0:0:0:0'])

/** What to bind for a host of a server line; null for all addresses. */
export function bindAddress(host: string | null): string | null {
  return host === null || ANY_ADDRESSES.has(host) ? null : host
}

/**
 * Where clients are listened for: the address of this server's own `server.N` line goes before `clientPort`, and must not
 * contradict it.
 *
 * @param keys  names of the keys, for messages: `clientPort` or `secureClientPort`
 * @param fromFile  port and address keys of the main file
 * @param fromLine  what stands after `;` in the server line
 * @param origin  of the key in the main file, for messages
 * @throws ConfigError
 */
export function chooseListenAddress(
  keys: 'clientPort' | 'secureClientPort',
  fromFile: ListenAddress,
  fromLine: ListenAddress,
  origin: Origin | null
): ListenAddress {
  if (fromFile.port === null && fromFile.address !== null) {
    throw new ConfigError(`${keys}Address is set but ${keys} is not`, origin, `${keys}Address`)
  }
  const file = { port: fromFile.port, address: bindAddress(fromFile.address) }
  if (fromLine.port === null) return file
  const line = { port: fromLine.port, address: bindAddress(fromLine.address) }
  const differs =
    file.port !== null && (file.port !== line.port || (file.address !== null && file.address !== line.address))
  if (differs) {
    const inFile = `${file.address ?? '0.0.0.0'}:${file.port}`
    throw new ConfigError(
      `${keys} ${inFile} differs from ${line.address ?? '0.0.0.0'}:${line.port} in this server's line`,
      origin,
      keys
    )
  }
  return line
}
