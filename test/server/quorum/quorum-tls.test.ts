import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { LimitedLog } from '../../../src/server/quorum/limited-log.ts'
import { QuorumTls } from '../../../src/server/quorum/quorum-tls.ts'
import { tlsTransport } from '../../../src/server/quorum/tls-transport.ts'
import type { TlsEndpointSettings } from '../../../src/tls/endpoint-settings.ts'
import { Authority } from './certificates.ts'
import { portOf, RecordingLogger, until } from './support.ts'

let folder: string
const closers: (() => void)[] = []
const SOCKET = { noDelay: true, keepAlive: true }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-quorum-tls-'))
  const authority = new Authority(folder, 'authority')
  writeFileSync(join(folder, 'trust.pem'), authority.cert)
  for (const [name, names] of Object.entries({
    address: 'IP:127.0.0.1',
    member: 'DNS:member.example',
    elsewhere: 'DNS:elsewhere.example',
    revoked: 'IP:127.0.0.1',
    renewed: 'IP:127.0.0.1'
  })) {
    const { key, cert } = authority.issue(names)
    writeFileSync(join(folder, `${name}.pem`), key + cert)
  }
  // Trusted together with what the authority says of its certificates.
  const conf = ['-config', join(folder, 'authority.conf'), '-keyfile', join(folder, 'authority.key')]
  const by = [...conf, '-cert', join(folder, 'authority.cert')]
  const run = (...args: string[]): Buffer => execFileSync('openssl', ['ca', ...args, ...by], { stdio: 'pipe' })
  run('-revoke', join(folder, 'revoked.pem'))
  run('-gencrl', '-crldays', '2', '-out', join(folder, 'list.pem'))
  const lists = readFileSync(join(folder, 'list.pem'), 'utf8')
  writeFileSync(join(folder, 'trust-and-list.pem'), authority.cert + lists)
}, 30_000)

afterAll(() => rmSync(folder, { recursive: true }))

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

function settingsOf(name: string, more: Partial<TlsEndpointSettings> = {}, trust = 'trust.pem'): TlsEndpointSettings {
  const store = (file: string) => ({ location: join(folder, file), password: null, passwordPath: null, type: null })
  return {
    keyStore: store(`${name}.pem`),
    trustStore: store(trust),
    protocol: null,
    enabledProtocols: null,
    cipherSuites: null,
    hostnameVerification: true,
    clientHostnameVerification: true,
    allowReverseDnsLookup: false,
    crl: false,
    ocsp: false,
    clientAuth: 'need',
    handshakeDetectionTimeoutMs: 60_000,
    ...more
  }
}

function transportOf(settings: TlsEndpointSettings, members: readonly string[] = [], isReloading = false) {
  const log = new RecordingLogger()
  const tls = new QuorumTls(settings, isReloading, () => members, log)
  closers.push(() => tls.close())
  return {
    log,
    transport: tlsTransport({ tls, isTlsSpoken: true, isPlainTaken: false, timeoutMs: 60_000 }, new LimitedLog(log))
  }
}

/** Resolves with what became of a connection, on both sides. */
async function meet(server: ReturnType<typeof transportOf>, client: ReturnType<typeof transportOf>) {
  const accepted: Socket[] = []
  const opened = server.transport.createServer(SOCKET, (socket) => {
    socket.on('error', () => undefined)
    accepted.push(socket)
  })
  closers.push(() => {
    opened.close()
    for (const socket of accepted) socket.destroy()
  })
  await new Promise<void>((resolve) => opened.server.listen(0, '127.0.0.1', resolve))
  const seen = { isConnected: false, problem: null as string | null }
  const socket = client.transport.connect('127.0.0.1', portOf(opened.server), SOCKET, () => {
    seen.isConnected = true
  })
  closers.push(() => socket.destroy())
  socket.on('error', (error) => {
    seen.problem ??= error.message
  })
  const isOver = (): boolean => seen.problem !== null || accepted.length > 0 || server.log.lines.length > 0
  await until(isOver, 'an outcome')
  return { accepted, seen, socket }
}

/** Fingerprint of the certificate that the other side has shown. */
function shownTo(socket: Socket): string | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate()?.fingerprint : undefined
}

function printOf(file: string): string {
  return new X509Certificate(readFileSync(join(folder, file))).fingerprint
}

describe('two servers', () => {
  test('take each other by their addresses', async () => {
    const { accepted } = await meet(transportOf(settingsOf('address')), transportOf(settingsOf('address')))

    expect(accepted.length).toBe(1)
  })

  test('turn a server away whose certificate is for another host', async () => {
    const { seen } = await meet(transportOf(settingsOf('elsewhere')), transportOf(settingsOf('address')))
    await until(() => seen.problem !== null, 'a problem')

    expect(seen.problem).toBe(
      'its certificate is not for 127.0.0.1 (but for elsewhere.example) (ssl.quorum.hostnameVerification)'
    )
  })

  test('turn one that connects away whose certificate is neither for its address nor for a member', async () => {
    const server = transportOf(settingsOf('address'), ['member.example'])

    const { accepted } = await meet(server, transportOf(settingsOf('elsewhere')))

    expect(accepted).toEqual([])
    expect(server.log.count('its certificate is not for 127.0.0.1 (but for elsewhere.example)')).toBe(1)
  })

  test.each([
    { what: 'is that of a member', members: ['member.example'], more: {} },
    { what: 'is not looked at', members: [], more: { clientHostnameVerification: false } },
    { what: 'of nobody is looked at', members: [], more: { hostnameVerification: false } }
  ])('take one that connects whose name $what', async ({ members, more }) => {
    const server = transportOf(settingsOf('address', more), members)

    const { accepted } = await meet(server, transportOf(settingsOf('member')))

    expect(accepted.length).toBe(1)
  })

  test('turn a revoked certificate away, on either side, where lists are looked at', async () => {
    const careful = () => transportOf(settingsOf('address', { crl: true }, 'trust-and-list.pem'))
    const careless = () => transportOf(settingsOf('revoked'))

    const server = careful()
    const first = await meet(server, careless())
    const second = await meet(careless(), careful())
    await until(() => second.seen.problem !== null, 'a problem')

    expect(first.accepted).toEqual([])
    expect(server.log.count('it is revoked')).toBe(1)
    expect(second.seen.problem).toBe('its certificate: it is revoked')
    expect((await meet(careful(), careful())).accepted.length).toBe(1)
  })

  test('see new certificates once they are there, and go on by the old ones', async () => {
    copyFileSync(join(folder, 'address.pem'), join(folder, 'changing.pem'))
    const server = transportOf(settingsOf('changing'), [], true)
    const before = await meet(server, transportOf(settingsOf('address')))

    copyFileSync(join(folder, 'renewed.pem'), join(folder, 'new.pem'))
    renameSync(join(folder, 'new.pem'), join(folder, 'changing.pem'))
    await until(() => server.log.count('are read again') === 1, 'the new certificate')
    server.log.lines.length = 0
    const after = await meet(server, transportOf(settingsOf('address')))

    expect([shownTo(before.socket), shownTo(after.socket)]).toEqual([printOf('address.pem'), printOf('renewed.pem')])
    expect(before.socket.destroyed).toBe(false)
  })
})
