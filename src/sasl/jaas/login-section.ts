import type { JaasConfig, JaasModule } from './jaas-config.ts'
import { JaasError } from './jaas-error.ts'

/** What a section of a JAAS file says to a server. */
export interface ServerLogin {
  /** Passwords, or SCRAM verifiers, by user; from the options `user_NAME`. */
  readonly users: ReadonlyMap<string, string>
  /** Null if no module of the section is Kerberos'. */
  readonly kerberos: KerberosLogin | null
}

/** What a section of a JAAS file says to a client. */
export type ClientLogin =
  | {
      readonly kind: 'password'
      readonly username: string
      readonly password: string
      readonly mechanism: string | null
    }
  | { readonly kind: 'kerberos'; readonly kerberos: KerberosLogin }

/** Options of `com.sun.security.auth.module.Krb5LoginModule`. */
export interface KerberosLogin {
  /** Null: the one of the ticket cache, or the first of the key table. */
  readonly principal: string | null
  readonly useKeyTab: boolean
  /** Path, without `file:`; null: Kerberos' own default. */
  readonly keyTab: string | null
  readonly useTicketCache: boolean
  /** Path; null: Kerberos' own default. */
  readonly ticketCache: string | null
  readonly line: number
}

const USER_PREFIX = 'user_'

/**
 * The users, and the Kerberos identity, of a server's section: all `user_NAME` options count, of whatever module, as
 * upstream reads them.
 *
 * @returns null if the file has no such section
 * @throws JaasError if the section has no user and is not Kerberos'
 */
export function serverLogin(config: JaasConfig, section: string): ServerLogin | null {
  const modules = config.get(section)
  if (modules === undefined) return null
  const users = new Map<string, string>()
  for (const { options } of modules) {
    for (const [key, value] of options) if (key.startsWith(USER_PREFIX)) users.set(key.slice(USER_PREFIX.length), value)
  }
  const kerberos = kerberosOf(modules)
  if (users.size === 0 && kerberos === null) {
    throw new JaasError(`the section ${section} names no user (user_NAME="password")`, modules[0]?.line)
  }
  return { users, kerberos }
}

/**
 * Whom a client's section logs in.
 *
 * @returns null if the file has no such section
 * @throws JaasError if the section has neither a user name with a password nor a Kerberos module
 */
export function clientLogin(config: JaasConfig, section: string): ClientLogin | null {
  const modules = config.get(section)
  if (modules === undefined) return null
  const kerberos = kerberosOf(modules)
  if (kerberos !== null) return { kind: 'kerberos', kerberos }
  const module = modules.find(({ options }) => options.has('username'))
  const username = module?.options.get('username')
  const password = module?.options.get('password')
  if (username === undefined || password === undefined) {
    const missing = username === undefined ? 'username' : 'password'
    throw new JaasError(`the section ${section} has no ${missing}`, (module ?? modules[0])?.line)
  }
  return { kind: 'password', username, password, mechanism: module?.options.get('mechanism') ?? null }
}

function kerberosOf(modules: readonly JaasModule[]): KerberosLogin | null {
  const module = modules.find(({ className }) => className.endsWith('Krb5LoginModule'))
  if (module === undefined) return null
  const { options, line } = module
  const isTrue = (name: string): boolean => options.get(name)?.toLowerCase() === 'true'
  return {
    principal: options.get('principal') ?? null,
    useKeyTab: isTrue('useKeyTab'),
    keyTab: options.get('keyTab')?.replace(/^(FILE|file):/, '') ?? null,
    useTicketCache: isTrue('useTicketCache'),
    ticketCache: options.get('ticketCache') ?? null,
    line
  }
}
