import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createDigestMd5Client } from '../../src/sasl/digest-md5/client.ts'
import { createDigestMd5Server } from '../../src/sasl/digest-md5/server.ts'
import type { ClientExchange, ServerExchange } from '../../src/sasl/exchange.ts'
import { parseJaasConfig } from '../../src/sasl/jaas/jaas-config.ts'
import { JaasError } from '../../src/sasl/jaas/jaas-error.ts'
import { createGssapiServer } from '../../src/sasl/kerberos/server.ts'
import { nodeSaslHashes as hashes } from '../../src/sasl/node/hashes.ts'
import { nodeKerberosCiphers as ciphers } from '../../src/sasl/node/kerberos-ciphers.ts'
import { createScramClient } from '../../src/sasl/scram/client.ts'
import { createScramServer } from '../../src/sasl/scram/server.ts'

const SERVERS: Readonly<Record<string, () => ServerExchange>> = {
  'DIGEST-MD5': () =>
    createDigestMd5Server({ hashes, protocol: 'p', serverName: 's', nonce: 'n', passwordOf: () => 'pw' }),
  'SCRAM-SHA-256': () =>
    createScramServer({
      hashes,
      nonce: 'n',
      decoySecret: Buffer.from('x'),
      decoyIterations: 4096,
      verifierOf: () => null
    }),
  GSSAPI: () => createGssapiServer({ ciphers, keys: [], nowMs: () => 0, isNew: () => true })
}
const CLIENTS: Readonly<Record<string, () => ClientExchange>> = {
  'DIGEST-MD5': () =>
    createDigestMd5Client({ hashes, username: 'u', password: 'p', protocol: 'p', serverName: 's', cnonce: 'c' }),
  'SCRAM-SHA-256': () => createScramClient({ hashes, username: 'u', password: 'p', nonce: 'n' })
}

/** Bytes, and texts of the signs that the mechanisms' grammars are made of. */
const token = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'username',
          'realm',
          'nonce',
          'n',
          'r',
          's',
          'i',
          'c',
          'p',
          '=',
          ',',
          '"',
          '\\',
          ' ',
          'x',
          '4096',
          'n,,',
          '%'
        ]
      ),
      { maxLength: 60 }
    )
    .map((parts) => Buffer.from(parts.join(''))),
  fc
    .uint8Array({ maxLength: 100 })
    .map((rest) => Buffer.concat([Buffer.from('600e06092a864886f7120102020100', 'hex'), rest]))
)

describe('whatever is said', () => {
  test.each(Object.entries(SERVERS))('a server of %s asks on or refuses, and lets nobody in', (_, begin) => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 4 }), (tokens) => {
        const exchange = begin()
        const kinds = tokens.map((one) => exchange.evaluate(one).kind)
        expect(kinds).not.toContain('complete')
      })
    )
  })

  test.each(Object.entries(CLIENTS))('a client of %s answers or refuses, and believes nobody', (_, begin) => {
    fc.assert(
      fc.property(fc.array(token, { maxLength: 3 }), (tokens) => {
        const exchange = begin()
        const kinds = tokens.map((one) => exchange.evaluate(one).kind)
        expect(kinds).not.toContain('complete')
      })
    )
  })

  test('a JAAS file is read or refused with a line', () => {
    const piece = fc.constantFrom(
      ...[
        'Server',
        '{',
        '}',
        ';',
        '=',
        '"',
        '\\',
        '/*',
        '*/',
        '//',
        '#',
        '\n',
        ' ',
        'required',
        'user_a',
        '${',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the file's own
        '${/}',
        'x'
      ]
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        try {
          parseJaasConfig(pieces.join(' '))
        } catch (error) {
          expect(error).toBeInstanceOf(JaasError)
          expect((error as JaasError).line).toBeGreaterThan(0)
        }
      })
    )
  })
})
