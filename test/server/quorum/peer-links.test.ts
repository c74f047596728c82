import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { LinkId } from '../../../src/core/zab/peer-link.ts'
import { LeaderConnector } from '../../../src/server/quorum/leader-connector.ts'
import { LearnerPort } from '../../../src/server/quorum/learner-port.ts'
import { PeerLinks } from '../../../src/server/quorum/peer-links.ts'
import { plainTransport } from '../../../src/server/quorum/peer-transport.ts'
import { dial, freePort, portOf, RawPort, RecordingLogger, until } from './support.ts'

const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const LINK = -1 as LinkId
const LINK_OTHER = -2 as LinkId

function newLinks(unsentBytesMax?: number) {
  const told: string[] = []
  const received: Buffer[] = []
  const log = new RecordingLogger()
  const links = new PeerLinks(
    {
      opened: (link, address) => told.push(`opened ${link} ${address.replace(/\d+$/, 'port')}`),
      received: (_, buffer, count) => received.push(Buffer.from(buffer.subarray(0, count))),
      closed: (link) => told.push(`closed ${link}`),
      drained: (link) => told.push(`drained ${link}`)
    },
    log,
    unsentBytesMax
  )
  closers.push(() => links.closeAll())
  const text = (): string => Buffer.concat(received).toString()
  return { links, told, log, text }
}

function unexpected(problem: string): void {
  throw new Error(problem)
}

const SOCKETS = { noDelay: true, keepAlive: true, authenticationTimeoutMs: 60_000 }

async function openPort(unsentBytesMax?: number) {
  const parts = newLinks(unsentBytesMax)
  const port = new LearnerPort({ ...SOCKETS, listenOnAllIps: false }, parts.links, plainTransport, null, parts.log)
  closers.push(() => port.close())
  port.open([{ host: '127.0.0.1', quorumPort: 0, electionPort: 1 }], unexpected)
  await until(() => port.boundPorts.length === 1, 'a port')
  const learner = async () => {
    const before = parts.told.length
    const connection = await dial(port.boundPorts[0] ?? 0)
    await until(() => parts.told.length > before, 'an opened link')
    return connection
  }
  return { ...parts, port, learner }
}

function newConnector(settings: { limitMs?: number; retryDelayMs?: number } = {}) {
  const parts = newLinks()
  const connector = new LeaderConnector(
    { limitMs: 60_000, retryDelayMs: 20, ...SOCKETS, ...settings },
    parts.links,
    plainTransport,
    null,
    parts.log
  )
  const connect = (link: LinkId, ...ports: number[]): void =>
    connector.connect(
      link,
      3,
      ports.map((quorumPort) => ({ host: '127.0.0.1', quorumPort, electionPort: 1 }))
    )
  return { ...parts, connect }
}

const LINK_1 = 1 as LinkId

