import { isIPv6 } from 'node:net'
import { type PortAddress, showAddress } from './connect-first.ts'

/**
 * First bytes of a connection to an election port, sent by the side that connects.
 *
 * | offset | size | field           |                                                                        |
 * |--------|------|-----------------|------------------------------------------------------------------------|
 * | 0      | 8    | protocolVersion | -65536 or, with several addresses, -65535; or the sid itself, which ends it (before 3.5) |
 * | 8      | 8    | sid             | the sender's                                                           |
 * | 16     | 4    | length          | 1..2048                                                                |
 * | 20     | n    | addresses       | the sender's election addresses, `host:port`, with `\|` between         |
 */
export interface ElectionHandshake {
  readonly sid: bigint
  /** Where the sender says that it can be reached; none that means every address of a machine. */
  readonly addresses: readonly PortAddress[]
}

/** What the sender meant cannot be told; the connection is of no use. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly code = 'BAD_ELECTION_HANDSHAKE'
}

const VERSION_ONE_ADDRESS = -65536n
const VERSION_MANY_ADDRESSES = -65535n
const HEAD_BYTES = 20
const ADDRESS_BYTES_MAX = 2048

/** @param addresses own election addresses; only the first one is told where `multiAddress` is off */
export function encodeHandshake(sid: number, addresses: readonly PortAddress[], isMultiAddress: boolean): Buffer {
  const told = isMultiAddress ? addresses : addresses.slice(0, 1)
  const text = Buffer.from(told.map(showAddress).join('|'), 'utf8')
  const bytes = Buffer.alloc(HEAD_BYTES + text.length)
  bytes.writeBigInt64BE(isMultiAddress ? VERSION_MANY_ADDRESSES : VERSION_ONE_ADDRESS, 0)
  bytes.writeBigInt64BE(BigInt(sid), 8)
  bytes.writeInt32BE(text.length, 16)
  text.copy(bytes, HEAD_BYTES)
  return bytes
}

/**
 * Reads a handshake from the beginning of what has come so far.
 *
 * @returns it and its length; null while more bytes are needed
 * @throws HandshakeError
 */
export function decodeHandshake(bytes: Buffer): { handshake: ElectionHandshake; length: number } | null {
  if (bytes.length < 8) return null
  const version = bytes.readBigInt64BE(0)
  if (version >= 0n) return { handshake: { sid: version, addresses: [] }, length: 8 }
  if (version !== VERSION_ONE_ADDRESS && version !== VERSION_MANY_ADDRESSES) {
    throw new HandshakeError(`protocol version ${version} is unknown`)
  }
  if (bytes.length < HEAD_BYTES) return null
  const sid = bytes.readBigInt64BE(8)
  const length = bytes.readInt32BE(16)
  if (length <= 0 || length > ADDRESS_BYTES_MAX)
    throw new HandshakeError(`the addresses' length ${length} is out of range`)
  const end = HEAD_BYTES + length
  if (bytes.length < end) return null
  return { handshake: { sid, addresses: parseAddresses(bytes.toString('utf8', HEAD_BYTES, end)) }, length: end }
}

function parseAddresses(text: string): PortAddress[] {
  const addresses: PortAddress[] = []
  for (const part of text.split('|')) {
    const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(part) ?? []
    const host = bracketed ?? plain
    const port = Number(portText)
    if (host === undefined || port > 65535) throw new HandshakeError(`the address ${JSON.stringify(part)} is malformed`)
    if (!isEveryAddress(host)) addresses.push({ host, port })
  }
  return addresses
}

/** The sender listens on all of its addresses and knows none by name: what is configured for it must do. */
function isEveryAddress(host: string): boolean {
  return host === '0.0.0.0' || (isIPv6(host) && /^[0:]+$/.test(host))
}
