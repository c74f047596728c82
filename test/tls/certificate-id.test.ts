import { describe, expect, test } from '@jest/globals'
import { type AlternativeName, type CertificateFacts, certificateFacts } from '../../src/tls/certificate.ts'
import { certificateIdBy } from '../../src/tls/certificate-id.ts'

function certificate(...alternativeNames: AlternativeName[]): CertificateFacts {
  const none = Buffer.alloc(0)
  return {
    serialNumber: '01',
    issuer: none,
    subject: none,
    subjectName: 'CN=app',
    commonName: 'app',
    alternativeNames,
    revocationListUrls: [],
    ocspUrls: [],
    publicKeyBits: Buffer.alloc(0)
  }
}

const uri = (value: string): AlternativeName => ({ kind: 6, value })
const dns = (value: string): AlternativeName => ({ kind: 2, value })

describe('the id of a certificate', () => {
  test.each([
    { type: 'subject' as const, names: [uri('urn:app:one')], id: 'CN=app', warnings: 0 },
    { type: 'san' as const, names: [dns('urn:app:dns'), uri('urn:app:one')], id: 'one', warnings: 0 },
    { type: 'san' as const, names: [uri('urn:host:x'), uri('urn:app:two')], id: 'two', warnings: 0 },
    { type: 'san' as const, names: [uri('urn:app:one'), uri('urn:app:two')], id: 'CN=app', warnings: 1 },
    { type: 'san' as const, names: [], id: 'CN=app', warnings: 1 }
  ])('is $id by $type of $names', ({ type, names, id, warnings }) => {
    const warned: string[] = []
    const settings = { type, matchKind: 6, match: /^urn:app:/, extract: /^urn:app:(.+)$/, extractGroup: 1 }

    const found = certificateIdBy(settings, (problem) => warned.push(problem))(certificate(...names))

    expect(found).toBe(id)
    expect(warned).toHaveLength(warnings)
  })
})

/** Of OpenSSL, for a hundred years: names of kinds 4, 8, 6, 0 and 7. */
const MANY_NAMES = Buffer.from(
  [
    'MIIBvzCCAWSgAwIBAgIUXo59XXQyHiJ2gwEFR02bowuU7VAwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFbmFtZXMwIBcNMjYxMTIz',
    'MjAxMzU4WhgPMjEyNjEwMzAyMDEzNThaMBAxDjAMBgNVBAMMBW5hbWVzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAELWFdgfWL',
    '9pHqnkAtYccunr7F16eSiAiYSIL2ZnQ5QbL0QeJiqrDDVQLmhccK4wWPIBLfB1YrEW9S3kc7CgrMgqOBmTCBljB1BgNVHREEbjBs',
    'pDYwNDELMAkGA1UEBhMCREUxEDAOBgNVBAoMB0V4YW1wbGUxEzARBgNVBAMMCmlubmVyLCBvbmWIByqGSIb3DQGGC3VybjphcHA6',
    'b25loAoGAyoDBKADDAF4hxAgAQ24AAAAAAAAAAAAAAABMB0GA1UdDgQWBBSpkndX9my546PkW7lS3fM8WaZOKDAKBggqhkjOPQQD',
    'AgNJADBGAiEA23s7M8K+CZpRUP2wBuy9m/bwQNbWLWCWGH5X15kp1UMCIQDqUs6doQUJ2ItJz1wNfzd/rGwiNg8bsO7cVdWPXehd',
    'PA=='
  ].join(''),
  'base64'
)

describe('an alternative name', () => {
  test('is what getSubjectAlternativeNames() of Java 17 gives, where that is text', () => {
    const names = certificateFacts(MANY_NAMES).alternativeNames.filter(({ kind }) => kind !== 0)

    expect(names).toEqual([
      { kind: 4, value: 'CN=inner\\, one,O=Example,C=DE' },
      { kind: 8, value: '1.2.840.113549.1' },
      { kind: 6, value: 'urn:app:one' },
      { kind: 7, value: '2001:db8:0:0:0:0:0:1' }
    ])
  })

  test.each([
    { matchKind: 4, id: 'CN=inner\\, one,O=Example,C=DE' },
    { matchKind: 8, id: '1.2.840.113549.1' },
    { matchKind: 0, id: 'CN=names' }
  ])('of kind $matchKind makes the id $id', ({ matchKind, id }) => {
    const settings = { type: 'san' as const, matchKind, match: /.*/u, extract: /.*/u, extractGroup: 0 }

    expect(certificateIdBy(settings, () => undefined)(certificateFacts(MANY_NAMES))).toBe(id)
  })
})
