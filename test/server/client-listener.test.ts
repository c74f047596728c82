import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { InputKind } from '../../src/core/input-batch.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { ClientListener } from '../../src/server/client-listener.ts'
import { EventLoop, monotonicNowMs } from '../../src/server/event-loop.ts'
import { BareSocket } from '../../src/server/net/bare-socket.ts'
import { dial, freePort, RawPort, RecordingLogger, until } from './quorum/support.ts'

let loop: EventLoop
let log: RecordingLogger
let metrics: Metrics
let inputKinds: number[]
let listener: ClientListener
let sessionTimeoutMs: number | null = null
const closers: (() => void)[] = []

beforeEach(async () => {
  sessionTimeoutMs = null
  inputKinds = []
  loop = new EventLoop(
    1000,
    (inputs) => inputKinds.push(...Array.from({ length: inputs.count }, (_, index) => inputs.kind(index))),
    () => undefined
  )
  log = new RecordingLogger()
  const options = {
    plainPlace: { port: 0, address: '127.0.0.1' },
    securePlace: null,
    secure: null,
    isPortUnified: false,
    backlog: null,
    maxClientCnxns: 3,
    maxCnxns: 0,
    keepAlive: false,
    frameBytesMax: 1000,
    sessionlessTimeoutMs: 60_000
  }
  metrics = createMetrics()
  const ports = {
    fourLetterWord: (bytes: Buffer) => (bytes.toString() === 'ruok' ? 'imok' : null),
    isServing: () => true,
    sessionTimeoutMs: () => sessionTimeoutMs,
    metrics
  }
  listener = new ClientListener(options, loop, ports, log)
  await listener.listen()
})

afterEach(async () => {
  listener.stopAccepting()
  await listener.closeAll(0)
  loop.stop()
  for (const close of closers.splice(0)) close()
})

async function isAnswered(port: number): Promise<boolean> {
  const connection = await dial(port).catch(() => null)
  if (connection === null) return false
  connection.socket.write('ruok')
  await connection.received(Buffer.from('imok').toString('hex'))
  connection.socket.destroy()
  return true
}

/** Fails if somebody listens there. */
async function mustBeFree(port: number): Promise<void> {
  const other = await RawPort.open(port)
  other.close()
}

describe('a client port that a reconfiguration moves', () => {
  test('is opened at once; the old one is free, and its connections stay', async () => {
    const old = listener.port
    const connection = await dial(old)
    closers.push(() => connection.socket.destroy())
    connection.socket.write('ru')
    const port = await freePort()

    listener.rebind({ port, address: '127.0.0.1' })
    await until(() => log.count('client connections are accepted on 127.0.0.1:') === 1, 'the new port')

    expect(listener.port).toBe(port)
    expect(await isAnswered(port)).toBe(true)
    await mustBeFree(old)
    connection.socket.write('ok')
    await connection.received(Buffer.from('imok').toString('hex'))
  })

  test('is opened when another program lets go of it', async () => {
    const taken = await RawPort.open()
    const { port } = taken

    listener.rebind({ port, address: '127.0.0.1' })
    await until(() => log.count('cannot listen for client connections') === 1, 'an attempt that failed')
    taken.close()
    await until(() => listener.port === port, 'the new port')

    expect(await isAnswered(port)).toBe(true)
  })

  test('back to where it was, before the new one could be opened, is opened there', async () => {
    const old = listener.port
    const taken = await RawPort.open()
    closers.push(() => taken.close())

    listener.rebind({ port: taken.port, address: '127.0.0.1' })
    await until(() => log.count('cannot listen for client connections') === 1, 'an attempt that failed')
    listener.rebind({ port: old, address: '127.0.0.1' })
    await until(() => listener.port === old, 'the old port')

    expect(await isAnswered(old)).toBe(true)
  })

  test('that stays the same is not touched', async () => {
    const first = await freePort()
    listener.rebind({ port: first, address: '127.0.0.1' })
    await until(() => listener.port === first, 'the port')
    const lines = log.lines.length

    listener.rebind({ port: first, address: '127.0.0.1' })

    expect(await isAnswered(first)).toBe(true)
    expect(log.lines).toHaveLength(lines)
  })

  test('is not opened any more once the server stops', async () => {
    const port = await freePort()

    listener.stopAccepting()
    listener.rebind({ port, address: '127.0.0.1' })

    expect(listener.port).toBe(0)
    await mustBeFree(port)
  })
})

