import { ErrorCode } from '../../protocol/error-code.ts'
import type { ACL, ClientInfo } from '../../protocol/generated/data.ts'
import { Perm } from '../../protocol/op-code.ts'
import {
  type AuthenticationContext,
  type AuthenticationProvider,
  type AuthRefusal,
  type Identity,
  SUPER_SCHEME
} from './authentication-provider.ts'
import { withoutDuplicates } from './distinct-acl.ts'

/** Decides who may do what; made once, from the providers that are configured. */
export interface AclChecker {
  /**
   * Tells whether `identities` may do something that needs *any* of the bits `perms` on a node with this ACL. Everyone
   * may if ACLs are skipped or the list is empty.
   */
  isAllowed(acl: readonly ACL[], perms: number, identities: readonly Identity[]): boolean
  /**
   * Validates the list that a client wants on a node and expands `auth` into the client's own identities.
   * @param acl as decoded: null, empty, duplicates and null texts are possible
   */
  fixup(acl: readonly ACL[] | null, identities: readonly Identity[]): FixedAcl
  /**
   * Handles an auth packet.
   * @returns identities to add to the connection (`addIdentities`), or how to refuse it
   */
  authenticate(
    scheme: string | null,
    auth: Uint8Array | null,
    context: AuthenticationContext
  ): readonly Identity[] | AuthRefusal
  /** The identities that a connection has from the beginning: its address. */
  initialIdentities(context: AuthenticationContext): readonly Identity[]
  /** The list as getACL shows it: without the hashes of digest ids, unless `identities` have ADMIN. */
  visibleAcl(acl: readonly ACL[], identities: readonly Identity[]): readonly ACL[]
  /** Answer of whoAmI. */
  clientInfos(identities: readonly Identity[]): ClientInfo[]
}

/** Either the list to store, or the code to fail with: INVALIDACL, or MARSHALLINGERROR where upstream stumbles over a null. */
type FixedAcl = { readonly acl: readonly ACL[]; readonly err: 0 } | { readonly acl: null; readonly err: number }

export interface AclCheckerOptions {
  /** Configured schemes; of two with one name the later one counts. */
  readonly providers: readonly AuthenticationProvider[]
  /** `zookeeper.skipACL=yes`: permissions are not checked (lists are still validated). */
  readonly skipAcl: boolean
}

/**
 * @throws TypeError if a provider claims a scheme that cannot have one
 * @see `ZooKeeperServer.checkACL`, `PrepRequestProcessor.fixupACL`
 */
export function createAclChecker(options: AclCheckerOptions): AclChecker {
  return new ProviderAclChecker(options)
}

/** The identities of a connection with some more: they are a set. Returns the same array if there is nothing new. */
export function addIdentities(have: readonly Identity[], more: readonly Identity[]): readonly Identity[] {
  const added = more.filter(
    (one, index) => !includesIdentity(have, one) && !includesIdentity(more.slice(0, index), one)
  )
  return added.length === 0 ? have : [...have, ...added]
}

function includesIdentity(identities: readonly Identity[], wanted: Identity): boolean {
  return identities.some((one) => one.scheme === wanted.scheme && one.id === wanted.id)
}

const SCHEMES_WITHOUT_PROVIDER: readonly string[] = ['world', 'auth', SUPER_SCHEME]

class ProviderAclChecker implements AclChecker {
  readonly #providers = new Map<string, AuthenticationProvider>()
  readonly #skipAcl: boolean

  constructor(options: AclCheckerOptions) {
    this.#skipAcl = options.skipAcl
    for (const provider of options.providers) {
      if (SCHEMES_WITHOUT_PROVIDER.includes(provider.scheme)) {
        throw new TypeError(`no authentication provider can have the scheme ${provider.scheme}`)
      }
      this.#providers.set(provider.scheme, provider)
    }
  }

