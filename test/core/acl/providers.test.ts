import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createDigestProvider, digestId } from '../../../src/core/acl/digest-provider.ts'
import { isDistinguishedName } from '../../../src/core/acl/distinguished-name.ts'
import { createEnsembleProvider } from '../../../src/core/acl/ensemble-provider.ts'
import { createSaslProvider } from '../../../src/core/acl/sasl-provider.ts'
import { createX509Provider } from '../../../src/core/acl/x509-provider.ts'
import { createMetrics } from '../../../src/core/metrics.ts'
import type { HashPort } from '../../../src/core/ports.ts'

const hash: HashPort = { digest: (bytes) => createHash('sha1').update(bytes).digest(), crc32: () => 0 }
const context = { remoteAddress: '10.0.0.1', certificateId: null }

describe('the digest scheme', () => {
  // DigestAuthenticationProvider.generateDigest and isValid of 3.9.5
  test.each([
    ['alice:pw', 'alice:V55/p2T0OpjQ+low3NVAH4aLvm0='],
    ['nocolon', 'nocolon:Ra+cHr2ZoHvBjtNArFGNGlVie4g='],
    ['', ':2jmj7l5rSw0yVb/vlWAYkK/YBwk='],
    [':', ':BaefBs8/Z/cm2uaNGKIpD2yaUMk='],
    ['a:b:c', 'a:cLzgnoJ6mP5qz3w+mwvPE2vDgu0=']
  ])('makes of %j the id %s', (text, expected) => {
    expect(digestId(hash, text)).toBe(expected)
  })

  test.each([
    ['a:b', true],
    [':b', true],
    ['a:', false],
    ['a', false],
    ['', false],
    ['a:b:c', false],
    ['a:b:', true],
    ['::b', false],
    [':', false],
    [':b:', true],
    ['a::b', false],
    ['a:b::', true],
    ['::', false]
  ])('takes %j in an ACL: %s', (id, expected) => {
    expect(createDigestProvider(hash, null).isValid(id)).toBe(expected)
  })

  test('hashes what is not UTF-8 as the text that it is read as', () => {
    const ids = createDigestProvider(hash, null).handleAuthentication(Buffer.from([0x61, 0x3a, 0xff]), context)

    expect(ids).toEqual([{ scheme: 'digest', id: digestId(hash, 'a:\uFFFD') }])
  })

  test('refuses an auth packet without bytes', () => {
    expect(createDigestProvider(hash, null).handleAuthentication(null, context)).toBeNull()
  })

  test('adds the super identity before the own one for the configured digest', () => {
    const provider = createDigestProvider(hash, digestId(hash, 'super:admin'))

    expect(provider.handleAuthentication(Buffer.from('super:admin'), context)).toEqual([
      { scheme: 'super', id: '' },
      { scheme: 'digest', id: digestId(hash, 'super:admin') }
    ])
    expect(provider.handleAuthentication(Buffer.from('super:other'), context)).toHaveLength(1)
  })
})

describe('the sasl scheme', () => {
  // SASLAuthenticationProvider.isValid of 3.9.5
  test.each([
    ['bob', true],
    ['bob@R', true],
    ['bob/h@R', true],
    ['bob/h', true],
    ['b/h/x@R', false],
    ['b/h/x', true],
    ['@R', true],
    ['a@b@c', false],
    ['a@', true],
    ['', true],
    ['a@b/c', false],
    ['/', true]
  ])('takes %j in an ACL: %s', (id, expected) => {
    expect(createSaslProvider(null).isValid(id)).toBe(expected)
  })

  test('is never authenticated by an auth packet', () => {
    expect(createSaslProvider(null).handleAuthentication(Buffer.from('bob'), context)).toBeNull()
  })

  test.each([
    { id: 'bob', aclId: 'bob', letAny: null, expected: true },
    { id: 'bob', aclId: 'eve', letAny: null, expected: false },
    { id: 'super', aclId: 'eve', letAny: null, expected: true },
    { id: 'bob', aclId: 'anyone-here', letAny: 'anyone-here', expected: true },
    { id: 'bob', aclId: 'eve', letAny: 'anyone-here', expected: false }
  ])('$id is meant by $aclId with letAnySaslUserDoX=$letAny: $expected', ({ id, aclId, letAny, expected }) => {
    expect(createSaslProvider(letAny).matches(id, aclId)).toBe(expected)
  })
})

