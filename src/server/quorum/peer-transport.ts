import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'

/** How sockets between servers are made: in plain text here. */
export interface PeerTransport {
  /** `accepted` gets sockets that are ready to be read. */
  createServer(options: PeerSocketOptions, accepted: (socket: Socket) => void): Server
  /** Begins to connect; `connected` is called when the socket is ready. Failure is the socket's `error`, then `close`. */
  connect(host: string, port: number, options: PeerSocketOptions, connected: () => void): Socket
}

export interface PeerSocketOptions {
  readonly noDelay: boolean
  readonly keepAlive: boolean
}

export const plainTransport: PeerTransport = {
  createServer: ({ noDelay, keepAlive }, accepted) =>
    createServer({ noDelay, keepAlive, allowHalfOpen: false }, accepted),
  connect: (host, port, { noDelay, keepAlive }, connected) =>
    netConnect({ host, port, noDelay, keepAlive, allowHalfOpen: false }, connected)
}
