import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect as connectPlain, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConnectionOptions, connect } from 'node:tls'
import { afterEach, describe, expect, test } from '@jest/globals'
import { InputKind } from '../../src/core/input-batch.ts'
import { createMetrics, createServerStats } from '../../src/core/metrics.ts'
import { ClientListener } from '../../src/server/client-listener.ts'
import { EventLoop } from '../../src/server/event-loop.ts'
import { SecureAcceptor, type SecureAcceptorOptions } from '../../src/server/secure-acceptor.ts'
import type { ClientAuth, TlsEndpointSettings } from '../../src/tls/endpoint-settings.ts'
import { ReloadingContext } from '../../src/tls/reloading-context.ts'
import { fixture, NO_ENDPOINT, storeOf } from '../tls/fixtures.ts'
import { RecordingLogger, until } from './quorum/support.ts'

const ENDPOINT: TlsEndpointSettings = {
  ...NO_ENDPOINT,
  keyStore: storeOf('rsa.jks'),
  trustStore: storeOf('ca.pem'),
  handshakeDetectionTimeoutMs: 60_000
}

const CA = readFileSync(fixture('ca.pem'))
const OWN: ConnectionOptions = { ca: CA, key: readFileSync(fixture('ec.pem')), cert: readFileSync(fixture('ec.pem')) }
const EXPIRED: ConnectionOptions = { ca: CA, pfx: readFileSync(fixture('expired.p12')), passphrase: 'secret' }

interface World {
  readonly listener: ClientListener
  readonly log: RecordingLogger
  readonly metrics: ReturnType<typeof createMetrics>
  readonly stats: ReturnType<typeof createServerStats>
  /** What the core was told: `opened`, `certified ID`, `closed`. */
  readonly told: string[]
  /** Frames, one after the other. */
  readonly frames: Buffer[]
}

interface Wishes {
  readonly endpoint?: Partial<TlsEndpointSettings>
  readonly acceptor?: Partial<SecureAcceptorOptions>
  readonly maxClientCnxns?: number
  readonly isPortUnified?: boolean
}

const closers: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function serve({
  endpoint = {},
  acceptor = {},
  maxClientCnxns = 0,
  isPortUnified = false
}: Wishes): Promise<World> {
  const log = new RecordingLogger()
  const [metrics, stats] = [createMetrics(), createServerStats()]
  const [told, frames]: [string[], Buffer[]] = [[], []]
  const loop = new EventLoop(
    1000,
    (inputs) => {
      for (let index = 0; index < inputs.count; index++) {
        const kind = inputs.kind(index)
        if (kind === InputKind.connectionOpened) told.push('opened')
        if (kind === InputKind.connectionClosed) told.push('closed')
        if (kind === InputKind.certified) told.push(`certified ${inputs.text(index)}`)
        if (kind === InputKind.frame) {
          frames.push(Buffer.from(inputs.bytes(index).subarray(inputs.start(index), inputs.end(index))))
        }
      }
    },
    () => undefined
  )
  const settings = { ...ENDPOINT, ...endpoint }
  const context = new ReloadingContext(settings, { property: 'ssl', needsKey: true, isWatching: false }, log)
  const secure = new SecureAcceptor(
    {
      endpoint: settings,
      context,
      handshakesMax: null,
      dropsEarly: false,
      certificateId: ({ subjectName }) => subjectName,
      metrics,
      stats,
      isServing: () => true,
      ...acceptor
    },
    log
  )
  const options = {
    plainPlace: { port: 0, address: '127.0.0.1' },
    securePlace: { port: 0, address: '127.0.0.1' },
    secure,
    isPortUnified,
    backlog: null,
    maxClientCnxns,
    maxCnxns: 0,
    keepAlive: false,
    frameBytesMax: 1_000_000,
    sessionlessTimeoutMs: 60_000
  }
  const ports = {
    fourLetterWord: (bytes: Buffer, { isOfSecurePort }: { readonly isOfSecurePort: boolean }) =>
      bytes.toString() === 'ruok' ? (isOfSecurePort ? 'secure' : 'plain') : null,
    isServing: () => true,
    sessionTimeoutMs: () => null,
    metrics
  }
  const listener = new ClientListener(options, loop, ports, log)
  await listener.listen()
  closers.push(async () => {
    listener.stopAccepting()
    await listener.closeAll(0)
    loop.stop()
  })
  return { listener, log, metrics, stats, told, frames }
}

interface Client {
  readonly socket: Socket
  readonly received: () => Buffer
  isClosed: boolean
}

function follow(socket: Socket): Client {
  const pieces: Buffer[] = []
  const client: Client = { socket, received: () => Buffer.concat(pieces), isClosed: false }
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', () => undefined)
  socket.on('close', () => {
    client.isClosed = true
  })
  closers.push(() => void socket.destroy())
  return client
}

function dialSecurely(port: number, options: ConnectionOptions & { readonly localAddress?: string }): Client {
  return follow(connect({ host: '127.0.0.1', port, ...options }))
}

function dial(port: number): Client {
  return follow(connectPlain({ host: '127.0.0.1', port, noDelay: true }))
}

