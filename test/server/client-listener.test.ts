import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createMetrics } from '../../src/core/metrics.ts'
import { ClientListener } from '../../src/server/client-listener.ts'
import { EventLoop } from '../../src/server/event-loop.ts'
import { dial, freePort, RawPort, RecordingLogger, until } from './quorum/support.ts'

let loop: EventLoop
let log: RecordingLogger
let listener: ClientListener
const closers: (() => void)[] = []

beforeEach(async () => {
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
    sessionTimeoutMs: () => null,
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
