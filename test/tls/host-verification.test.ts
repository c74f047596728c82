import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { type CertificateFacts, certificateFacts } from '../../src/tls/certificate.ts'
import { hostProblem } from '../../src/tls/host-verification.ts'
import { fixture } from './fixtures.ts'

function factsOf(
  commonName: string | null,
  names: readonly (readonly [kind: number, value: string])[]
): CertificateFacts {
  const none = Buffer.alloc(0)
  const alternativeNames = names.map(([kind, value]) => ({ kind, value }))
  return {
    serialNumber: '01',
    issuer: none,
    subject: none,
    subjectName: '',
    commonName,
    alternativeNames,
    revocationListUrls: [],
    ocspUrls: [],
    publicKeyBits: Buffer.alloc(0)
  }
}

const DNS = 2
const ADDRESS = 7

describe('a certificate is for a host', () => {
  test.each([
    { host: 'a.example', certificate: factsOf(null, [[DNS, 'A.Example']]), isFor: true },
    { host: 'b.example', certificate: factsOf(null, [[DNS, 'a.example']]), isFor: false },
    { host: 'a.example', certificate: factsOf(null, [[DNS, '*.example']]), isFor: true },
    { host: 'zk-1.example', certificate: factsOf(null, [[DNS, 'zk-*.example']]), isFor: true },
    { host: 'a.b.example', certificate: factsOf(null, [[DNS, '*.example']]), isFor: false },
    { host: '.example', certificate: factsOf(null, [[DNS, 'x*.example']]), isFor: false },
    { host: '127.0.0.1', certificate: factsOf(null, [[ADDRESS, '127.0.0.1']]), isFor: true },
    { host: '127.0.0.1', certificate: factsOf(null, [[DNS, '127.0.0.1']]), isFor: false },
    { host: '::1', certificate: factsOf(null, [[ADDRESS, '0:0:0:0:0:0:0:1']]), isFor: true },
    { host: '::2', certificate: factsOf(null, [[ADDRESS, '0:0:0:0:0:0:0:1']]), isFor: false },
    { host: 'a.example', certificate: factsOf('a.example', []), isFor: true },
    { host: 'a.example', certificate: factsOf('a.example', [[1, 'joe@example']]), isFor: true },
    { host: 'a.example', certificate: factsOf('a.example', [[DNS, 'b.example']]), isFor: false },
    { host: '10.0.0.1', certificate: factsOf('10.0.0.1', []), isFor: true },
    { host: 'a.example', certificate: factsOf(null, []), isFor: false }
  ])('$host: $isFor by $certificate.alternativeNames, $certificate.commonName', ({ host, certificate, isFor }) => {
    expect(hostProblem(certificate, host) === null).toBe(isFor)
  })

  test('or the problem says for whom it is', () => {
    expect(hostProblem(factsOf(null, [[DNS, 'a.example']]), 'b.example')).toBe(
      'its certificate is not for b.example (but for a.example)'
    )
  })
})

describe('a certificate taken apart', () => {
  const { raw } = new X509Certificate(readFileSync(fixture('rsa.pem')))

  test('says what it says', () => {
    const facts = certificateFacts(raw)

    expect(facts.subjectName).toBe('CN=rsa.example,O=Example')
    expect(facts.commonName).toBe('rsa.example')
    expect(facts.alternativeNames).toEqual([
      { kind: DNS, value: 'rsa.example' },
      { kind: ADDRESS, value: '127.0.0.1' }
    ])
    expect(facts.serialNumber.toUpperCase()).toContain(new X509Certificate(raw).serialNumber)
  })

  test('is refused wherever it is cut off', () => {
    for (let length = 0; length < raw.length; length += 7) {
      expect(() => certificateFacts(raw.subarray(0, length))).toThrow()
    }
  })
})
