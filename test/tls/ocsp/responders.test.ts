import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type CertificateFacts, certificateFacts } from '../../../src/tls/certificate.ts'
import { certificateIdOf, encodeOcspRequest } from '../../../src/tls/ocsp/request.ts'
import { goodAnswer, OcspResponders } from '../../../src/tls/ocsp/responders.ts'
import { readOcspResponse } from '../../../src/tls/ocsp/response.ts'
import { RevokingAuthorities } from '../revoking-authorities.ts'

let folder: string
let authorities: RevokingAuthorities
let http: Server
/** Who signs what the responder answers. */
let signer = 'ca'
let extra: readonly string[] = ['-ndays', '1']
let asked = 0

const file = (name: string): string => authorities.file(name)

/** OpenSSL makes the answers; /down breaks off, /refuses and /nonsense answer something else. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-ocsp-'))
  authorities = new RevokingAuthorities(folder)
  http = createServer((request, response) => {
    asked++
    if (request.url === '/down') return request.socket.destroy()
    const body: Buffer[] = []
    request.on('data', (piece) => body.push(piece))
    request.on('end', () => {
      if (request.url === '/refuses') return response.end(Buffer.from('30030a0106', 'hex'))
      if (request.url === '/nonsense') return response.end('<html>')
      response.end(answerTo(Buffer.concat(body)))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  authorities.add('ca')
  authorities.add('other')
  const by = (path: string): string => `authorityInfoAccess=OCSP;URI:http://127.0.0.1:${port}${path}`
  authorities.issue('ca', 'good', by('/'))
  authorities.issue('ca', 'revoked', by('/'))
  authorities.issue('ca', 'down', by('/down'))
  authorities.issue('ca', 'refused', by('/refuses'))
  authorities.issue('ca', 'nonsense', by('/nonsense'))
  authorities.issue('ca', 'silent', 'basicConstraints=CA:FALSE')
  authorities.issue('ca', 'delegate', 'extendedKeyUsage=OCSPSigning')
  authorities.issue('ca', 'impostor', 'extendedKeyUsage=clientAuth')
  authorities.issue('other', 'foreign', 'extendedKeyUsage=OCSPSigning')
  authorities.as('ca', '-revoke', file('revoked.crt'))
  authorities.issue('ca', 'unknown', by('/'))
  // The responder has never heard of the last one.
  const index = readFileSync(file('ca.index'), 'utf8').split('\n')
  writeFileSync(file('ca.index'), index.filter((line) => !line.endsWith('CN=unknown')).join('\n'))
}, 300_000)

beforeEach(() => {
  signer = 'ca'
  extra = ['-ndays', '1']
  asked = 0
})

afterAll(() => {
  http.close()
  rmSync(folder, { recursive: true })
})

function answerTo(request: Buffer): Buffer {
  writeFileSync(file('request.der'), request)
  const paths = ['-reqin', file('request.der'), '-respout', file('response.der')]
  const who = ['-CA', file('ca.crt'), '-rsigner', file(`${signer}.crt`), '-rkey', file(`${signer}.key`)]
  authorities.openssl('ocsp', '-index', file('ca.index'), ...who, ...paths, ...extra)
  return readFileSync(file('response.der'))
}

function certificate(name: string): X509Certificate {
  return new X509Certificate(readFileSync(file(`${name}.crt`)))
}

function factsOf(name: string): CertificateFacts {
  return certificateFacts(certificate(name).raw)
}

/** Patient: the responder of this test works in the same process. */
function newResponders(): OcspResponders {
  return new OcspResponders(60_000)
}

function statusOf(name: string, stapled: Buffer | null = null, responders = newResponders()) {
  return responders.statusOf(factsOf(name), factsOf('ca'), certificate('ca'), stapled)
}

function idOf(name: string) {
  return certificateIdOf(factsOf(name), factsOf('ca'))
}

