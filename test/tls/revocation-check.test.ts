import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { RevocationCheck, type StaplingOptions } from '../../src/tls/revocation-check.ts'
import { readRevocationList } from '../../src/tls/revocation-list.ts'
import { isSignedBy } from '../../src/tls/signed.ts'
import { RevokingAuthorities } from './revoking-authorities.ts'

let folder: string
let authorities: RevokingAuthorities
let http: Server
/** What is served at each path; 404 without. */
const served = new Map<string, Buffer>()
let downloads = 0
const closers: (() => void)[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-crl-'))
  authorities = new RevokingAuthorities(folder)
  http = createServer((request, response) => {
    downloads++
    const bytes = served.get(request.url ?? '')
    response.statusCode = bytes === undefined ? 404 : 200
    response.end(bytes)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  authorities.add('ca')
  authorities.add('other')
  for (const [name, path] of Object.entries({
    good: '/ca',
    bad: '/ca',
    lost: '/gone',
    foreign: '/other',
    old: '/old'
  })) {
    authorities.issue('ca', name, `crlDistributionPoints=URI:http://127.0.0.1:${port}${path}`)
  }
  authorities.issue('ca', 'silent', 'basicConstraints=CA:FALSE')
  authorities.as('ca', '-revoke', file('bad.crt'))
  served.set('/ca', list('ca'))
  served.set('/other', list('other'))
  served.set('/old', list('ca', ['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200102000000Z']))
}, 300_000)

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

afterAll(() => {
  http.close()
  rmSync(folder, { recursive: true })
})

function file(name: string): string {
  return authorities.file(name)
}

function list(name: string, dates: readonly string[] = ['-crldays', '2']): Buffer {
  authorities.as(name, '-gencrl', ...dates, '-out', file(`${name}.crl`))
  authorities.openssl('crl', '-in', file(`${name}.crl`), '-outform', 'DER', '-out', file(`${name}.crl.der`))
  return readFileSync(file(`${name}.crl.der`))
}

/** The server's end of a connection on which the client has shown a certificate. */
function shown(name: string): Promise<TLSSocket> {
  const read = (end: string): Buffer => readFileSync(file(`${name}.${end}`))
  const options = { key: read('key'), cert: read('crt'), ca: readFileSync(file('ca.crt')) }
  return new Promise((resolve, reject) => {
    const server = createTlsServer({ ...options, requestCert: true }, (socket) => {
      socket.on('error', () => undefined)
      resolve(socket)
    })
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const client = connect({ ...options, host: '127.0.0.1', port, checkServerIdentity: () => undefined })
      client.on('error', reject)
      closers.push(
        () => client.destroy(),
        () => server.close()
      )
    })
  })
}

describe('a certificate looked up in revocation lists', () => {
  test('passes where the list of its issuer does not have it, and the list is downloaded once', async () => {
    const check = new RevocationCheck(() => [])
    downloads = 0

    expect(await check.problemOf(await shown('good'))).toBeNull()
    expect(await check.problemOf(await shown('good'))).toBeNull()

    expect(downloads).toBe(1)
  })

  test.each([
    { name: 'bad', problem: /^it is revoked$/ },
    { name: 'lost', problem: /for want of a revocation list \(http:.*\/gone: HTTP status 404\)$/ },
    { name: 'foreign', problem: /\/other is out of date, or not of its issuer\)$/ },
    { name: 'old', problem: /\/old is out of date, or not of its issuer\)$/ },
    { name: 'silent', problem: /it names none by HTTP, and the trust store has none\)$/ }
  ])('is refused: $name', async ({ name, problem }) => {
    expect(await new RevocationCheck(() => []).problemOf(await shown(name))).toMatch(problem)
  })

  test('is looked up in the lists of the trust store first', async () => {
    const own = new RevocationCheck(() => [
      served.get('/other') ?? Buffer.alloc(0),
      served.get('/ca') ?? Buffer.alloc(0)
    ])
    downloads = 0

    expect(await own.problemOf(await shown('silent'))).toBeNull()
    expect(await own.problemOf(await shown('bad'))).toBe('it is revoked')

    expect(downloads).toBe(0)
  })

  test('is refused while its list cannot be had, and passes once it can', async () => {
    const check = new RevocationCheck(() => [])
    expect(await check.problemOf(await shown('lost'))).toMatch(/404/)

    served.set('/gone', served.get('/ca') ?? Buffer.alloc(0))

    expect(await check.problemOf(await shown('lost'))).toBeNull()
  })
})

