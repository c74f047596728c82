import type { Socket } from 'node:net'

/** Type of the first record of every TLS connection, and the major version of all that are in use. */
const TLS_HANDSHAKE = 0x16
const TLS_MAJOR_VERSION = 3

/**
 * Tells TLS from what servers send each other in plain text, by the first bytes of a connection: none of those begins like
 * a handshake record (an election handshake begins with ff or 00, a packet with 00, SASL with ff).
 *
 * @returns null while more bytes are needed
 */
export function isTls(bytes: Uint8Array): boolean | null {
  const [type, major] = bytes
  if (type === undefined) return null
  if (type !== TLS_HANDSHAKE) return false
  return major === undefined ? null : major === TLS_MAJOR_VERSION
}

/**
 * Hands a socket to its next reader, which sees what was read of it already as if it had just come.
 *
 * @param next adds its listeners before it returns
 */
export function handOver(socket: Socket, rest: Buffer, next: () => void): void {
  socket.pause()
  if (rest.length > 0) socket.unshift(rest)
  next()
  socket.resume()
}
