import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { ServerHandshakeOptions } from '../../tls/server-handshake.ts'

/** Certificates and rules of TLS between servers, as they are now: they may be loaded anew while the server runs. */
export interface PeerTls {
  /** For a connection that another server has opened. */
  acceptOptions(): Omit<ServerHandshakeOptions, 'timeoutMs'>
  /** For a connection that this server opens. */
  connectOptions(): ConnectionOptions
  /** To be called at once for a socket that has been made with them. */
  connecting(socket: TLSSocket): void
  /**
   * What takes more than the handshake, of a server that was connected to by this name or address.
   *
   * @throws Error, one line, that says what is wrong with its certificate
   */
  checkConnected(socket: TLSSocket, host: string): Promise<void>
}
