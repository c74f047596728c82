import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { TlsEndpointSettings } from '../../src/tls/endpoint-settings.ts'
import { ReloadingContext } from '../../src/tls/reloading-context.ts'
import { fixture, NO_ENDPOINT, NO_STORE, storeOf } from './fixtures.ts'

const settings: TlsEndpointSettings = { ...NO_ENDPOINT, keyStore: storeOf('rsa.pem'), trustStore: storeOf('ca.pem') }
const use = { property: 'ssl', needsKey: true, isWatching: true }

let folder: string
let lines: string[]
const log = {
  info: (message: string) => void lines.push(`info ${message}`),
  warn: (message: string) => void lines.push(`warn ${message}`)
}
const closing: (() => void)[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-reload-'))
  lines = []
})

afterEach(() => {
  for (const close of closing.splice(0)) close()
  rmSync(folder, { recursive: true })
})

function contextOf(given: Partial<TlsEndpointSettings>, more: Partial<typeof use> = {}): ReloadingContext {
  const context = new ReloadingContext({ ...settings, ...given }, { ...use, ...more }, log)
  closing.push(() => context.close())
  return context
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = Date.now() + 25_000
  while (!condition()) {
    if (Date.now() > endMs) throw new Error(`never: ${String(condition)}; ${lines.join('; ')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function serve(context: ReloadingContext): Promise<number> {
  const server = createServer({ ...context.options }, (socket) => socket.pipe(socket))
  context.onReload(() => server.setSecureContext(context.options))
  closing.push(() => server.close())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function connectTo(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca: readFileSync(fixture('ca.pem')) })
  closing.push(() => socket.destroy())
  await new Promise((resolve, reject) => void socket.once('secureConnect', resolve).once('error', reject))
  return socket
}

describe('a context that follows its files', () => {
  test('shows the new certificate to new connections, and open ones go on', async () => {
    const location = join(folder, 'own.pem')
    copyFileSync(fixture('rsa.pem'), location)
    const context = contextOf({ keyStore: storeOf('', { location }) })
    const port = await serve(context)
    const first = await connectTo(port)
    expect(first.getPeerCertificate().subject.CN).toBe('rsa.example')

    copyFileSync(fixture('ec.pem'), location)
    await until(() => lines.includes('info the stores of ssl have changed and are read again'))

    expect((await connectTo(port)).getPeerCertificate().subject.CN).toBe('ec.example')
    first.write('still there')
    await new Promise<void>((resolve) => void first.once('data', () => resolve()))
  })

  test('keeps what it had where the new file cannot be used, says so once, and takes the next', async () => {
    const location = join(folder, 'own.pem')
    copyFileSync(fixture('rsa.pem'), location)
    const port = await serve(contextOf({ keyStore: storeOf('', { location }) }))

    writeFileSync(location, readFileSync(fixture('rsa.pem')).subarray(0, 900))
    await until(() => lines.some((line) => line.startsWith('warn')))

    expect(lines).toEqual([
      expect.stringMatching(/^warn the certificates stay as they were: ssl\.keyStore\.location: .*own\.pem: /)
    ])
    expect((await connectTo(port)).getPeerCertificate().subject.CN).toBe('rsa.example')
    copyFileSync(fixture('ec.pem'), location)
    await until(() => lines.length === 2)
    expect((await connectTo(port)).getPeerCertificate().subject.CN).toBe('ec.example')
  })

  test('warns of a certificate that has expired, and goes on', () => {
    contextOf({ keyStore: storeOf('expired.p12') })

    expect(lines).toEqual([expect.stringMatching(/^warn ssl\.keyStore: the certificate of CN=old has expired on /)])
  })

  test('does not show a certificate whose signature nobody should rely on, and says why', () => {
    const at = (name: string): string => join(folder, name)
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
    const key = (name: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${name}.key`)]
    openssl('req', '-x509', ...key('ca'), '-out', at('ca.pem'), '-subj', '/CN=ca')
    openssl('req', ...key('own'), '-out', at('own.csr'), '-subj', '/CN=own')
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-set_serial', '1']
    openssl('x509', '-req', '-sha1', '-in', at('own.csr'), ...signer, '-out', at('own.crt'))
    const location = at('own.pem')
    writeFileSync(location, Buffer.concat([readFileSync(at('own.crt')), readFileSync(at('own.key'))]))

    expect(() => contextOf({ keyStore: storeOf('', { location }) })).toThrow(
      'ssl: the certificate cannot be used: it is signed by means of a hash that is too weak, such as SHA-1'
    )
  })

  test('of a client needs no store of its own', () => {
    expect(contextOf({ keyStore: NO_STORE, trustStore: NO_STORE }, { needsKey: false }).options.ca).toBeUndefined()
  })

  test('of a server without a trust store trusts nobody', () => {
    expect(contextOf({ trustStore: NO_STORE }).options.ca).toEqual([])
  })

  test.each([
    { what: 'no key store', given: { keyStore: NO_STORE }, problem: 'ssl.keyStore.location is not set' },
    {
      what: 'a wrong password',
      given: { trustStore: storeOf('trust.jks', { password: 'x' }) },
      problem: /wrong password/
    }
  ])('is refused in one line with $what', ({ given, problem }) => {
    expect(() => contextOf(given)).toThrow(problem)
  })
})
