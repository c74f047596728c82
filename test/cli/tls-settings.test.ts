import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, rootCertificates, type Server } from 'node:tls'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { tlsTransportOf } from '../../src/cli/tls-settings.ts'
import type { Transport } from '../../src/client/transport.ts'
import { readKeyStore } from '../../src/tls/stores/read-store.ts'
import { fixture, storeOf } from '../tls/fixtures.ts'

let server: Server
let told: string[]

beforeEach(async () => {
  const identity = readKeyStore(storeOf('rsa.jks'), 'ssl.keyStore')
  server = createServer(
    { ...identity, ca: readKeyStore(storeOf('rsa.jks'), '').cert, minVersion: 'TLSv1.3' },
    (socket) => {
      socket.on('error', () => undefined)
      socket.end('hello')
    }
  )
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  told = []
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0)
})

afterEach(async () => {
  jest.restoreAllMocks()
  await new Promise((resolve) => server.close(resolve))
})

function settingsOf(more: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(more).map(([key, value]) => [`zookeeper.ssl.${key}`, value]))
}

/** Resolves with what the server says, or with an empty text if the connection comes to nothing. */
function talk(settings: ReadonlyMap<string, string>): Promise<string> {
  return talkBy(tlsTransportOf(settings))
}

function talkBy(transport: Transport): Promise<string> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve) => {
    let text = ''
    let isOpen = false
    const socket = transport({ host: '127.0.0.1', port }, () => {
      isOpen = true
    })
    socket.on('data', (piece: Buffer) => {
      text += String(piece)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(isOpen ? text : ''))
  })
}

const TRUST = { 'trustStore.location': fixture('trust.jks'), 'trustStore.password': 'secret' }
const STRANGER = { 'trustStore.location': fixture('expired.p12'), 'trustStore.password': 'secret' }

describe("the shell's connections over TLS", () => {
  test.each([
    { what: 'a trust store in JKS', settings: TRUST },
    { what: 'PKCS12', settings: { 'trustStore.location': fixture('trust.p12'), 'trustStore.password': 'secret' } },
    { what: 'PEM', settings: { 'trustStore.location': fixture('ca.pem') } },
    {
      what: 'a key store, too',
      settings: { ...TRUST, 'keyStore.location': fixture('ec.jks'), 'keyStore.password': 'secret' }
    }
  ])('are made with $what', async ({ settings }) => {
    expect(await talk(settingsOf(settings))).toBe('hello')
    expect(told).toEqual([])
  })

  test('have what the stores hold by then, and what they held while they cannot be read, which is told once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'zoonode-stores-'))
    const trusted = join(folder, 'trust.pem')
    copyFileSync(fixture('ca.pem'), trusted)
    const transport = tlsTransportOf(settingsOf({ 'trustStore.location': trusted }))
    expect(await talkBy(transport)).toBe('hello')

    rmSync(trusted)
    expect([await talkBy(transport), await talkBy(transport)]).toEqual(['hello', 'hello'])
    expect(told).toEqual([
      expect.stringMatching(/^the certificates stay as they were: .*trust\.pem: there is no such file\n$/)
    ])

    writeFileSync(trusted, rootCertificates[0] ?? '')
    expect(await talkBy(transport)).toBe('')
    rmSync(folder, { recursive: true })
  })

  test('are refused, with a line that says why, to a server that nobody knows', async () => {
    expect(await talk(settingsOf({ 'trustStore.location': fixture('ec.pem'), 'trustStore.type': 'PEM' }))).toBe('hello')
    expect(await talk(settingsOf({}))).toBe('')

    expect(told).toEqual([
      expect.stringMatching(
        /^the certificate of 127\.0\.0\.1:\d+ is refused: who has signed it is not in the trust store\n$/
      )
    ])
  })

  test('are refused to another version of TLS', async () => {
    expect(await talk(settingsOf({ ...TRUST, enabledProtocols: 'TLSv1.2' }))).toBe('')

    expect(told).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+: .*(protocol version|version of TLS).*\n$/)])
  })

  test.each([
    {
      settings: { ...TRUST, 'trustStore.password': 'no' },
      problem: /^zookeeper\.ssl\.trustStore\.location: .*wrong password/
    },
    {
      settings: { 'trustStore.location': fixture('ca.pem'), 'trustStore.type': 'XY' },
      problem: /XY is not one of JKS/
    },
    { settings: STRANGER, problem: /no certificate to trust/ }
  ])('are not tried with settings that cannot be used: $problem', ({ settings, problem }) => {
    expect(() => tlsTransportOf(settingsOf(settings))).toThrow(problem)
  })
})
