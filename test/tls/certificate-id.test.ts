import { describe, expect, test } from '@jest/globals'
import type { AlternativeName, CertificateFacts } from '../../src/tls/certificate.ts'
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