describe('a connection that says nothing', () => {
  /** Opens a connection that the listener knows of. */
  async function silent() {
    const connection = await dial(listener.port)
    closers.push(() => connection.socket.destroy())
    await until(() => listener.sockets.size === 1, 'a connection')
    return connection
  }

  test('is closed once it has been silent for the sessionless timeout', async () => {
    await silent()
    const openedMs = monotonicNowMs()

    listener.tick(openedMs + 50_000, 0)
    expect(listener.sockets.values()[0]?.isClosing).toBe(false)
    listener.tick(openedMs + 120_001, 0)

    await until(() => listener.sockets.size === 0, 'no connection')
  })

  test('stays as long as its session may be silent, though that came after the last that was heard', async () => {
    const connection = await silent()
    const openedMs = monotonicNowMs()
    sessionTimeoutMs = 200_000

    for (let afterMs = 10_000; afterMs < 190_000; afterMs += 10_000) listener.tick(openedMs + afterMs, 0)
    connection.socket.write('ruok')
    await connection.received(Buffer.from('imok').toString('hex'))
  })

  test('is closed when its session has been silent for too long, too', async () => {
    await silent()
    const openedMs = monotonicNowMs()
    sessionTimeoutMs = 200_000

    for (let afterMs = 10_000; afterMs <= 400_000; afterMs += 10_000) listener.tick(openedMs + afterMs, 0)

    await until(() => listener.sockets.size === 0, 'no connection')
  })
})

describe('connections after the first ones', () => {
  /** From here on they are bare sockets: one has been read from, and one has been answered by bytes. */
  async function learn(): Promise<void> {
    const first = await dial(listener.port)
    first.socket.write(Buffer.alloc(4))
    await until(() => listener.sockets.size === 1 && listener.sockets.values()[0]?.isHandshakeSeen === true, 'a frame')
    const [socket] = listener.sockets.values()
    socket?.output.writeBytes(Buffer.from('reply'))
    socket?.flush()
    await first.received(Buffer.from('reply').toString('hex'))
    first.socket.destroy()
    await until(() => listener.sockets.size === 0, 'no connection')
  }

  async function open() {
    const connection = await dial(listener.port)
    closers.push(() => connection.socket.destroy())
    return connection
  }

  test('are bare sockets, with the address and port of the client', async () => {
    await learn()
    const { socket } = await open()
    await until(() => listener.sockets.size === 1, 'a connection')

    const [known] = listener.sockets.values()
    expect(known?.transport).toBeInstanceOf(BareSocket)
    expect([known?.remoteAddress, known?.remotePort]).toEqual(['127.0.0.1', socket.localPort])
  })

  test('are answered four-letter words, also in pieces and by clients that have ended their side', async () => {
    await learn()
    expect(await isAnswered(listener.port)).toBe(true)
    const slow = await open()
    slow.socket.write('ru')
    await until(() => listener.sockets.values()[0]?.firstBytes?.length === 2, 'the first half')
    slow.socket.end('ok')
    await slow.received(Buffer.from('imok').toString('hex'))
    await until(() => listener.sockets.size === 0, 'no connection')
  })

  test('are refused beyond maxClientCnxns, and let in again when others have gone', async () => {
    await learn()
    const connections = [await open(), await open(), await open()]
    await until(() => listener.sockets.size === 3, 'three connections')
    const refused = await open()
    await until(() => refused.isEnded, 'the end')
    connections[0]?.socket.destroy()
    await until(() => listener.sockets.size === 2, 'two connections')

    expect(log.count('Too many connections from 127.0.0.1 - max is 3')).toBe(1)
    expect(metrics.connectionRejected.value).toBe(1)
    expect(metrics.connectionDropCount.value).toBe(2)
    expect(await isAnswered(listener.port)).toBe(true)
  })

  test('are told to the core when they open, and when they have gone', async () => {
    await learn()
    await until(() => loop.isIdle, 'a step')
    inputKinds = []
    const { socket } = await open()
    await until(() => listener.sockets.size === 1, 'a connection')
    socket.resetAndDestroy()
    await until(() => listener.sockets.size === 0, 'no connection')

    await until(() => loop.isIdle, 'a step')
    expect(inputKinds).toEqual([InputKind.connectionOpened, InputKind.connectionClosed])
    expect(log.count('read ECONNRESET')).toBe(1)
  })
})
