import { createSecureContext } from 'node:tls'
import { describe, expect, test } from '@jest/globals'
import { ciphersOf, openSslNameOf } from '../../src/tls/cipher-suites.ts'
import { protocolsOf } from '../../src/tls/protocols.ts'

describe("Java's name of a cipher suite", () => {
  test.each([
    ['TLS_AES_256_GCM_SHA384', 'TLS_AES_256_GCM_SHA384'],
    ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_CHACHA20_POLY1305_SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ECDHE-ECDSA-AES256-SHA384'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
    ['TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'DHE-RSA-AES128-GCM-SHA256'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 'AES128-SHA'],
    ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'AES256-GCM-SHA384'],
    ['TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ECDHE-ECDSA-AES128-CCM8'],
    ['SSL_RSA_WITH_3DES_EDE_CBC_SHA', 'DES-CBC3-SHA'],
    ['ECDHE-RSA-AES128-GCM-SHA256', null]
  ])('%s is %s', (java, openSsl) => {
    expect(openSslNameOf(java)).toBe(openSsl)
  })

  test('is known for all that are taken by default, and for a list with the signal of renegotiation', () => {
    expect(() => createSecureContext({ ciphers: ciphersOf(null, 'ssl.ciphersuites') })).not.toThrow()
    expect(ciphersOf(null, 'ssl.ciphersuites').split(':')).toHaveLength(15)
    expect(ciphersOf(['TLS_EMPTY_RENEGOTIATION_INFO_SCSV', 'TLS_AES_128_GCM_SHA256'], 'ssl.ciphersuites')).toBe(
      'TLS_AES_128_GCM_SHA256'
    )
  })

  test.each([{ suites: ['TLS_NO_SUCH'] }, { suites: ['SSL_RSA_WITH_RC4_128_MD5'] }])(
    'is refused: $suites',
    ({ suites }) => {
      expect(() => ciphersOf(suites, 'ssl.ciphersuites')).toThrow(
        `ssl.ciphersuites: there is no cipher suite ${suites[0]}`
      )
    }
  )
})

describe('protocols', () => {
  test.each([
    { protocol: null, enabledProtocols: null, versions: ['TLSv1.2', 'TLSv1.3'] },
    { protocol: 'TLSv1.2', enabledProtocols: null, versions: ['TLSv1.2', 'TLSv1.2'] },
    { protocol: 'TLSv1.2', enabledProtocols: ['TLSv1.3', 'TLSv1.2', 'TLSv1.1'], versions: ['TLSv1.2', 'TLSv1.3'] },
    { protocol: null, enabledProtocols: ['TLSv1.3'], versions: ['TLSv1.3', 'TLSv1.3'] }
  ])('$protocol and $enabledProtocols are $versions', ({ versions, ...given }) => {
    expect(Object.values(protocolsOf(given, 'ssl'))).toEqual(versions)
  })

  test('that nobody speaks any more are refused', () => {
    expect(() => protocolsOf({ protocol: null, enabledProtocols: ['TLSv1.1'] }, 'ssl')).toThrow(
      'ssl.enabledProtocols: TLSv1.1 is not spoken any more'
    )
    expect(() => protocolsOf({ protocol: 'SSLv3', enabledProtocols: null }, 'ssl.quorum')).toThrow(
      'ssl.quorum.protocol'
    )
  })
})