describe('a certificate whose responder is asked', () => {
  test.each(['good', 'revoked'])('is %s', async (name) => {
    expect(await statusOf(name)).toEqual({ kind: name })
  })

  test.each([
    { name: 'unknown', why: /: it does not know the certificate$/ },
    { name: 'down', why: /\/down: / },
    { name: 'refused', why: /\/refuses: it does not answer for this authority, or this server$/ },
    { name: 'nonsense', why: /\/nonsense: / },
    { name: 'silent', why: /^it names no responder$/ }
  ])('is not told of: $name', async ({ name, why }) => {
    expect(await statusOf(name)).toEqual({ kind: 'untold', why: expect.stringMatching(why) })
  })

  test('is asked about once, whoever asks meanwhile', async () => {
    const responders = newResponders()

    const both = await Promise.all([statusOf('good', null, responders), statusOf('good', null, responders)])
    const later = await statusOf('good', null, responders)

    expect([...both, later]).toEqual(Array.from({ length: 3 }, () => ({ kind: 'good' })))
    expect(asked).toBe(1)
  })

  test('is asked about again where nobody answered', async () => {
    const responders = newResponders()

    await statusOf('refused', null, responders)
    await statusOf('refused', null, responders)

    expect(asked).toBe(2)
  })
})

describe('an answer', () => {
  test('may be signed by one whom the issuer has entitled', async () => {
    signer = 'delegate'

    expect(await statusOf('good')).toEqual({ kind: 'good' })
    expect(await statusOf('revoked')).toEqual({ kind: 'revoked' })
  })

  test.each(['impostor', 'foreign', 'other'])('signed by somebody else is not believed: %s', async (who) => {
    signer = who

    const status = await statusOf('good')

    expect(status).toEqual({
      kind: 'untold',
      why: expect.stringMatching(/is not signed by the issuer, or whom he has entitled$/)
    })
  })

  test('is worth nothing before its time and after', () => {
    const bytes = answerTo(encodeOcspRequest(idOf('good')))
    const at = (hours: number) => () =>
      goodAnswer(bytes, idOf('good'), certificate('ca'), Date.now() + hours * 3_600_000)

    expect(at(-1)).toThrow('out of date')
    expect(at(0)()).toMatchObject({ status: 'good' })
    expect(at(24)()).toMatchObject({ status: 'good' })
    expect(at(25)).toThrow('out of date')
  })

  test('that names no end is good for a quarter of an hour', () => {
    extra = []
    const bytes = answerTo(encodeOcspRequest(idOf('good')))
    const at = (minutes: number) => () =>
      goodAnswer(bytes, idOf('good'), certificate('ca'), Date.now() + minutes * 60_000)

    expect(at(14)()).toMatchObject({ nextUpdateMs: null })
    expect(at(16)).toThrow('out of date')
  })

  test('on another certificate is none', () => {
    const bytes = answerTo(encodeOcspRequest(idOf('good')))

    expect(() => goodAnswer(bytes, idOf('revoked'), certificate('ca'))).toThrow('answers for other certificates')
  })

  test('is refused wherever it is cut off, and with any bit of it changed', () => {
    const bytes = answerTo(encodeOcspRequest(idOf('good')))
    const { signed } = readOcspResponse(bytes)
    const start = bytes.indexOf(signed)

    for (let length = 0; length < bytes.length; length += 3) {
      expect(() => goodAnswer(bytes.subarray(0, length), idOf('good'), certificate('ca'))).toThrow()
    }
    for (let at = start; at < start + signed.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => goodAnswer(changed, idOf('good'), certificate('ca'))).toThrow()
    }
  })
})

describe('an answer that came with the certificate', () => {
  test('counts, and nobody is asked', async () => {
    const stapled = answerTo(encodeOcspRequest(idOf('revoked')))

    expect(await statusOf('revoked', stapled)).toEqual({ kind: 'revoked' })
    expect(asked).toBe(0)
  })

  test('is checked as any other', async () => {
    signer = 'other'
    const stapled = answerTo(encodeOcspRequest(idOf('good')))

    expect(await statusOf('good', stapled)).toEqual({
      kind: 'untold',
      why: expect.stringMatching(/^what came with it: its answer is not signed by/)
    })
  })
})
