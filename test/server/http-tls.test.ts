import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { HttpListener } from '../../src/admin/http/http-listener.ts'
import type { StoreSettings } from '../../src/server/config/settings.ts'
import { type HttpTlsSettings, readHttpTls } from '../../src/server/http-tls.ts'

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
  writeFileSync(join(folder, 'store.jks'), 'not read')
})

afterEach(async () => {
  await listener?.close()
  listener = undefined
  plainCount = 0
})

afterAll(() => rmSync(folder, { recursive: true }))

const NO_STORE: StoreSettings = { location: null, password: null, passwordPath: null, type: null }

function store(name: string, more: Partial<StoreSettings> = {}): StoreSettings {
  return { ...NO_STORE, location: join(folder, name), ...more }
}

async function listen(settings: Partial<HttpTlsSettings>): Promise<number> {
  const tls = readHttpTls({
    keyStore: store('store.pem'),
    trustStore: NO_STORE,
    needClientAuth: false,
    isPlainTaken: false,
    ...settings
  })
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
    const port = await listen({ needClientAuth: true, trustStore: store('cert.pem') })

    await expect(ask(request, { port })).rejects.toThrow()
    const own = { cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) }
    expect(await ask(request, { port, ...own })).toBe('answer')
  })

  test.each([
    { what: 'no store', settings: () => ({ keyStore: NO_STORE }), problem: /needs a key store/ },
    {
      what: 'JKS',
      settings: () => ({ keyStore: store('store.jks') }),
      problem: /store\.jks: JKS is not supported here yet/
    },
    {
      what: 'a trust store in PKCS12',
      settings: () => ({ trustStore: store('store.p12') }),
      problem: /PKCS12 is not supported/
    },
    { what: 'a missing file', settings: () => ({ keyStore: store('gone.pem') }), problem: /gone\.pem/ }
  ])('is refused in one line with $what', async ({ settings, problem }) => {
    await expect(listen(settings())).rejects.toThrow(problem)
  })
})
