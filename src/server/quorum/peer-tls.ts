import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls'

/** Certificates and rules of TLS between servers, as they are now: they may be loaded anew while the server runs. */
export interface PeerTls {
  /**
   * For connections that others open. The same object comes until something has been loaded anew.
   *
   * Others are asked for a certificate as `ssl.quorum.clientAuth` says; one that is not signed by a trusted authority is refused.
   */
  serverOptions(): TlsOptions
  /** For a connection that this server opens. */
  clientOptions(host: string): ConnectionOptions
  /**
   * What takes more than the handshake: the name of one who has connected, revocation that is asked for elsewhere.
   *
   * @throws Error, one line, that says what is wrong with the other side's certificate
   */
  checkAccepted(socket: TLSSocket): Promise<void>
  /** As `checkAccepted`, for a server that was connected to by this name or address. */
  checkConnected(socket: TLSSocket, host: string): Promise<void>
}
