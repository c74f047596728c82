import { createServer, isIP, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import type { LimitedLog } from './limited-log.ts'
import type { PeerTls } from './peer-tls.ts'
import { type PeerSocketOptions, type PeerTransport, plainTransport } from './peer-transport.ts'
import { TlsAcceptor } from './tls-acceptor.ts'

export interface TlsTransportOptions {
  /** Null: none is configured. */
  readonly tls: PeerTls | null
  /** Connections that this server opens use TLS (`sslQuorum`). */
  readonly isTlsSpoken: boolean
  /** Plain text is accepted beside TLS (`portUnification`). */
  readonly isPlainTaken: boolean
  /** For the first bytes, and for a handshake (`ssl.quorum.handshakeDetectionTimeoutMillis`). */
  readonly timeoutMs: number
}

/** Sockets between servers as `sslQuorum` and `portUnification` have them. */
export function tlsTransport(options: TlsTransportOptions, log: LimitedLog): PeerTransport {
  const { tls, isTlsSpoken, timeoutMs } = options
  return {
    createServer: ({ noDelay, keepAlive }, accepted) => {
      const acceptor = new TlsAcceptor(options, accepted, log)
      const server = createServer({ noDelay, keepAlive, allowHalfOpen: false }, (raw) => acceptor.add(raw))
      const close = (): void => {
        server.close()
        acceptor.closeAll()
      }
      return { server, close }
    },
    connect:
      tls !== null && isTlsSpoken
        ? (host, port, socket, connected) => connectSecurely(tls, timeoutMs, host, port, socket, connected)
        : plainTransport.connect,
    probe: plainTransport.probe
  }
}

function connectSecurely(
  tls: PeerTls,
  timeoutMs: number,
  host: string,
  port: number,
  { noDelay, keepAlive }: PeerSocketOptions,
  connected: () => void
): Socket {
  // A number is no name that a server could choose a certificate by.
  const servername = isIP(host) === 0 ? host : ''
  const socket = tlsConnect({ ...tls.connectOptions(), host, port, servername })
  tls.connecting(socket)
  socket.setNoDelay(noDelay)
  socket.setKeepAlive(keepAlive)
  let timer: NodeJS.Timeout | undefined
  socket.once('connect', () => {
    timer = setTimeout(() => socket.destroy(new Error(`no TLS handshake within ${timeoutMs} ms`)), timeoutMs)
  })
  socket.once('close', () => clearTimeout(timer))
  socket.once('secureConnect', () => {
    clearTimeout(timer)
    tls.checkConnected(socket, host).then(
      () => {
        if (!socket.destroyed) connected()
      },
      (error: Error) => socket.destroy(error)
    )
  })
  return socket
}
