import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSecureContext, connect as tlsConnect } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { LimitedLog } from '../../../src/server/quorum/limited-log.ts'
import type { PeerTls } from '../../../src/server/quorum/peer-tls.ts'
import { type PeerTransport, plainTransport } from '../../../src/server/quorum/peer-transport.ts'
import { socketProblem } from '../../../src/server/quorum/socket-problem.ts'
import { type TlsTransportOptions, tlsTransport } from '../../../src/server/quorum/tls-transport.ts'
import type { ServerHandshakeOptions } from '../../../src/tls/server-handshake.ts'
import { Authority, type Identity } from './certificates.ts'
import { portOf, RawConnection, RawPort, RecordingLogger, until } from './support.ts'

let folder: string
let authority: Authority
let [good, expired, foreign] = [] as unknown as [Identity, Identity, Identity]
let foreignAuthority: Authority
const closers: (() => void)[] = []
const SOCKET = { noDelay: true, keepAlive: true }
/** For what is to take too long; all else has a minute, on a machine that does other work too. */
const SHORT = { timeoutMs: 300 }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-tls-transport-'))
  authority = new Authority(folder, 'authority')
  foreignAuthority = new Authority(folder, 'foreign')
  good = authority.issue('IP:127.0.0.1')
  expired = authority.issue('IP:127.0.0.1', { isExpired: true })
  foreign = foreignAuthority.issue('IP:127.0.0.1')
})

afterAll(() => rmSync(folder, { recursive: true }))

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** Of a server with this identity that needs others to have one of the same authority. */
function tlsOf(
  identity: Identity | null,
  more: Partial<PeerTls> = {},
  check?: ServerHandshakeOptions['check']
): PeerTls {
  const own = { ...identity, ca: authority.cert }
  const secureContext = createSecureContext(own)
  return {
    acceptOptions: () => ({ secureContext, clientAuth: 'need', check }),
    connectOptions: () => own,
    connecting: () => undefined,
    checkConnected: () => Promise.resolve(),
    ...more
  }
}

function newTransport(options: Partial<TlsTransportOptions> = {}) {
  const log = new RecordingLogger()
  const all = { tls: tlsOf(good), isTlsSpoken: true, isPlainTaken: false, timeoutMs: 60_000, ...options }
  return { transport: tlsTransport(all, new LimitedLog(log)), log }
}

/** Echoes what it is sent, behind a word of its own. */
async function listen(transport: PeerTransport): Promise<{ port: number; accepted: Socket[]; close: () => void }> {
  const accepted: Socket[] = []
  const { server, close } = transport.createServer(SOCKET, (socket) => {
    accepted.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => socket.write(Buffer.concat([Buffer.from('heard '), chunk])))
  })
  closers.push(() => {
    close()
    for (const socket of accepted) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: portOf(server), accepted, close }
}

/** One that connects by a transport. */
class Client {
  readonly socket: Socket
  isConnected = false
  /** Why it failed. */
  problem = ''
  heard = ''

  constructor(transport: PeerTransport, port: number) {
    this.socket = transport.connect('127.0.0.1', port, SOCKET, () => {
      this.isConnected = true
      this.socket.on('data', (chunk: Buffer) => {
        this.heard += chunk.toString()
      })
    })
    this.socket.on('error', (error) => {
      this.problem = socketProblem(error)
    })
    closers.push(() => this.socket.destroy())
  }
}

function open(transport: PeerTransport, port: number): Client {
  return new Client(transport, port)
}

function dialPlain(port: number): RawConnection {
  const socket = connect(port, '127.0.0.1')
  closers.push(() => socket.destroy())
  return new RawConnection(socket)
}

const ELECTION_HANDSHAKE = 'ffffffffffff0000'

