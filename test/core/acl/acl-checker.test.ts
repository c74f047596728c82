import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { addIdentities, createAclChecker } from '../../../src/core/acl/acl-checker.ts'
import type { AuthenticationProvider, Identity } from '../../../src/core/acl/authentication-provider.ts'
import { configuredProviders } from '../../../src/core/acl/configured-providers.ts'
import type { HashPort } from '../../../src/core/ports.ts'
import type { ACL } from '../../../src/protocol/generated/data.ts'
import { Perm } from '../../../src/protocol/op-code.ts'

const hash: HashPort = { digest: (bytes) => createHash('sha1').update(bytes).digest(), crc32: () => 0 }
const settings = {
  digestEnabled: true,
  superDigest: null,
  x509Enabled: false,
  x509IdsAreSubjects: true,
  x509SuperUser: null,
  saslEnabled: true,
  letAnySaslUserDoX: null,
  ensembleEnabled: false,
  ensembleNames: null
}
const checker = createAclChecker({ providers: configuredProviders(settings, hash), skipAcl: false })
const context = { remoteAddress: '127.0.0.1', certificateId: null }

const INVALIDACL = -114
const MARSHALLINGERROR = -5

/** `scheme:id:perms`, `null` in the place of a null text. */
function entry(text: string): ACL {
  const first = text.indexOf(':')
  const last = text.lastIndexOf(':')
  const part = (value: string): string | null => (value === 'null' ? null : value)
  return {
    perms: Number(text.slice(last + 1)),
    id: { scheme: part(text.slice(0, first)), id: part(text.slice(first + 1, last)) }
  }
}

function texts(acl: readonly ACL[] | null): string[] | null {
  return acl === null ? null : acl.map(({ perms, id }) => `${id.scheme}:${id.id}:${perms}`)
}

function identity(text: string): Identity {
  const [scheme = '', ...rest] = text.split(':')
  return { scheme, id: rest.join(':') }
}

const IP = identity('ip:127.0.0.1')
const ALICE = identity('digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=')
const BOB = identity('digest:bob:ikIaKsbtGweaHnb/jKn7OHqbunM=')

describe('a permission', () => {
  test.each([
    { acl: [], ids: [], perm: Perm.read, allowed: true, why: 'the list is empty' },
    { acl: ['world:anyone:31'], ids: [], perm: Perm.admin, allowed: true, why: 'anyone may do anything' },
    { acl: ['world:anyone:1'], ids: [IP], perm: Perm.write, allowed: false, why: 'anyone may only read' },
    {
      acl: ['world:anyone:1'],
      ids: [IP],
      perm: Perm.read | Perm.admin,
      allowed: true,
      why: 'one of the bits suffices'
    },
    { acl: ['world:nobody:31'], ids: [IP], perm: Perm.read, allowed: false, why: 'only anyone is the world' },
    { acl: ['ip:127.0.0.0/8:2'], ids: [IP], perm: Perm.write, allowed: true, why: 'the address is in the range' },
    { acl: ['ip:10.0.0.0/8:2'], ids: [IP], perm: Perm.write, allowed: false, why: 'the address is not in the range' },
    {
      acl: ['digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:31'],
      ids: [IP, ALICE],
      perm: Perm.admin,
      allowed: true,
      why: 'she is alice'
    },
    {
      acl: ['digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:31'],
      ids: [IP, BOB],
      perm: Perm.read,
      allowed: false,
      why: 'he is not alice'
    },
    {
      acl: ['digest:alice:x:31'],
      ids: [identity('sasl:alice:x')],
      perm: Perm.read,
      allowed: false,
      why: 'the scheme differs'
    },
    {
      acl: ['digest:alice:x:31'],
      ids: [identity('super:')],
      perm: Perm.admin,
      allowed: true,
      why: 'super may do anything'
    },
    {
      acl: ['x509:CN=a:31'],
      ids: [identity('x509:CN=a')],
      perm: Perm.read,
      allowed: false,
      why: 'the scheme has no provider'
    },
    { acl: ['world:anyone:0'], ids: [IP], perm: Perm.read, allowed: false, why: 'the entry grants nothing' },
    { acl: ['null:null:31', 'ip:null:31'], ids: [IP], perm: Perm.read, allowed: false, why: 'null texts match nobody' },
    {
      acl: ['world:anyone:1', 'ip:127.0.0.1:2'],
      ids: [IP],
      perm: Perm.write,
      allowed: true,
      why: 'a later entry grants it'
    }
  ])('$perm under $acl is allowed: $allowed, as $why', ({ acl, ids, perm, allowed }) => {
    expect(checker.isAllowed(acl.map(entry), perm, ids)).toBe(allowed)
  })

  test('is not looked at where ACLs are skipped', () => {
    const skipping = createAclChecker({ providers: [], skipAcl: true })

    expect(skipping.isAllowed([entry('world:anyone:1')], Perm.admin, [])).toBe(true)
  })
})

