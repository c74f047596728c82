import { createServer, connect as netConnect, type Server, type Socket } from 'node:net'

/** How sockets between servers are made. */
export interface PeerTransport {
  /** `accepted` gets sockets that are ready to be read, and adds its listeners before it returns. */
  createServer(options: PeerSocketOptions, accepted: (socket: Socket) => void): PeerServer
  /** Begins to connect; `connected` is called when the socket is ready. Failure is the socket's `error`, then `close`. */
  connect: Connect
  /** As `connect`, to see whether somebody listens, and not to say anything. */
  probe: Connect
}

export type Connect = (host: string, port: number, options: PeerSocketOptions, connected: () => void) => Socket

export interface PeerServer {
  readonly server: Server
  /** Accepts no more, and closes what is not `accepted` yet. */
  close(): void
}

export interface PeerSocketOptions {
  readonly noDelay: boolean
  readonly keepAlive: boolean
}

/** In plain text. */
export const plainTransport: PeerTransport = {
  createServer: ({ noDelay, keepAlive }, accepted) => {
    const server = createServer({ noDelay, keepAlive, allowHalfOpen: false }, accepted)
    return { server, close: () => server.close() }
  },
  connect: connectPlain,
  probe: connectPlain
}

function connectPlain(
  host: string,
  port: number,
  { noDelay, keepAlive }: PeerSocketOptions,
  connected: () => void
): Socket {
  return netConnect({ host, port, noDelay, keepAlive, allowHalfOpen: false }, connected)
}
