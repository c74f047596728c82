import type { AuthInfo } from '../../client/auth-list.ts'
import type { ClientIdentity } from '../../client/operations/session.ts'
import type { SaslCredentials } from '../../client/sasl-login.ts'
import type { AdminTarget } from '../http/admin-target.ts'
import { ConsoleError } from './console-error.ts'
import { badRequest, member, textMember } from './route.ts'

type Mechanism = NonNullable<SaslCredentials['mechanism']>

/** The better one first. */
const MECHANISMS: readonly Mechanism[] = ['SCRAM-SHA-256', 'DIGEST-MD5']
const TEXT_LENGTH_MAX = 4096

/** SASL mechanisms with passwords that this server may take; which users there are it does not say. */
export function passwordMechanisms(target: AdminTarget | null): readonly Mechanism[] {
  const acl = target?.view.settings.acl
  if (acl === undefined || acl.jaasFile === null) return []
  return MECHANISMS.filter((name) => acl.saslMechanisms.includes(name))
}

/**
 * Whom a login's body names: `{ scheme, auth }` as `addauth` takes them, or `{ scheme: 'sasl', mechanism, user, password }`.
 *
 * @throws ConsoleError for what can be no identity
 */
export function identityOf(body: unknown): AuthInfo | SaslCredentials {
  const scheme = textMember(body, 'scheme')
  if (scheme === 'sasl') return saslIdentityOf(body)
  const auth = textMember(body, 'auth')
  if (!/^[\w-]{1,32}$/.test(scheme) || auth === '' || auth.length > TEXT_LENGTH_MAX) {
    throw badRequest('no such identity')
  }
  if (scheme === 'digest' && !/^[^:]+:./s.test(auth)) throw badRequest('digest wants USER:PASSWORD')
  return { scheme, auth }
}

function saslIdentityOf(body: unknown): SaslCredentials {
  const mechanism = MECHANISMS.find((one) => one === member(body, 'mechanism'))
  if (mechanism === undefined) throw badRequest(`mechanism is none of ${MECHANISMS.join(', ')}`)
  const username = textMember(body, 'user')
  const password = textMember(body, 'password')
  const isTooLong = username.length > TEXT_LENGTH_MAX || password.length > TEXT_LENGTH_MAX
  if (username === '' || isTooLong) throw badRequest('no such identity')
  return { username, password, mechanism }
}

/** What is shown of who the server says it is. @throws ConsoleError where that is nobody */
export function nameOf(identities: readonly ClientIdentity[], wanted: AuthInfo | SaslCredentials): string {
  const scheme = 'scheme' in wanted ? wanted.scheme : 'sasl'
  const given = identities.filter((one) => one.scheme !== 'ip')
  // A server that lets in who has failed to log in leaves them without an identity.
  if (given.length === 0 || (scheme === 'sasl' && !given.some((one) => one.scheme === 'sasl'))) {
    throw new ConsoleError(403, 'AUTH_FAILED', `scheme ${scheme} gives no identity`)
  }
  return given.map(({ scheme, user }) => (user === '' ? scheme : `${scheme}:${user}`)).join(', ')
}