  isAllowed(acl: readonly ACL[], perms: number, identities: readonly Identity[]): boolean {
    if (this.#skipAcl || acl.length === 0) return true
    // perf: most lists begin with world:anyone, which settles it without a look at who asks
    for (const entry of acl) if ((entry.perms & perms) !== 0 && isWorldAnyone(entry)) return true
    for (const identity of identities) if (identity.scheme === SUPER_SCHEME) return true
    for (const entry of acl) if ((entry.perms & perms) !== 0 && this.#matchesAny(entry, identities)) return true
    return false
  }

  #matchesAny(entry: ACL, identities: readonly Identity[]): boolean {
    const { scheme, id } = entry.id
    if (scheme === null || id === null) return false
    const provider = this.#providers.get(scheme)
    if (provider === undefined) return false
    for (const identity of identities) {
      if (identity.scheme === scheme && provider.matches(identity.id, id)) return true
    }
    return false
  }

  fixup(acl: readonly ACL[] | null, identities: readonly Identity[]): FixedAcl {
    const open = openToAll(acl)
    if (open !== undefined) return open
    const distinct = withoutDuplicates(acl ?? [])
    if (distinct === null) return MARSHALLING_ERROR
    if (distinct.length === 0) return INVALID_ACL
    const fixed: ACL[] = []
    for (const entry of distinct) {
      const { scheme, id } = entry.id
      if (scheme === null) return INVALID_ACL
      if (scheme === 'auth') {
        if (!this.#expandAuth(entry.perms, identities, fixed)) return INVALID_ACL
        continue
      }
      if (id === null && (scheme === 'world' || this.#providers.has(scheme))) return MARSHALLING_ERROR
      if (!isWorldAnyone(entry) && !this.#isValid(scheme, id)) return INVALID_ACL
      fixed.push(entry)
    }
    return { acl: fixed, err: ErrorCode.OK }
  }

  #isValid(scheme: string, id: string | null): boolean {
    return id !== null && this.#providers.get(scheme)?.isValid(id) === true
  }

  /** Appends an entry for each identity that says who the client is; false if there is none. */
  #expandAuth(perms: number, identities: readonly Identity[], into: ACL[]): boolean {
    let found = false
    for (const { scheme, id } of identities) {
      if (this.#providers.get(scheme)?.isAuthenticated !== true) continue
      into.push({ perms, id: { scheme, id } })
      found = true
    }
    return found
  }

  authenticate(
    scheme: string | null,
    auth: Uint8Array | null,
    context: AuthenticationContext
  ): readonly Identity[] | AuthRefusal {
    const provider = scheme === null ? undefined : this.#providers.get(scheme)
    return provider === undefined ? null : provider.handleAuthentication(auth, context)
  }

  initialIdentities(context: AuthenticationContext): readonly Identity[] {
    return [{ scheme: 'ip', id: context.remoteAddress }]
  }

  visibleAcl(acl: readonly ACL[], identities: readonly Identity[]): readonly ACL[] {
    return this.isAllowed(acl, Perm.admin, identities) ? acl : acl.map(withoutHash)
  }

  clientInfos(identities: readonly Identity[]): ClientInfo[] {
    return identities.map(({ scheme, id }) => ({
      authScheme: scheme,
      user: this.#providers.get(scheme)?.userName(id) ?? ''
    }))
  }
}

const INVALID_ACL: FixedAcl = { acl: null, err: ErrorCode.INVALIDACL }
const MARSHALLING_ERROR: FixedAcl = { acl: null, err: ErrorCode.MARSHALLINGERROR }

/** perf: bench/load, create; lists of world:anyone alone are most that come, so that equal ones are the same from here on. */
const OPEN_TO_ALL: readonly FixedAcl[] = Array.from({ length: 32 }, (_, perms) => ({
  acl: Object.freeze([{ perms, id: { scheme: 'world', id: 'anyone' } }]),
  err: ErrorCode.OK
}))

function openToAll(acl: readonly ACL[] | null): FixedAcl | undefined {
  const only = acl?.length === 1 ? acl[0] : undefined
  return only !== undefined && isWorldAnyone(only) ? OPEN_TO_ALL[only.perms] : undefined
}

function isWorldAnyone(entry: ACL): boolean {
  return entry.id.id === 'anyone' && entry.id.scheme === 'world'
}

/** `alice:hash` as `alice:x`. */
function withoutHash(entry: ACL): ACL {
  const { scheme, id } = entry.id
  if (scheme !== 'digest' || id === null) return entry
  const colon = id.indexOf(':')
  return colon < 0 ? entry : { perms: entry.perms, id: { scheme, id: `${id.slice(0, colon)}:x` } }
}