function frame(text: string): Buffer {
  const bytes = Buffer.alloc(4 + text.length)
  bytes.writeInt32BE(text.length)
  bytes.write(text, 4)
  return bytes
}

function warnings(log: RecordingLogger): string[] {
  return log.lines.filter((line) => line.includes('refusing'))
}

describe('a port for TLS', () => {
  test('gives the core the certificate of a client, and its frames however they are cut', async () => {
    const { listener, told, frames } = await serve({})
    const { socket } = dialSecurely(listener.securePort, OWN)
    const sent = [frame('first'), frame('x'.repeat(200_000)), frame('last')]

    const bytes = Buffer.concat(sent)
    for (const [start, end] of [
      [0, 2],
      [2, 9],
      [9, 100_000],
      [100_000, bytes.length]
    ])
      socket.write(bytes.subarray(start, end))
    await until(() => frames.length === 3, 'the frames')

    expect(told).toEqual(['opened', 'certified CN=ec.example,O=Example'])
    expect(frames.map(({ length }) => length)).toEqual(sent.map(({ length }) => length - 4))
    expect(Buffer.concat(frames).equals(Buffer.concat(sent.map((one) => one.subarray(4))))).toBe(true)
  })

  test('sends replies in order, more than the connection takes at once', async () => {
    const { listener, told } = await serve({})
    const client = dialSecurely(listener.securePort, OWN)
    client.socket.write(frame('hello'))
    await until(() => told.includes('opened'), 'the connection')
    const [socket] = listener.sockets.values()
    if (socket === undefined) throw new Error('no connection')
    const sent: Buffer[] = []

    for (let turn = 0; turn < 40; turn++) {
      const bytes = Buffer.alloc(100_000, turn)
      sent.push(bytes)
      socket.output.writeBytes(bytes)
      socket.flush()
      if (turn % 8 === 7) await new Promise((resolve) => setImmediate(resolve))
    }
    socket.closeWhenSent()
    await until(() => client.isClosed, 'the end')

    expect(client.received().equals(Buffer.concat(sent))).toBe(true)
    await until(() => listener.unsentBytes === 0 && told.includes('closed'), 'nothing left')
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('knows a client that resumes its session of %s', async (version) => {
    const { listener, told } = await serve({})
    const options = { ...OWN, minVersion: version, maxVersion: version }
    const first = connect({ host: '127.0.0.1', port: listener.securePort, ...options })
    closers.push(() => void first.destroy())
    const session = await new Promise<Buffer>((resolve) => void first.once('session', resolve))
    first.destroy()

    const second = connect({ host: '127.0.0.1', port: listener.securePort, ...options, session })
    closers.push(() => void second.destroy())
    await new Promise<void>((resolve) => void second.once('secureConnect', () => resolve()))
    await until(() => told.filter((one) => one.startsWith('certified')).length === 2, 'the second')

    expect(second.isSessionReused()).toBe(true)
    expect(told.filter((one) => one.startsWith('certified'))[1]).toBe('certified CN=ec.example,O=Example')
  })

  test('answers words there, and on the other port', async () => {
    const { listener } = await serve({})
    const [secure, plain] = [dialSecurely(listener.securePort, OWN), dial(listener.port)]

    for (const { socket } of [secure, plain]) socket.write('ruok')
    await until(() => secure.isClosed && plain.isClosed, 'the answers')

    expect([secure.received().toString(), plain.received().toString()]).toEqual(['secure', 'plain'])
  })

  test.each<{ what: string; clientAuth: ClientAuth; options: ConnectionOptions; line: RegExp }>([
    {
      what: 'without the certificate that it needs',
      clientAuth: 'need',
      options: { ca: CA },
      line: /: it shows no certificate$/
    },
    {
      what: 'whose certificate has expired',
      clientAuth: 'want',
      options: EXPIRED,
      line: /: the certificate of CN=old: it has expired$/
    },
    {
      what: 'of TLS 1.1',
      clientAuth: 'none',
      options: { ca: CA, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
      line: /speaks no version of TLS that is enabled$/
    }
  ])('refuses a client $what, in one line', async ({ clientAuth, options, line }) => {
    const { listener, log, told, metrics, stats } = await serve({ endpoint: { clientAuth } })

    const client = dialSecurely(listener.securePort, options)
    client.socket.write('ruok')
    await until(() => client.isClosed && warnings(log).length > 0, 'the refusal')

    expect(warnings(log)).toEqual([expect.stringMatching(line)])
    expect(client.received().toString()).toBe('')
    expect(told).toEqual([])
    expect(metrics.unsuccessfulHandshake.value).toBe(1)
    expect(stats.outstandingTlsHandshakes.value).toBe(0)
  })

  test('makes one printable line of what a stranger has put into a certificate', async () => {
    const { listener, log } = await serve({})
    const folder = mkdtempSync(join(tmpdir(), 'zoonode-stranger-'))
    closers.push(() => rmSync(folder, { recursive: true }))
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert]
    const subject = ['-utf8', '-subj', `/CN=evil\n2026-11-23 [ERROR] \u001b[31mfaked\u2028${'x'.repeat(20)}`]
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject], { stdio: 'ignore' })

    for (let count = 0; count < 8; count++) {
      const client = dialSecurely(listener.securePort, { ca: CA, key: readFileSync(key), cert: readFileSync(cert) })
      await until(() => client.isClosed, 'the refusal')
    }

    await until(() => log.count('refusing') === 5, 'as many lines as there may be')
    expect(warnings(log)[0]).toMatch(
      /: the certificate of CN=evil\?2026-11-23 \[ERROR\] \?\[31mfaked\?x+: it has signed itself/
    )
  })

  test('refuses plain text in one line', async () => {
    const { listener, log } = await serve({})

    const client = dial(listener.securePort)
    client.socket.write(frame('a connect request of a plain client'))
    await until(() => client.isClosed && warnings(log).length > 0, 'the refusal')

    expect(warnings(log)).toEqual([expect.stringMatching(/: it does not speak TLS$/)])
  })

  test.each<{ clientAuth: ClientAuth; options: ConnectionOptions; told: string[] }>([
    { clientAuth: 'want', options: { ca: CA }, told: ['opened'] },
    { clientAuth: 'want', options: OWN, told: ['opened', 'certified CN=ec.example,O=Example'] },
    { clientAuth: 'none', options: OWN, told: ['opened'] }
  ])('with clientAuth=$clientAuth tells the core $told', async ({ clientAuth, options, told }) => {
    const world = await serve({ endpoint: { clientAuth } })

    dialSecurely(world.listener.securePort, options).socket.write(frame('hello'))
    await until(() => world.frames.length === 1, 'the frame')

    expect(world.told).toEqual(told)
  })

  test('checks the host of a client where it is told to', async () => {
    const { listener, log } = await serve({
      endpoint: { clientHostnameVerification: true, trustStore: storeOf('trust.jks') }
    })
    const right = dialSecurely(listener.securePort, OWN)
    right.socket.write('ruok')
    await until(() => right.isClosed, 'the answer')
    expect(right.received().toString()).toBe('secure')

    const wrong = dialSecurely(listener.securePort, { ...OWN, localAddress: '127.0.0.2' })
    await until(() => wrong.isClosed, 'the refusal')

    expect(warnings(log)).toEqual([
      expect.stringMatching(/its certificate is not for 127\.0\.0\.2 \(but for ec\.example, 127\.0\.0\.1\)$/)
    ])
  })

  test('has a limit of handshakes, and counts them among the connections of an address', async () => {
    const limited = await serve({ acceptor: { handshakesMax: 1 } })
    const [silent, other] = [dial(limited.listener.securePort), dial(limited.listener.securePort)]
    await until(() => silent.isClosed || other.isClosed, 'the second to go')
    expect(limited.metrics.tlsHandshakeExceeded.value).toBe(1)

    const crowded = await serve({ maxClientCnxns: 1 })
    const [first, second] = [dial(crowded.listener.securePort), dial(crowded.listener.securePort)]
    await until(() => first.isClosed || second.isClosed, 'the second to go')
    expect(crowded.metrics.connectionRejected.value).toBe(1)
  })

  test('closes what has not done its handshake when the server stops', async () => {
    const { listener, stats } = await serve({})
    const silent = dial(listener.securePort)
    await until(() => stats.outstandingTlsHandshakes.value === 1, 'the connection')

    listener.stopAccepting()
    await listener.closeAll(1000)
    await until(() => silent.isClosed, 'its end')

    expect(stats.outstandingTlsHandshakes.value).toBe(0)
  })
})

describe('a port for both', () => {
  test('takes TLS and plain text, and counts who speaks the latter', async () => {
    const { listener, stats, frames } = await serve({ isPortUnified: true })

    dialSecurely(listener.port, OWN).socket.write(frame('secure'))
    await until(() => frames.length === 1, 'the frame over TLS')
    expect(stats.nonMtlsLocalConnectionCount.value).toBe(0)
    dial(listener.port).socket.write(frame('plain'))
    await until(() => frames.length === 2, 'the plain frame')

    expect(frames.map(String)).toEqual(['secure', 'plain'])
    expect(stats.nonMtlsLocalConnectionCount.value).toBe(1)
  })

  test('takes plain frames however they are cut, and many at once', async () => {
    const { listener, frames } = await serve({ isPortUnified: true })
    const { socket } = dial(listener.port)
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`.repeat(1000))
    const bytes = Buffer.concat(texts.map(frame))

    for (const [start, end] of [
      [0, 1],
      [1, 3],
      [3, 200_000]
    ]) {
      socket.write(bytes.subarray(start, end))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    socket.write(bytes.subarray(200_000))
    await until(() => frames.length === texts.length, 'the frames')

    expect(frames.map(String)).toEqual(texts)
  })

  test('closes a connection that says nothing', async () => {
    const { listener, told } = await serve({ isPortUnified: true, endpoint: { handshakeDetectionTimeoutMs: 300 } })

    const silent = dial(listener.port)
    await until(() => silent.isClosed, 'its end')

    expect(told).toEqual([])
  })
})
