import type { AdminTarget } from './admin-target.ts'

/** What is wrong with a request's credentials. */
export interface Refusal {
  readonly status: 401 | 403
  readonly error: string
}

const MISSING: Refusal = { status: 401, error: 'Auth info is missing for the command' }
const UNKNOWN: Refusal = { status: 401, error: 'Not authenticated' }
const POWERLESS: Refusal = { status: 403, error: 'Not authorized' }

/**
 * Judges an Authorization header, `SCHEME AUTH` (`digest super:admin`) or the scheme alone (`ip`, `x509`): whether its sender has
 * every permission on the root.
 *
 * @returns null if so
 */
export function refusalOf(
  header: string | undefined,
  remoteAddress: string,
  certificate: Buffer | null,
  target: AdminTarget
): Refusal | null {
  if (header === undefined) return MISSING
  // compat: Java's split drops empty parts at the end only.
  const parts = header.replace(/ +$/, '').split(' ')
  const [scheme = '', auth, ...more] = parts
  if (more.length > 0) return UNKNOWN
  // Node gives header bytes as latin1; upstream does the same and takes the text's UTF-8, which differs beyond ASCII only.
  const bytes = auth === undefined ? null : Buffer.from(auth, 'utf8')
  // compat: a digest without its text is refused; the address needs none.
  if (bytes === null && scheme === 'digest') return UNKNOWN
  const identities = target.authenticate(scheme, bytes, remoteAddress, certificate)
  if (identities === null || identities.length === 0) return UNKNOWN
  return target.isAllowedEverything(identities) ? null : POWERLESS
}
