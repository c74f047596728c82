import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { filesOf, readKeyStore, readTrustStore } from '../../../src/tls/stores/read-store.ts'
import { TlsConfigError } from '../../../src/tls/tls-config-error.ts'
import { fixture, NO_STORE, storeOf } from '../fixtures.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-stores-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function certificatesOf(pem: string): X509Certificate[] {
  return pem
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((one) => one.includes('BEGIN'))
    .map((one) => new X509Certificate(one))
}

const ca = new X509Certificate(readFileSync(fixture('ca.pem')))

function problemOf(read: () => unknown): string {
  try {
    read()
  } catch (error) {
    if (error instanceof TlsConfigError) return error.message
    throw error
  }
  return 'none'
}

describe('a key store', () => {
  test.each([
    'rsa.pem',
    'rsa-encrypted.pem',
    'rsa.p12',
    'rsa.java.p12',
    'rsa-legacy.p12',
    'rsa.jks',
    'ec.pem',
    'ec-encrypted.pem',
    'ec.p12',
    'ec.java.p12',
    'ec.jks'
  ])('gives its key and the chain, byte for byte: %s', (name) => {
    const own = readFileSync(fixture(`${name.slice(0, name.search(/[-.]/))}.pem`))

    const { key, cert } = readKeyStore(storeOf(name), 'ssl.keyStore')

    expect(cert).toHaveLength(1)
    const chain = certificatesOf(cert[0] ?? '')
    expect(chain.map(({ fingerprint256 }) => fingerprint256)).toEqual([
      new X509Certificate(own).fingerprint256,
      ca.fingerprint256
    ])
    expect(() => createSecureContext({ key, cert })).not.toThrow()
  })

  test('in PEM may have its key in an older form, behind the certificate', () => {
    const { key, cert } = readKeyStore(storeOf('ec-sec1.pem'), 'ssl.keyStore')

    expect(() => createSecureContext({ key, cert })).not.toThrow()
  })

  test('in PEM may have its key encrypted in the older form, with headers', () => {
    const whole = readFileSync(fixture('rsa.pem'), 'utf8')
    const key = createPrivateKey(whole)
    const older = key.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' }) as string
    const location = join(folder, 'older.pem')
    writeFileSync(location, whole.slice(whole.indexOf('-----BEGIN CERTIFICATE')) + older)
    const store = (password: string | null) => storeOf('', { location, password })

    expect(older).toContain('DEK-Info: ')
    const { key: found, cert } = readKeyStore(store('secret'), 'ssl.keyStore')
    expect(() => createSecureContext({ key: found, cert })).not.toThrow()
    expect(problemOf(() => readKeyStore(store('wrong'), 'ssl.keyStore'))).toMatch(/: wrong password, /)
    expect(problemOf(() => readKeyStore(store(null), 'ssl.keyStore'))).toMatch(/encrypted, and there is no password$/)
  })

  test('may hold keys of two kinds', () => {
    const { key, cert } = readKeyStore(storeOf('both.jks'), 'ssl.keyStore')

    expect(cert.map((one) => certificatesOf(one)[0]?.subject).sort()).toEqual([
      'O=Example\nCN=ec.example',
      'O=Example\nCN=rsa.example'
    ])
    expect(() => createSecureContext({ key, cert })).not.toThrow()
  })

  test('with two keys of one kind gives that whose certificate is valid', () => {
    const { key, cert } = readKeyStore(storeOf('two-rsa.jks'), 'ssl.keyStore')

    expect(cert.map((one) => certificatesOf(one)[0]?.subject)).toEqual(['O=Example\nCN=rsa.example'])
    expect(() => createSecureContext({ key, cert })).not.toThrow()
  })

  test('is read by what it is where keytool calls PKCS12 by the other name', () => {
    expect(readKeyStore(storeOf('rsa.java.p12', { type: 'JKS' }), 'ssl.keyStore').key).toHaveLength(1)
    expect(readKeyStore(storeOf('rsa.jks', { type: 'PKCS12' }), 'ssl.keyStore').key).toHaveLength(1)
  })

  test('has its password from a file, which wins and may end in a line break', () => {
    const passwordPath = join(folder, 'password')
    writeFileSync(passwordPath, 'secret\n')
    const store = storeOf('rsa.jks', { password: 'wrong', passwordPath })

    expect(readKeyStore(store, 'ssl.keyStore').key).toHaveLength(1)
    expect(filesOf(store)).toEqual([fixture('rsa.jks'), passwordPath])
  })

  test.each([
    { what: 'none', store: () => NO_STORE, problem: 'ssl.keyStore.location is not set: TLS needs a key store' },
    { what: 'a missing file', store: () => storeOf('gone.pem'), problem: /gone\.pem: there is no such file$/ },
    { what: 'a folder', store: () => storeOf('.', { type: 'PEM' }), problem: /it is a directory$/ },
    { what: 'a wrong password for JKS', store: () => storeOf('rsa.jks', { password: 'x' }), problem: /wrong password/ },
    { what: 'no password for JKS', store: () => storeOf('rsa.jks', { password: null }), problem: /wrong password/ },
    { what: 'a wrong password for PKCS12', store: () => storeOf('rsa.p12', { password: 'x' }), problem: /wrong pass/ },
    {
      what: 'a wrong password for PEM',
      store: () => storeOf('rsa-encrypted.pem', { password: 'x' }),
      problem: /wrong password/
    },
    {
      what: 'no password for an encrypted PEM',
      store: () => storeOf('rsa-encrypted.pem', { password: null }),
      problem: /encrypted, and there is no password/
    },
    {
      what: 'a key with a password of its own',
      store: () => storeOf('own-password.jks'),
      problem: /a key's password is not the store's/
    },
    { what: 'a name without a kind', store: () => storeOf('make.sh'), problem: /set ssl\.keyStore\.type$/ },
    { what: 'the wrong kind', store: () => storeOf('rsa.pem', { type: 'JKS' }), problem: /but looks like PEM$/ },
    { what: 'PEM that is none', store: () => storeOf('rsa.jks', { type: 'PEM' }), problem: /it is not PEM$/ },
    { what: 'BCFKS', store: () => storeOf('rsa.jks', { type: 'BCFKS' }), problem: /BCFKS.*not supported/ },
    { what: 'certificates only', store: () => storeOf('trust.jks'), problem: /it has no private key$/ },
    {
      what: 'a missing password file',
      store: () => storeOf('rsa.jks', { passwordPath: '/gone/password' }),
      problem: 'ssl.keyStore.passwordPath: /gone/password: there is no such file'
    }
  ])('is refused in one line: $what', ({ store, problem }) => {
    const line = problemOf(() => readKeyStore(store(), 'ssl.keyStore'))

    expect(line).toMatch(problem)
    expect(line).not.toContain('\n')
    expect(line).not.toContain('secret')
  })

  test('is refused where its certificate belongs to another key', () => {
    const [key = ''] = readFileSync(fixture('ec.pem'), 'utf8').split('-----BEGIN CERTIFICATE-----')
    const location = join(folder, 'mixed.pem')
    writeFileSync(location, key + readFileSync(fixture('ca.pem'), 'utf8'))

    expect(problemOf(() => readKeyStore(storeOf('', { location }), 'ssl.keyStore'))).toBe(
      `ssl.keyStore.location: ${location}: its first certificate is not that of its private key`
    )
  })

  test.each(['rsa.jks', 'rsa.p12'])('is refused in one line wherever it is cut off: %s', (name) => {
    const whole = readFileSync(fixture(name))
    const location = join(folder, `cut-${name}`)

    for (const length of [0, 3, 5, 30, 100, 700, whole.length - 1]) {
      writeFileSync(location, whole.subarray(0, length))
      const line = problemOf(() => readKeyStore(storeOf('', { location }), 'ssl.keyStore'))
      expect(line).toMatch(/^ssl\.keyStore\.location: .*: .+$/)
    }
  })
})