describe('the x509 scheme', () => {
  // javax.security.auth.x500.X500Principal of Java 17
  test.each([
    ['', true],
    ['  ', false],
    ['CN=a', true],
    ['cn=a', true],
    ['a', false],
    ['CN=', true],
    ['CN= ', true],
    ['CN=a,O=b', true],
    ['CN=a;O=b', true],
    ['CN=a+O=b', true],
    ['FOO=b', false],
    ['1.2.3=b', true],
    ['OID.1.2.3=b', true],
    ['3.2=b', false],
    ['1.2=b', true],
    ['1=b', false],
    ['CN=a,', false],
    ['CN=a,,O=b', false],
    [',CN=a', false],
    ['CN="a,b"', true],
    ['CN="a', false],
    ['CN=a\\,b', true],
    ['CN=a\\', false],
    ['CN=#0401', false],
    ['CN=#04', false],
    ['CN=#zz', false],
    ['CN=#040', false],
    ['CN=a=b', true],
    ['CN=a<b', false],
    ['CN=a"b', false],
    ['CN=a#b', true],
    ['CN =a', true],
    ['C N=a', false],
    ['CN=a\nO=b', true],
    ['EMAILADDRESS=x@y.z, CN=a b, OU=c, C=DE', true],
    ['dnq=x', true],
    ['title=x', false],
    ['T=x', true],
    ['GENERATION=x', true],
    ['CN=a\\20', true],
    ['CN=\\zz', false],
    ['CN=ü', true],
    ['01.2=b', true],
    ['1.02=b', true],
    ['1.40.3=b', false],
    ['2.999=b', true],
    ['CN=a>b', false],
    ['CN=a;', false],
    ['CN=a+', false],
    ['CN="a"b', false],
    ['S=x', true],
    ['IP=1', true],
    ['DC=ü', true],
    ['C=ü', true]
  ])('takes %j as a name: %s', (name, expected) => {
    expect(isDistinguishedName(name)).toBe(expected)
  })

  test('names the client by its certificate, and refuses without one', () => {
    const provider = createX509Provider('CN=admin')

    expect(provider.handleAuthentication(null, { ...context, certificateId: 'CN=bob' })).toEqual([
      { scheme: 'x509', id: 'CN=bob' }
    ])
    expect(provider.handleAuthentication(null, { ...context, certificateId: 'CN=admin' })).toEqual([
      { scheme: 'super', id: 'CN=admin' },
      { scheme: 'x509', id: 'CN=admin' }
    ])
    expect(provider.handleAuthentication(null, context)).toBeNull()
  })

  test('lets the super user match every id', () => {
    const provider = createX509Provider('CN=admin')

    expect(provider.matches('CN=admin', 'CN=bob')).toBe(true)
    expect(provider.matches('CN=bob', 'CN=admin')).toBe(false)
  })
})

describe('the ensemble scheme', () => {
  test('counts names that are right, wrong, and not looked at', () => {
    const metrics = createMetrics()
    const named = createEnsembleProvider(['one', 'two'], metrics)
    const unnamed = createEnsembleProvider(null, metrics)
    const context = { remoteAddress: '127.0.0.1', certificateId: null }
    for (const name of ['one', 'two', 'three', '']) named.handleAuthentication(Buffer.from(name), context)
    unnamed.handleAuthentication(Buffer.from('one'), context)

    expect(metrics).toMatchObject({
      ensembleAuthSuccess: { value: 2 },
      ensembleAuthFail: { value: 1 },
      ensembleAuthSkip: { value: 2 }
    })
  })

  test.each([
    { names: ['a', 'b'], sent: 'b', expected: [] },
    { names: ['a', 'b'], sent: 'c', expected: 'elsewhere' },
    { names: ['a'], sent: '', expected: [] },
    { names: null, sent: 'c', expected: [] }
  ])('of $names answers $sent with $expected', ({ names, sent, expected }) => {
    expect(createEnsembleProvider(names).handleAuthentication(Buffer.from(sent), context)).toEqual(expected)
  })

  test('is no scheme for ACLs', () => {
    const provider = createEnsembleProvider(['a'])

    expect(provider.isValid('a')).toBe(false)
    expect(provider.matches('a', 'a')).toBe(false)
    expect(provider.isAuthenticated).toBe(false)
  })
})