describe('a certificate whose status is asked of responders', () => {
  const byOcsp = (): RevocationCheck => new RevocationCheck(() => [], { ocsp: true })

  test('is looked up in lists where it names none', async () => {
    expect(await byOcsp().problemOf(await shown('good'))).toBeNull()
    expect(await byOcsp().problemOf(await shown('bad'))).toBe('it is revoked')
  })

  test('is looked up in lists where it does not answer', async () => {
    authorities.issue(
      'ca',
      'unanswered',
      `crlDistributionPoints=URI:${address('/ca')}`,
      `authorityInfoAccess=OCSP;URI:${address('/none')}`
    )

    expect(await byOcsp().problemOf(await shown('unanswered'))).toBeNull()
  })

  test('is refused where neither tells, in one line', async () => {
    authorities.issue('ca', 'untold', `authorityInfoAccess=OCSP;URI:${address('/none')}`)

    expect(await byOcsp().problemOf(await shown('untold'))).toMatch(
      /^whether it is revoked cannot be told by OCSP \(http:.*\/none: HTTP status 404\), nor for want of a revocation list \(.*\)$/
    )
  })

  test.each([
    { what: 'revoked', name: 'bad', problem: 'it is revoked' },
    { what: 'good', name: 'lost', problem: null }
  ])('is $what where its server says so by an answer of the responder', async ({ name, problem }) => {
    const check = byOcsp()

    expect(await check.problemOf(await reached(name, check, answerOn(name)))).toBe(problem)
  })
})

function address(path: string): string {
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}${path}`
}

/** What the authority's responder says. */
function answerOn(name: string): Buffer {
  const who = ['-CA', file('ca.crt'), '-rsigner', file('ca.crt'), '-rkey', file('ca.key')]
  const request = ['-issuer', file('ca.crt'), '-cert', file(`${name}.crt`), '-no_nonce', '-reqout', file('request.der')]
  authorities.openssl('ocsp', ...request)
  authorities.openssl(
    'ocsp',
    '-index',
    file('ca.index'),
    ...who,
    '-reqin',
    file('request.der'),
    '-respout',
    file('response.der')
  )
  return readFileSync(file('response.der'))
}

/** The client's end of a connection to a server that shows a certificate, and brings an answer of its responder along. */
function reached(name: string, check: RevocationCheck, answer: Buffer): Promise<TLSSocket> {
  const ca = readFileSync(file('ca.crt'))
  return new Promise((resolve, reject) => {
    const read = (end: string): Buffer => readFileSync(file(`${name}.${end}`))
    const server = createTlsServer({ key: read('key'), cert: read('crt') }, (socket) =>
      socket.on('error', () => undefined)
    )
    server.on('OCSPRequest', (_certificate, _issuer, callback) => callback(null, answer))
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      const options: StaplingOptions = {
        ca,
        host: '127.0.0.1',
        port,
        checkServerIdentity: () => undefined,
        requestOCSP: true
      }
      const client = connect(options, () => resolve(client))
      check.takeStapled(client)
      client.on('error', reject)
      closers.push(
        () => client.destroy(),
        () => server.close()
      )
    })
  })
}

describe('a revocation list', () => {
  test('may be PEM, and is worth nothing under another key', () => {
    const read = readRevocationList(readFileSync(file('ca.crl')))
    const key = (name: string) => new X509Certificate(readFileSync(file(`${name}.crt`))).publicKey

    expect(isSignedBy(read, key('ca'))).toBe(true)
    expect(isSignedBy(read, key('other'))).toBe(false)
  })

  test('is refused wherever it is cut off', () => {
    const whole = served.get('/ca') ?? Buffer.alloc(0)
    expect(readRevocationList(whole).serialNumbers.size).toBe(1)

    for (let length = 0; length < whole.length; length += 3) {
      expect(() => readRevocationList(whole.subarray(0, length))).toThrow()
    }
  })
})