describe('a trust store', () => {
  test.each([
    { name: 'ca.pem', subjects: ['CN=Test CA'] },
    { name: 'trust-openssl.p12', subjects: ['CN=Test CA'] },
    { name: 'trust.jks', subjects: ['CN=Test CA', 'CN=ec.example'] },
    { name: 'trust.p12', subjects: ['CN=Test CA', 'CN=ec.example'] }
  ])('gives all its certificates: $name', ({ name, subjects }) => {
    const trust = readTrustStore(storeOf(name), 'ssl.trustStore')

    const found = trust?.ca.map((pem) => new X509Certificate(pem)) ?? []
    expect(found.map(({ subject }) => subject.replace('O=Example\n', '')).sort()).toEqual(subjects)
    expect(found.map(({ fingerprint256 }) => fingerprint256)).toContain(ca.fingerprint256)
  })

  test('may be left out', () => {
    expect(readTrustStore(NO_STORE, 'ssl.trustStore')).toBeNull()
  })

  test('does not trust what goes with a key of its own', () => {
    expect(problemOf(() => readTrustStore(storeOf('rsa.p12'), 'ssl.trustStore'))).toMatch(/no certificate to trust$/)
    expect(problemOf(() => readTrustStore(storeOf('rsa.jks'), 'ssl.trustStore'))).toMatch(/no certificate to trust$/)
  })
})
