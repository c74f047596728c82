import { isIP } from 'node:net'
import { type ConnectionOptions, connect } from 'node:tls'
import type { Transport } from './transport.ts'

/**
 * Connections over TLS, for servers with a `secureClientPort`.
 *
 * @param options as for `tls.connect`: `ca`, `cert` and `key` or `pfx`, `minVersion` … The server's certificate must be valid
 *   for the name in the connect string unless `checkServerIdentity` says otherwise.
 */
export function tlsTransport(options: ConnectionOptions): Transport {
  return ({ host, port }, onOpen) => {
    const names = isIP(host) === 0 ? { servername: host } : {} // a server name must not be an address
    const socket = connect({ ...names, ...options, host, port }, onOpen)
    socket.setNoDelay(true)
    return socket
  }
}