describe('links that learners open', () => {
  test('are numbered from 1 on, and are told with their address', async () => {
    const { told, learner } = await openPort()

    await learner()
    await learner()

    expect(told).toEqual(['opened 1 127.0.0.1:port', 'opened 2 127.0.0.1:port'])
  })

  test('deliver bytes as they come, and that the other side is gone', async () => {
    const { told, text, learner } = await openPort()
    const connection = await learner()

    connection.socket.end('FOLLOWERINFO')

    await until(() => told.includes('closed 1'), 'closed')
    expect(text()).toBe('FOLLOWERINFO')
  })

  test('send what was written in a step at its end', async () => {
    const { links, learner } = await openPort()
    const connection = await learner()

    links.linkWriter(LINK_1).writeInt(1)
    links.linkWriter(LINK_1).writeInt(2)
    links.flush()

    await connection.received('0000000100000002')
  })

  test('are read and written past the streams of their sockets', async () => {
    const { links, text } = newLinks()
    const server = createServer((accepted) => {
      links.accept(accepted)
      told.push(accepted)
    })
    const told: Socket[] = []
    closers.push(() => server.close())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const connection = await dial(portOf(server))
    await until(() => told.length === 1, 'a link')
    // The first write is the one that others are learnt from.
    links.linkWriter(LINK_1).writeInt(1)
    links.flush()
    const write = jest.spyOn(told[0] as Socket, 'write')

    links.linkWriter(LINK_1).writeInt(2)
    links.flush()
    connection.socket.write('ACK')

    await connection.received('0000000100000002')
    await until(() => text() === 'ACK', 'bytes')
    expect(write).not.toHaveBeenCalled()
    expect(told[0]?.listenerCount('data')).toBe(0)
  })

  test('that are closed get what was written before, and tell nothing after', async () => {
    const { links, learner, told, text } = await openPort()
    const connection = await learner()

    links.linkWriter(LINK_1).writeInt(7)
    links.closeLink(LINK_1, 'a test')
    links.linkWriter(LINK_1).writeInt(8)
    connection.socket.write('too late')
    links.flush()

    await until(() => connection.isClosed, 'closed')
    expect(connection.hex).toBe('00000007')
    expect(told).toEqual(['opened 1 127.0.0.1:port'])
    expect(text()).toBe('')
  })

  test('a link that is gone has a writer all the same', () => {
    const { links } = newLinks()

    links.linkWriter(9 as LinkId).writeInt(1)
    links.awaitLinkDrained(9 as LinkId)
    links.closeLink(9 as LinkId, 'a test')

    expect(() => links.flush()).not.toThrow()
  })

  test('tell when what was written has been sent: at once if the other side takes it', async () => {
    const { links, told, learner } = await openPort()
    await learner()

    links.linkWriter(LINK_1).writeInt(1)
    links.awaitLinkDrained(LINK_1)
    links.flush()

    expect(told).toContain('drained 1')
  })

  test('tell it later if the other side reads later, and everything arrives in order', async () => {
    const { links, told, learner } = await openPort()
    const connection = await learner()
    connection.socket.pause()
    const sent: Buffer[] = []
    for (let step = 0; step < 60; step++) {
      const piece = Buffer.alloc(step % 2 === 0 ? 300_000 : 1000, step)
      sent.push(piece)
      links.linkWriter(LINK_1).writeBytes(piece)
      links.flush()
      await new Promise((resolve) => setImmediate(resolve))
    }
    links.awaitLinkDrained(LINK_1)
    links.flush()
    expect(told).not.toContain('drained 1')

    connection.socket.resume()

    await until(() => told.includes('drained 1'), 'drained')
    const expected = Buffer.concat(sent)
    await until(() => connection.bytes.length === expected.length, 'all bytes')
    expect(connection.bytes.equals(expected)).toBe(true)
  })

  test('that take nothing are closed when more than the limit waits', async () => {
    const { links, told, log, learner } = await openPort(4_000_000)
    const connection = await learner()
    connection.socket.pause()

    for (let step = 0; step < 100 && !told.includes('closed 1'); step++) {
      links.linkWriter(LINK_1).writeBytes(Buffer.alloc(1_000_000))
      links.flush()
      await new Promise((resolve) => setImmediate(resolve))
    }

    expect(told).toEqual(['opened 1 127.0.0.1:port', 'closed 1'])
    expect(log.count('does not take what is sent')).toBe(1)
    connection.socket.destroy()
  })

  test('stay when the port is closed, and new ones come when it is open again', async () => {
    const { links, told, text, port, learner } = await openPort()
    const connection = await learner()

    port.close()
    connection.socket.write('still here')
    await until(() => text() === 'still here', 'bytes')
    port.open([{ host: '127.0.0.1', quorumPort: 0, electionPort: 1 }], unexpected)
    await until(() => port.boundPorts.length === 1, 'a port')
    await learner()

    expect(told).toEqual(['opened 1 127.0.0.1:port', 'opened 2 127.0.0.1:port'])
    expect(links.count).toBe(2)
  })
})

describe('the quorum port', () => {
  test('that is taken is told of at once, and listens nowhere', async () => {
    const taken = await RawPort.open()
    closers.push(() => taken.close())
    const parts = newLinks()
    const port = new LearnerPort({ ...SOCKETS, listenOnAllIps: false }, parts.links, plainTransport, null, parts.log)
    closers.push(() => port.close())
    const problems: string[] = []

    port.open([{ host: '127.0.0.1', quorumPort: taken.port, electionPort: 1 }], (problem) => problems.push(problem))
    await until(() => problems.length === 1, 'the problem')

    expect(problems[0]).toMatch(/^the quorum port cannot be opened: .*EADDRINUSE.*127\.0\.0\.1/)
    expect(parts.log.count('cannot listen')).toBe(1)
    expect(port.boundPorts).toEqual([])
  })

  test('that is taken at one of two addresses listens at the other', async () => {
    const taken = await RawPort.open()
    closers.push(() => taken.close())
    const parts = newLinks()
    const port = new LearnerPort({ ...SOCKETS, listenOnAllIps: false }, parts.links, plainTransport, null, parts.log)
    closers.push(() => port.close())

    const at = (quorumPort: number) => ({ host: '127.0.0.1', quorumPort, electionPort: 1 })
    port.open([at(taken.port), at(0)], unexpected)
    await until(() => port.boundPorts.length === 1 && parts.log.count('cannot listen') === 1, 'both attempts')

    expect(port.boundPorts).toHaveLength(1)
  })
})