describe('the list of a create or setACL', () => {
  const ids = [IP, ALICE, BOB]

  test.each([
    { acl: null, ids, stored: INVALIDACL },
    { acl: [], ids, stored: INVALIDACL },
    { acl: ['world:anyone:31'], ids: [], stored: ['world:anyone:31'] },
    { acl: ['world:anyone:31', 'world:anyone:31', 'digest:a:b:1'], ids, stored: ['world:anyone:31', 'digest:a:b:1'] },
    { acl: ['world:anyone:31', 'world:anyone:1'], ids, stored: ['world:anyone:31', 'world:anyone:1'] },
    { acl: ['world:nobody:31'], ids, stored: INVALIDACL },
    { acl: ['world:null:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['null:null:31'], ids, stored: INVALIDACL },
    { acl: ['::31'], ids, stored: INVALIDACL },
    { acl: ['super::31'], ids, stored: INVALIDACL },
    { acl: ['super:null:31'], ids, stored: INVALIDACL },
    { acl: ['World:anyone:31'], ids, stored: INVALIDACL },
    { acl: ['digest:nocolon:31'], ids, stored: INVALIDACL },
    { acl: ['digest:null:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['ip:10.0.0.0/8:31'], ids, stored: ['ip:10.0.0.0/8:31'] },
    { acl: ['ip:10.0.0.0/33:31'], ids, stored: INVALIDACL },
    { acl: ['ip:null:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['x509:CN=a:31'], ids, stored: INVALIDACL },
    { acl: ['sasl:bob:31'], ids, stored: ['sasl:bob:31'] },
    { acl: ['world:anyone:-1'], ids, stored: ['world:anyone:-1'] },
    { acl: ['auth::31'], ids: [IP], stored: INVALIDACL },
    { acl: ['auth::31'], ids: [IP, identity('super:')], stored: INVALIDACL },
    {
      acl: ['auth:null:9'],
      ids,
      stored: ['digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:9', 'digest:bob:ikIaKsbtGweaHnb/jKn7OHqbunM=:9']
    },
    {
      acl: ['world:anyone:1', 'auth:x:2'],
      ids: [ALICE],
      stored: ['world:anyone:1', 'digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:2']
    },
    { acl: ['auth:null:31', 'auth:null:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['null:a:31', 'null:a:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['ip:1.1.1.1:31', 'ip:null:31'], ids, stored: MARSHALLINGERROR },
    { acl: ['ip:1.1.1.1:31', 'ip:1.1.1.2:31'], ids, stored: ['ip:1.1.1.1:31', 'ip:1.1.1.2:31'] },
    { acl: ['ip:1.1.1.1:31', 'sasl:1.1.1.1:31'], ids, stored: ['ip:1.1.1.1:31', 'sasl:1.1.1.1:31'] },
    {
      acl: ['auth:null:31', 'auth:null:1'],
      ids: [ALICE],
      stored: ['digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:31', 'digest:alice:V55/p2T0OpjQ+low3NVAH4aLvm0=:1']
    }
  ])('$acl is stored as $stored', ({ acl, ids: identities, stored }) => {
    const fixed = checker.fixup(acl === null ? null : acl.map(entry), identities)

    expect(fixed.acl === null ? fixed.err : texts(fixed.acl)).toEqual(stored)
  })
})

describe('the list that getACL shows', () => {
  const acl = ['world:anyone:1', 'digest:alice:secret:31', 'ip:1.2.3.4:2', 'digest:nocolon:1'].map(entry)

  test('has no hashes for those who may not administer the node', () => {
    expect(texts(checker.visibleAcl(acl, [IP]))).toEqual([
      'world:anyone:1',
      'digest:alice:x:31',
      'ip:1.2.3.4:2',
      'digest:nocolon:1'
    ])
  })

  test('is whole for those who may', () => {
    expect(checker.visibleAcl(acl, [identity('digest:alice:secret')])).toBe(acl)
  })
})

describe('an auth packet', () => {
  test.each([
    { scheme: null, expected: null },
    { scheme: 'world', expected: null },
    { scheme: 'super', expected: null },
    { scheme: 'nope', expected: null },
    { scheme: 'x509', expected: null },
    { scheme: 'sasl', expected: null },
    { scheme: 'ip', expected: [IP] },
    { scheme: 'digest', expected: [ALICE] }
  ])('of scheme $scheme adds $expected', ({ scheme, expected }) => {
    expect(checker.authenticate(scheme, Buffer.from('alice:pw'), context)).toEqual(expected)
  })

  test('adds to a set', () => {
    const first = addIdentities(checker.initialIdentities(context), [ALICE])

    expect(first).toEqual([IP, ALICE])
    expect(addIdentities(first, [{ ...ALICE }])).toBe(first)
    expect(addIdentities(first, [BOB, { ...BOB }])).toEqual([IP, ALICE, BOB])
  })
})

test('whoAmI shows the user of a digest, the id of others, and nothing of super', () => {
  expect(checker.clientInfos([IP, ALICE, identity('super:'), identity('sasl:bob')])).toEqual([
    { authScheme: 'ip', user: '127.0.0.1' },
    { authScheme: 'digest', user: 'alice' },
    { authScheme: 'super', user: '' },
    { authScheme: 'sasl', user: 'bob' }
  ])
})

describe("a provider of one's own", () => {
  const even: AuthenticationProvider = {
    scheme: 'even',
    isAuthenticated: true,
    handleAuthentication: (auth) =>
      auth === null || auth.length % 2 !== 0 ? null : [{ scheme: 'even', id: String(auth.length) }],
    matches: (id, aclId) => Number(id) >= Number(aclId),
    isValid: (aclId) => /^\d+$/.test(aclId),
    userName: (id) => `even ${id}`
  }
  const own = createAclChecker({ providers: [...configuredProviders(settings, hash), even], skipAcl: false })

  test('takes part in everything', () => {
    const ids = own.authenticate('even', Buffer.from('1234'), context)

    expect(ids).toEqual([{ scheme: 'even', id: '4' }])
    expect(own.authenticate('even', Buffer.from('123'), context)).toBeNull()
    expect(own.isAllowed([entry('even:4:1')], Perm.read, [identity('even:4')])).toBe(true)
    expect(own.isAllowed([entry('even:6:1')], Perm.read, [identity('even:4')])).toBe(false)
    expect(texts(own.fixup([entry('auth::1'), entry('even:2:2')], [identity('even:4')]).acl)).toEqual([
      'even:4:1',
      'even:2:2'
    ])
    expect(own.fixup([entry('even:x:2')], []).err).toBe(INVALIDACL)
    expect(own.clientInfos([identity('even:4')])).toEqual([{ authScheme: 'even', user: 'even 4' }])
  })

  test('replaces a built-in one of its scheme', () => {
    const replaced = createAclChecker({
      providers: [...configuredProviders(settings, hash), { ...even, scheme: 'ip' }],
      skipAcl: false
    })

    expect(replaced.authenticate('ip', Buffer.from('12'), context)).toEqual([{ scheme: 'even', id: '2' }])
  })

  test.each(['world', 'auth', 'super'])('cannot have the scheme %s', (scheme) => {
    expect(() => createAclChecker({ providers: [{ ...even, scheme }], skipAcl: false })).toThrow(scheme)
  })
})

test.each([
  { off: 'digestEnabled', scheme: 'digest' },
  { off: 'saslEnabled', scheme: 'sasl' }
])('without $off there is no scheme $scheme', ({ off, scheme }) => {
  const schemes = configuredProviders({ ...settings, [off]: false }, hash).map((provider) => provider.scheme)

  expect(schemes).not.toContain(scheme)
  expect(schemes).toContain('ip')
})

test('all schemes are there when all are on', () => {
  const all = configuredProviders({ ...settings, x509Enabled: true, ensembleEnabled: true }, hash)

  expect(all.map((provider) => provider.scheme)).toEqual(['ip', 'digest', 'x509', 'sasl', 'ensemble'])
})
