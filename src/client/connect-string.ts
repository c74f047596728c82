import { pathProblem } from '../protocol/path.ts'
import { InvalidPathError } from './errors.ts'

/** One server of a connect string. */
export interface ServerAddress {
  /** Name or address; an IPv6 address without its brackets. */
  readonly host: string
  readonly port: number
}

/** What a connect string says. */
export interface ConnectTarget {
  /** In the order given; never empty. */
  readonly servers: readonly ServerAddress[]
  /** Path that is put before every path of this client; null for none. */
  readonly chroot: string | null
}

/** Port of a server that is given without one. */
export const DEFAULT_PORT = 2181

/**
 * Parses `host:port,host:port/chroot`; the port may be left out, an IPv6 address stands in brackets or alone.
 *
 * @throws InvalidPathError if the chroot is not a valid path
 * @throws RangeError if there is no server in it, or a port is not one
 * @see ConnectStringParser
 */
export function parseConnectString(connectString: string): ConnectTarget {
  const slash = connectString.indexOf('/')
  const hosts = slash < 0 ? connectString : connectString.slice(0, slash)
  const chroot = slash < 0 ? '/' : connectString.slice(slash)
  const problem = pathProblem(chroot)
  if (problem !== null) throw new InvalidPathError(problem, { path: chroot })

  const servers = hosts
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '')
    .map(parseServer)
  if (servers.length === 0) throw new RangeError(`no server in the connect string "${connectString}"`)
  return { servers, chroot: chroot === '/' ? null : chroot }
}

/** One server as text; an IPv6 address in brackets. */
export function formatServer(server: ServerAddress): string {
  return server.host.includes(':') ? `[${server.host}]:${server.port}` : `${server.host}:${server.port}`
}

function parseServer(text: string): ServerAddress {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1
  if (bracket > 0) {
    const rest = text.slice(bracket + 1)
    const port = rest.startsWith(':') ? rest.slice(1) : rest
    return { host: text.slice(1, bracket), port: parsePort(port, text) }
  }
  const colon = text.lastIndexOf(':')
  if (colon < 0 || text.indexOf(':') !== colon) return { host: text, port: DEFAULT_PORT } // a bare IPv6 address has several
  return { host: text.slice(0, colon), port: parsePort(text.slice(colon + 1), text) }
}

function parsePort(digits: string, server: string): number {
  if (digits === '') return DEFAULT_PORT
  const port = Number(digits)
  if (!/^\d{1,5}$/.test(digits) || port < 1 || port > 65535) throw new RangeError(`no valid port in "${server}"`)
  return port
}