describe('the port for observers', () => {
  test('opens as soon as it is free', async () => {
    const taken = await RawPort.open()
    const { port: number } = taken
    const parts = newLinks()
    const port = new LearnerPort({ ...SOCKETS, listenOnAllIps: true }, parts.links, plainTransport, null, parts.log)
    closers.push(() => port.close())

    port.open([{ host: '127.0.0.1', quorumPort: 1, electionPort: 1 }], unexpected, number)
    await until(() => parts.log.count('cannot listen') === 1, 'an attempt that failed')
    taken.close()

    await until(() => port.boundPorts.length === 1, 'a port')
    expect(port.boundPorts).toEqual([number])
  })

  test('that is closed while it cannot be bound is not opened later', async () => {
    const taken = await RawPort.open()
    const { port: number } = taken
    const parts = newLinks()
    const port = new LearnerPort({ ...SOCKETS, listenOnAllIps: false }, parts.links, plainTransport, null, parts.log)

    port.open([{ host: '127.0.0.1', quorumPort: 1, electionPort: 1 }], unexpected, number)
    await until(() => parts.log.count('cannot listen') === 1, 'an attempt that failed')
    port.close()
    // Another one shows that the time of a second attempt has come and gone.
    const other = newLinks()
    const otherPort = new LearnerPort(
      { ...SOCKETS, listenOnAllIps: false },
      other.links,
      plainTransport,
      null,
      other.log
    )
    closers.push(
      () => otherPort.close(),
      () => taken.close()
    )
    otherPort.open([{ host: '127.0.0.1', quorumPort: 1, electionPort: 1 }], unexpected, number)
    await until(() => other.log.count('cannot listen') === 2, 'a second attempt')

    expect(parts.log.count('cannot listen')).toBe(1)
    expect(parts.log.count('listening on')).toBe(0)
  })
})

describe('the link to a leader', () => {
  test('has the name that it was given, and talks both ways', async () => {
    const leader = await RawPort.open()
    closers.push(() => leader.close())
    const { links, told, text, connect } = newConnector()

    connect(LINK, leader.port)
    await until(() => told.length === 1, 'opened')
    links.linkWriter(LINK).writeInt(11)
    links.flush()
    const connection = await leader.connection(0)
    await connection.received('0000000b')
    connection.socket.write('LEADERINFO')

    await until(() => text() === 'LEADERINFO', 'bytes')
    expect(told).toEqual(['opened -1 127.0.0.1:port'])
  })

  test('is tried again while the leader does not listen yet', async () => {
    const port = await freePort()
    const { told, log, connect } = newConnector({ retryDelayMs: 50 })

    connect(LINK, port)
    await until(() => log.count('cannot connect to server') === 2, 'two attempts')
    const leader = await RawPort.open(port)
    closers.push(() => leader.close())

    await until(() => told.length === 1, 'opened')
    expect(told).toEqual(['opened -1 127.0.0.1:port'])
  })

  test('is given up after five attempts', async () => {
    const { told, log, connect } = newConnector()

    connect(LINK, await freePort())

    await until(() => told.length === 1, 'closed')
    expect(told).toEqual(['closed -1'])
    // Four in quick succession, then five as upstream has them.
    expect(log.count('cannot connect to server')).toBe(9)
  })

  test('is given up when the limit would pass before the next attempt', async () => {
    const { told, log, connect } = newConnector({ limitMs: 60, retryDelayMs: 50 })

    connect(LINK, await freePort())

    await until(() => told.length === 1, 'closed')
    expect(log.count('cannot connect to server')).toBeLessThanOrEqual(6)
  })

  test('uses the address of several that answers', async () => {
    const leader = await RawPort.open()
    closers.push(() => leader.close())
    const { told, connect } = newConnector()

    connect(LINK, await freePort(), leader.port)

    await until(() => told.length === 1, 'opened')
    expect(told).toEqual(['opened -1 127.0.0.1:port'])
  })

  test('that is closed while it is being made is never heard of', async () => {
    const port = await freePort()
    const { links, told, log, connect } = newConnector({ retryDelayMs: 50 })

    connect(LINK, port)
    await until(() => log.count('cannot connect to server') === 1, 'an attempt')
    links.closeLink(LINK, 'a test')
    const leader = await RawPort.open(port)
    closers.push(() => leader.close())
    connect(LINK_OTHER, port)
    await until(() => told.length > 0, 'another link')

    await leader.connection(0)
    expect(told).toEqual(['opened -2 127.0.0.1:port'])
    expect(leader.connections).toHaveLength(1)
  })

  test('with no address is closed', async () => {
    const { told, connect } = newConnector()

    connect(LINK)

    await until(() => told.length === 1, 'closed')
    expect(told).toEqual(['closed -1'])
  })
})
