import type { EnsembleMember, MemberAddress, MemberRole } from './ensemble-config.ts'

/** A server line's value that cannot be understood; the caller adds file, line and key. */
export class ServerLineError extends Error {
  /** See `ConfigTextError`. */
  readonly isUnforeseen: boolean

  constructor(message: string, { isUnforeseen = false }: { isUnforeseen?: boolean } = {}) {
    super(message)
    this.isUnforeseen = isUnforeseen
  }
}

const FORM = 'host:quorumPort:electionPort[:participant|:observer][|further addresses][;[clientHost:]clientPort]'

/**
 * Reads the value of a `server.N` line, as `QuorumPeer.QuorumServer` does:
 * `host:quorum:election[:role][|host:quorum:election[:role]…][;[host:]clientPort[;[host:]securePort]]`.
 * IPv6 addresses are in brackets. A role is optional; several must be the same.
 *
 * @throws ServerLineError
 */
export function parseServerLine(id: number, value: string, multiAddressEnabled: boolean): EnsembleMember {
  const [servers = '', client = '', secureClient = '', ...rest] = value.split(';').map((part) => part.trim())
  if (rest.length > 0) throw new ServerLineError(`has too many parts; it must have the form ${FORM}`)
  const parts = servers.split('|')
  if (parts.length > 1 && !multiAddressEnabled) {
    throw new ServerLineError('has several addresses, which needs multiAddress.enabled=true')
  }
  const addresses: MemberAddress[] = []
  let role: MemberRole | null = null
  for (const part of parts) {
    const [host, quorumPort, electionPort, roleName, ...more] = splitHostAndPorts(part.trim())
    if (host === '' || electionPort === undefined || more.length > 0) {
      throw new ServerLineError(`must have the form ${FORM}`)
    }
    const address = { host: host ?? '', quorumPort: parsePort(quorumPort), electionPort: parsePort(electionPort) }
    if (address.quorumPort === address.electionPort) throw new ServerLineError('has the same quorum and election port')
    addresses.push(address)
    if (roleName === undefined) continue
    const thisRole = parseRole(roleName)
    if (role !== null && thisRole !== role) throw new ServerLineError('gives its addresses different roles')
    role = thisRole
  }
  const plain = parseClientPart(client)
  const secure = parseClientPart(secureClient)
  return {
    id,
    addresses,
    role: role ?? 'participant',
    clientAddress: plain.host,
    clientPort: plain.port,
    secureClientAddress: secure.host,
    secureClientPort: secure.port
  }
}

function parseClientPart(part: string): { host: string | null; port: number | null } {
  if (part === '') return { host: null, port: null }
  const pieces = splitHostAndPorts(part)
  if (pieces.length > 2) throw new ServerLineError(`must have [host:]port after ";", not "${part}"`)
  return pieces.length === 2
    ? { host: pieces[0] ?? null, port: parsePort(pieces[1]) }
    : { host: null, port: parsePort(pieces[0]) }
}

/** `host:1:2`, `[::1]:1:2` or `1`, in pieces; the brackets go. */
function splitHostAndPorts(text: string): string[] {
  if (!text.startsWith('[')) return text.split(':')
  const close = text.indexOf(']')
  if (close < 0) throw new ServerLineError(`has "[" without "]" in "${text}"`)
  const rest = text.slice(close + 1)
  if (rest !== '' && !rest.startsWith(':')) throw new ServerLineError(`has no ":" after "]" in "${text}"`)
  return [text.slice(1, close), ...(rest === '' ? [] : rest.slice(1).split(':'))]
}

function parsePort(text: string | undefined): number {
  const trimmed = (text ?? '').trim()
  const port = Number(trimmed)
  if (!/^\d+$/.test(trimmed) || port > 65535) {
    const isUnforeseen = /^[-+]?\d+$/.test(trimmed)
    throw new ServerLineError(`has "${trimmed}" where a port (0 to 65535) must be`, { isUnforeseen })
  }
  return port
}

function parseRole(text: string): MemberRole {
  const role = text.trim().toLowerCase()
  if (role === 'participant' || role === 'observer') return role
  throw new ServerLineError(`has the role "${text.trim()}"; it must be participant or observer`)
}
