import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { HttpListener } from '../../src/admin/http/http-listener.ts'
import { openHttpTls } from '../../src/server/http-tls.ts'
import { silentLogger } from '../../src/server/logging/logger.ts'
import type { ClientAuth, StoreSettings } from '../../src/tls/endpoint-settings.ts'
import { fixture, NO_ENDPOINT, NO_STORE, storeOf } from '../tls/fixtures.ts'

let folder: string
let listener: HttpListener | undefined
let plainCount = 0

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-https-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' })
  const store = ['-out', join(folder, 'store.p12'), '-passout', 'pass:secret']
  execFileSync('openssl', ['pkcs12', '-export', '-inkey', key, '-in', cert, ...store], { stdio: 'ignore' })
  writeFileSync(join(folder, 'store.pem'), Buffer.concat([readFileSync(key), readFileSync(cert)]))
  writeFileSync(join(folder, 'password'), 'secret\n')
})

afterEach(async () => {
  await listener?.close()
  listener = undefined
  plainCount = 0
})

afterAll(() => rmSync(folder, { recursive: true }))

function store(name: string, more: Partial<StoreSettings> = {}): StoreSettings {
  return { ...NO_STORE, location: join(folder, name), ...more }
}

/** What a test has otherwise than a port for HTTPS alone, which asks for no certificates. */
interface Differences {
  readonly keyStore?: StoreSettings
  readonly trustStore?: StoreSettings
  readonly clientAuth?: ClientAuth
  readonly isPlainTaken?: boolean
}

async function listen({ clientAuth = 'none', isPlainTaken = false, ...stores }: Differences): Promise<number> {
  const endpoint = { ...NO_ENDPOINT, keyStore: store('store.pem'), ...stores }
  const tls = openHttpTls({ endpoint, property: 'ssl.quorum', clientAuth, isPlainTaken }, silentLogger)
  listener = new HttpListener(
    { host: '127.0.0.1', port: 0, idleTimeoutMs: 5000, tls, plainAccepted: () => plainCount++ },
    async (_request, response) => void response.end('answer'),
    () => undefined
  )
  await listener.listen()
  return listener.port
}

function ask(send: typeof request, options: RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = send({ host: '127.0.0.1', ca: readFileSync(join(folder, 'cert.pem')), ...options }, (response) => {
      let text = ''
      response.on('data', (piece: Buffer) => {
        text += String(piece)
      })
      response.on('end', () => resolve(text))
    })
    sent.on('error', reject)
    sent.end()
  })
}

function commonName(port: number, ca: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ca }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

describe('an HTTPS port', () => {
  test.each([
    { kind: 'PEM', keyStore: () => store('store.pem') },
    { kind: 'PKCS12', keyStore: () => store('store.p12', { password: 'secret' }) },
    {
      kind: 'PKCS12 with a password file',
      keyStore: () => store('store.p12', { passwordPath: join(folder, 'password') })
    }
  ])('has its key from a store: $kind', async ({ keyStore }) => {
    const port = await listen({ keyStore: keyStore() })

    expect(await ask(request, { port })).toBe('answer')
    await expect(ask(plainRequest, { port })).rejects.toThrow()
  })

  test('takes plain HTTP as well where it is told to, and counts that', async () => {
    const port = await listen({ isPlainTaken: true })

    expect(await ask(request, { port })).toBe('answer')
    expect(await ask(plainRequest, { port })).toBe('answer')
    expect(plainCount).toBe(1)
  })

  test('refuses clients without a certificate where it needs one', async () => {
    const port = await listen({ clientAuth: 'need', trustStore: store('cert.pem') })

    await expect(ask(request, { port })).rejects.toThrow()
    const own = { cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) }
    expect(await ask(request, { port, ...own })).toBe('answer')
  })

  test('trusts clients by a store in JKS, and takes its own key from one', async () => {
    const stores = { keyStore: storeOf('rsa.jks'), trustStore: storeOf('trust.jks') }
    const port = await listen({ ...stores, clientAuth: 'need' })
    const own = { cert: readFileSync(fixture('ec.pem')), key: readFileSync(fixture('ec.pem')) }

    expect(await ask(request, { port, ...own, ca: readFileSync(fixture('ca.pem')) })).toBe('answer')
  })

  test('shows a new certificate once its file has changed', async () => {
    const location = join(folder, 'changing.pem')
    copyFileSync(fixture('rsa.pem'), location)
    const port = await listen({ keyStore: { ...NO_STORE, location } })
    const ca = readFileSync(fixture('ca.pem'))
    expect(await commonName(port, ca)).toBe('rsa.example')

    copyFileSync(fixture('ec.pem'), location)

    const endMs = Date.now() + 25_000
    while ((await commonName(port, ca)) !== 'ec.example') {
      if (Date.now() > endMs) throw new Error('it shows the old one')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })

  test.each([
    {
      what: 'no store',
      settings: () => ({ keyStore: NO_STORE }),
      problem: /ssl\.quorum\.keyStore\.location is not set/
    },
    {
      what: 'no trust store where it needs certificates',
      settings: () => ({ clientAuth: 'need' as const }),
      problem: /ssl\.quorum\.trustStore\.location is not set/
    },
    { what: 'a missing file', settings: () => ({ keyStore: store('gone.pem') }), problem: /gone\.pem/ }
  ])('is refused in one line with $what', async ({ settings, problem }) => {
    await expect(listen(settings())).rejects.toThrow(problem)
  })
})
