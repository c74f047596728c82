import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../src/core/metrics.ts'
import { ClientListener } from '../../src/server/client-listener.ts'
import { EventLoop, monotonicNowMs } from '../../src/server/event-loop.ts'
import { dial, freePort, RawPort, RecordingLogger, until } from './quorum/support.ts'

let loop: EventLoop
let log: RecordingLogger
let listener: ClientListener
let sessionTimeoutMs: number | null = null
const closers: (() => void)[] = []

beforeEach(async () => {
  sessionTimeoutMs = null
  loop = new EventLoop(
    1000,
    () => undefined,
    () => undefined
  )
  log = new RecordingLogger()
  const options = {
    plainPlace: { port: 0, address: '127.0.0.1' },
    securePlace: null,
    secure: null,
    isPortUnified: false,
    backlog: null,
    maxClientCnxns: 0,
    maxCnxns: 0,
    keepAlive: false,
    frameBytesMax: 1000,
    sessionlessTimeoutMs: 60_000
  }
  const ports = {
    fourLetterWord: (bytes: Buffer) => (bytes.toString() === 'ruok' ? 'imok' : null),
    isServing: () => true,
    sessionTimeoutMs: () => sessionTimeoutMs,
    metrics: createMetrics()
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
