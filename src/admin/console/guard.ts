import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { ConsoleError } from './console-error.ts'

/**
 * Refuses what no page of the console asks: requests to a name that is not this server's (another site's name that its
 * owner lets point here, to read with the visitor's browser), and requests from other sites.
 *
 * @param names by which browsers may call this server, beside addresses, `localhost` and the machine's name; `*` = any
 * @throws ConsoleError
 */
export function checkOrigin({ headers }: IncomingMessage, names: readonly string[]): void {
  const host = headers.host ?? ''
  const name = hostNameOf(host)
  const known = ['localhost', hostname().toLowerCase(), ...names.map((one) => one.toLowerCase())]
  if (isIP(name) === 0 && !known.includes(name) && !names.includes('*')) {
    throw new ConsoleError(421, 'UNKNOWN_HOST', `this console is not known as ${name}; see admin.console.hosts`)
  }
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new ConsoleError(403, 'OTHER_SITE', 'a request from another site')
  }
  const { origin } = headers
  if (origin !== undefined && hostOfOrigin(origin) !== host.toLowerCase()) {
    throw new ConsoleError(403, 'OTHER_SITE', 'a request from another site')
  }
}

/** Forms of other sites cannot send JSON. @throws ConsoleError */
export function checkJson({ headers }: IncomingMessage): void {
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new ConsoleError(415, 'NO_JSON', 'the body must be application/json')
  }
}

/** The value of a cookie; null if it was not sent. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name && value !== undefined && value !== '') return value
  }
  return null
}

function hostNameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(host)
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase()
}

function hostOfOrigin(origin: string): string | null {
  try {
    return new URL(origin).host
  } catch {
    return null
  }
}