describe('a port that takes TLS only', () => {
  test('serves one that shows a certificate of the authority', async () => {
    const { transport } = newTransport()
    const { port } = await listen(transport)

    const client = open(transport, port)
    await until(() => client.isConnected, 'connected')
    client.socket.write('hello')

    await until(() => client.heard === 'heard hello', 'an answer')
  })

  test.each([
    { what: 'an expired certificate', identity: () => expired, line: ': it has expired' },
    {
      what: "a stranger's certificate",
      identity: () => foreign,
      line: ': who has signed it is not in the trust store'
    },
    { what: 'no certificate', identity: () => null, line: 'it shows no certificate' }
  ])('turns $what away with one line', async ({ identity, line }) => {
    const { transport, log } = newTransport()
    const { port, accepted } = await listen(transport)

    open(newTransport({ tls: tlsOf(identity()) }).transport, port)

    await until(() => log.count(line) === 1, line)
    expect(accepted).toEqual([])
    expect(log.lines.length).toBe(1)
  })

  test('turns plain text away with one line', async () => {
    const { transport, log } = newTransport()
    const { port, accepted } = await listen(transport)

    const plain = dialPlain(port)
    plain.write(ELECTION_HANDSHAKE)

    await plain.closed()
    expect(log.lines).toEqual([expect.stringMatching(/from 127\.0\.0\.1:\d+: it does not speak TLS$/)])
    expect(accepted).toEqual([])
  })

  test.each([
    { what: 'says nothing', bytes: '', line: 'it began no TLS handshake within 300 ms' },
    { what: 'stops in its first record', bytes: '160301', line: 'no TLS handshake within 300 ms' }
  ])('closes one that $what', async ({ bytes, line }) => {
    const { transport, log } = newTransport(SHORT)
    const { port } = await listen(transport)

    const silent = dialPlain(port)
    silent.write(bytes)

    await silent.closed()
    expect(log.count(line)).toBe(1)
  })

  test('closes one whose first record is garbage', async () => {
    const { transport, log } = newTransport()
    const { port } = await listen(transport)

    const hostile = dialPlain(port)
    hostile.write(`1603010020${'ee'.repeat(0x20)}`)

    await hostile.closed()
    await until(() => log.lines.length === 1, 'a line')
  })

  test('refuses what its further check refuses', async () => {
    const check = () => Promise.resolve('its name is another one')
    const { transport, log } = newTransport({ tls: tlsOf(good, {}, check) })
    const { port, accepted } = await listen(transport)

    open(newTransport().transport, port)

    await until(() => log.count('its name is another one') === 1, 'a line')
    expect(accepted).toEqual([])
  })

  test('keeps what came before its further check was done', async () => {
    const checks: (() => void)[] = []
    const check = () => new Promise<null>((resolve) => checks.push(() => resolve(null)))
    const { transport } = newTransport({ tls: tlsOf(good, {}, check) })
    const { port, accepted } = await listen(transport)
    const client = open(newTransport().transport, port)
    await until(() => client.isConnected && checks.length === 1, 'the check')
    await new Promise((resolve) => client.socket.write('early', resolve))

    checks[0]?.()

    await until(() => client.heard === 'heard early', 'an answer')
    expect(accepted.length).toBe(1)
  })

  test('keeps at most 100 handshakes', async () => {
    const { transport, log } = newTransport()
    const { port } = await listen(transport)

    const first = dialPlain(port)
    await until(() => !first.socket.connecting, 'connected')
    for (let index = 0; index < 100; index++) dialPlain(port)

    await first.closed()
    expect(log.count('more than 100 connections of servers have not done their handshake')).toBe(1)
  })

  test('closes what has not done its handshake when it is closed itself', async () => {
    const { transport } = newTransport({ timeoutMs: 60_000 })
    const { port, close } = await listen(transport)
    const silent = dialPlain(port)
    await until(() => !silent.socket.connecting, 'connected')

    close()

    await silent.closed()
  })

  test('shows certificates that were loaded anew to those who connect then', async () => {
    const second = authority.issue('IP:127.0.0.1')
    const { subject } = new X509Certificate(second.cert)
    let now = tlsOf(good)
    const tls: PeerTls = { ...now, acceptOptions: () => now.acceptOptions() }
    const { transport } = newTransport({ tls })
    const { port, accepted } = await listen(transport)
    const before = open(transport, port).socket
    await until(() => accepted.length === 1, 'accepted')

    now = tlsOf(second)
    const shown = tlsConnect({ host: '127.0.0.1', port, ca: authority.cert, ...good })
    closers.push(() => shown.destroy())
    await until(() => accepted.length === 2, 'accepted')

    expect(shown.getPeerX509Certificate()?.subject).toBe(subject)
    expect(before.destroyed).toBe(false)
  })
})

describe('a port that takes both', () => {
  test('serves TLS and plain text', async () => {
    const { transport } = newTransport({ isPlainTaken: true })
    const { port } = await listen(transport)

    const secure = open(transport, port)
    const plain = open(plainTransport, port)
    await until(() => secure.isConnected && plain.isConnected, 'connected')
    secure.socket.write('one')
    plain.socket.write('two')

    await until(() => secure.heard === 'heard one' && plain.heard === 'heard two', 'answers')
  })

  test('takes one that says nothing for plain, after a while', async () => {
    const { transport, log } = newTransport({ ...SHORT, isPlainTaken: true })
    const { port, accepted } = await listen(transport)

    const late = dialPlain(port)
    await until(() => accepted.length === 1, 'accepted')
    late.write('61')

    await late.received(Buffer.from('heard a').toString('hex'))
    expect(log.lines).toEqual([])
  })
})

describe('a port without TLS', () => {
  test('turns a TLS handshake away with one line', async () => {
    const { transport, log } = newTransport({ tls: null, isTlsSpoken: false, isPlainTaken: true })
    const { port, accepted } = await listen(transport)

    const client = open(newTransport().transport, port)

    await until(() => client.problem !== '', 'a problem')
    expect(log.lines).toEqual([expect.stringContaining('it speaks TLS, for which this server is not configured')])
    expect(accepted).toEqual([])
  })
})

describe('connecting by TLS', () => {
  test('to a server that does not speak it fails with one line', async () => {
    const raw = await RawPort.open()
    closers.push(() => raw.close())

    const client = open(newTransport().transport, raw.port)
    const connection = await raw.connection(0)
    connection.write('0000000b00000000')

    await until(() => client.problem !== '', 'a problem')
    expect(client.problem).toBe('it does not speak TLS')
  })

  test('to one that stalls is given up', async () => {
    const raw = await RawPort.open()
    closers.push(() => raw.close())

    const client = open(newTransport(SHORT).transport, raw.port)

    await until(() => client.problem !== '', 'a problem')
    expect(client.problem).toBe('no TLS handshake within 300 ms')
  })

  test('to one whose certificate is for another name fails', async () => {
    const other = authority.issue('IP:127.0.0.9')
    const { port } = await listen(newTransport({ tls: tlsOf(other) }).transport)

    const client = open(newTransport().transport, port)

    await until(() => client.problem !== '', 'a problem')
    expect(client.problem).toContain("IP: 127.0.0.1 is not in the cert's list")
    expect(client.isConnected).toBe(false)
  })
})
