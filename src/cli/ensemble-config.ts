import { parseProperties } from './properties.ts'

const CLIENT_ADDRESS_ANY = '0.0.0.0'

/**
 * What a client needs of an ensemble's configuration: its version, a space, and the client addresses of the servers, which
 * can be given as a connect string.
 */
export function clientConnectString(config: string): string {
  const properties = parseProperties(config)
  const addresses = [...properties]
    .filter(([key]) => key.startsWith('server.'))
    .map(([, value]) => clientAddress(value))
  return `${properties.get('version')?.trim() ?? ''} ${addresses.join(',')}`
}

/** Of `host:port:port:role;address:port`, what follows the semicolon; empty if there is none. */
function clientAddress(server: string): string {
  const address = server.split(';')[1]?.trim() ?? ''
  if (address === '') return ''
  return /^\d+$/.test(address) ? `${CLIENT_ADDRESS_ANY}:${address}` : address
}
