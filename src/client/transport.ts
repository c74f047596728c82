import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { ServerAddress } from './connect-string.ts'

/**
 * Opens a connection to a server and calls `onOpen` once bytes can be sent. The default is plain TCP; `tlsTransport` gives
 * one for TLS.
 */
export type Transport = (server: ServerAddress, onOpen: () => void) => Duplex

/** Plain TCP. All addresses of a name are tried until one answers. */
export const tcpTransport: Transport = ({ host, port }, onOpen) => connect({ host, port, noDelay: true }, onOpen)
