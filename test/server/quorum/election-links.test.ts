import { Socket } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { encodeHandshake } from '../../../src/server/quorum/election-handshake.ts'
import { ElectionLinks, type ElectionLinksSettings } from '../../../src/server/quorum/election-links.ts'
import { type Connect, type PeerTransport, plainTransport } from '../../../src/server/quorum/peer-transport.ts'
import {
  configOf,
  dial,
  freePort,
  isRefused,
  memberAt,
  type RawConnection,
  RawPort,
  RecordingLogger,
  until
} from './support.ts'

interface Notification {
  readonly from: number
  readonly text: string
}

const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const settingsOf = (sid: number): ElectionLinksSettings => ({
  sid,
  listenOnAllIps: false,
  multiAddressEnabled: false,
  reachabilityTimeoutMs: null,
  bindTries: 3,
  connectTimeoutMs: 60_000,
  handshakeTimeoutMs: 60_000,
  keepAlive: false
})

async function rawPort(): Promise<RawPort> {
  const port = await RawPort.open()
  closers.push(() => port.close())
  return port
}

async function startLinks(
  sid: number,
  config: EnsembleConfig,
  settings: Partial<ElectionLinksSettings> = {},
  transport: PeerTransport = plainTransport
) {
  const heard: Notification[] = []
  const log = new RecordingLogger()
  const links = new ElectionLinks(
    { ...settingsOf(sid), ...settings },
    config,
    null,
    {
      onNotification: (from, bytes) => heard.push({ from, text: bytes.toString() }),
      onUnbound: (error) => {
        throw error
      },
      transport,
      authentication: null
    },
    log
  )
  closers.push(() => links.close())
  await links.listen()
  return { links, heard, log, port: links.boundPorts[0] ?? 0 }
}

/** A server under test with this sid, and a test's own port in the place of another one. */
async function pair(ownSid: number, otherSid: number, settings: Partial<ElectionLinksSettings> = {}) {
  const other = await rawPort()
  const ownPort = await freePort()
  const config = configOf(memberAt(ownSid, ownPort), memberAt(otherSid, other.port))
  const own = await startLinks(ownSid, config, settings)
  return { ...own, other, config }
}

const handshakeHex = (sid: number, port: number): string =>
  encodeHandshake(sid, [{ host: '127.0.0.1', port }], false).toString('hex')

const frameHex = (text: string): string => {
  const bytes = Buffer.alloc(4 + text.length)
  bytes.writeInt32BE(text.length)
  bytes.write(text, 4)
  return bytes.toString('hex')
}

/** First frames of fixtures/quorum/01-first-start.jsonl. */
const RECORDED_HANDSHAKE_OF_1 = 'ffffffffffff000000000000000000010000000f3132372e302e302e313a3232303132'

describe('the order of handshakes, as recorded', () => {
  test('the smaller id calls, both close, the larger one calls back and its connection is kept', async () => {
    const { links, heard, other, port } = await pair(1, 3)

    links.send(3, Buffer.from('hello'))
    const first = await other.connection(0)
    await first.closed()

    expect(first.hex).toBe(handshakeHex(1, port))
    const back = await dial(port)
    back.write(handshakeHex(3, other.port))
    await back.received(frameHex('hello'))
    back.write(frameHex('vote'))
    await until(() => heard.length === 1, 'a notification')
    expect(heard).toEqual([{ from: 3, text: 'vote' }])
    expect(back.hex).toBe(frameHex('hello'))
  })

  test('a call of a smaller id is closed, and it is called back at the address that it gave', async () => {
    const other = await rawPort()
    const config = configOf(memberAt(1, await freePort()), memberAt(3, await freePort()))
    const { heard, port, links } = await startLinks(3, config)
    const recorded = RECORDED_HANDSHAKE_OF_1.replace(
      Buffer.from('22012').toString('hex'),
      Buffer.from(String(other.port)).toString('hex')
    )

    const call = await dial(port)
    call.write(recorded)
    await call.closed()
    const back = await other.connection(0)

    await back.received(handshakeHex(3, port))
    back.write(frameHex('from 1'))
    await until(() => heard.length === 1, 'a notification')
    expect(heard).toEqual([{ from: 1, text: 'from 1' }])
    expect(call.hex).toBe('')
    expect(links.connectedSids).toEqual([1])
  })

  test('the recorded handshake of server 1 is what server 1 sends', () => {
    expect(handshakeHex(1, 22012)).toBe(RECORDED_HANDSHAKE_OF_1)
  })

  test('a larger id keeps the connection that it opened, and sends on it', async () => {
    const { links, heard, other, port } = await pair(3, 1)

    links.send(1, Buffer.from('proposal'))
    const connection = await other.connection(0)

    await connection.received(handshakeHex(3, port) + frameHex('proposal'))
    connection.write(frameHex('answer'))
    await until(() => heard.length === 1, 'a notification')
    expect(connection.isEnded).toBe(false)
  })

  test('a second connection of a larger id replaces the first one', async () => {
    const { heard, other, port } = await pair(1, 3)

    const first = await dial(port)
    first.write(handshakeHex(3, other.port))
    first.write(frameHex('one'))
    await until(() => heard.length === 1, 'a notification')
    const second = await dial(port)
    second.write(handshakeHex(3, other.port))

    await first.closed()
    second.write(frameHex('two'))
    await until(() => heard.length === 2, 'a notification')
    expect(heard.map(({ text }) => text)).toEqual(['one', 'two'])
  })

  test.each([
    { version: 'of servers before 3.5: the id alone', hex: '0000000000000003' },
    {
      version: 'with several addresses',
      hex: encodeHandshake(
        3,
        [
          { host: '10.9.9.9', port: 1 },
          { host: '::1', port: 2 }
        ],
        true
      ).toString('hex')
    }
  ])('a handshake $version is understood, in one piece with the first message or byte by byte', async ({ hex }) => {
    const { heard, port } = await pair(1, 3)

    const whole = await dial(port)
    whole.write(hex + frameHex('whole'))
    await until(() => heard.length === 1, 'a notification')
    const pieces = await dial(port)
    for (const byte of Buffer.from(hex + frameHex('pieces'), 'hex')) {
      pieces.socket.write(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }

    await until(() => heard.length === 2, 'a notification')
    expect(heard).toEqual([
      { from: 3, text: 'whole' },
      { from: 3, text: 'pieces' }
    ])
  })

  test('a smaller id that gives an address that means all of a machine is called back as configured', async () => {
    const { other, port } = await pair(3, 1)

    const call = await dial(port)
    call.write(encodeHandshake(1, [{ host: '0.0.0.0', port: 1 }], false).toString('hex'))

    await (await other.connection(0)).received(handshakeHex(3, port))
  })
})

describe('messages', () => {
  test('of several for a server that cannot be reached only the newest is sent later', async () => {
    const { links, other, port } = await pair(1, 3)

    for (const text of ['old', 'older', 'newest']) links.send(3, Buffer.from(text))
    const back = await dial(port)
    back.write(handshakeHex(3, other.port))

    await back.received(frameHex('newest'))
    expect(back.hex).toBe(frameHex('newest'))
  })

  test('the last one is sent again to a new connection when none is queued', async () => {
    const { links, other, port } = await pair(1, 3)
    const first = await dial(port)
    first.write(handshakeHex(3, other.port))
    await until(() => links.connectedSids.length === 1, 'a connection')
    links.send(3, Buffer.from('last'))
    await first.received(frameHex('last'))

    const second = await dial(port)
    second.write(handshakeHex(3, other.port))

    await second.received(frameHex('last'))
  })

  test('a server that does not read gets the newest message when it does, and not all that were made', async () => {
    const { links, other, port } = await pair(1, 3)
    const reader = await dial(port)
    reader.write(handshakeHex(3, other.port))
    await until(() => links.connectedSids.length === 1, 'a connection')
    reader.socket.pause()

    const big = 'x'.repeat(500_000)
    for (let count = 0; count < 200; count++) {
      links.send(3, Buffer.from(big))
      await new Promise((resolve) => setImmediate(resolve))
    }
    links.send(3, Buffer.from('newest'))
    reader.socket.resume()

    await until(() => reader.bytes.subarray(-10).toString('hex') === frameHex('newest'), 'the newest message')
    expect(reader.bytes.length).toBeLessThan(200 * big.length)
  })

  test('to oneself arrive', async () => {
    const { links, heard } = await pair(1, 3)

    links.send(1, Buffer.from('me'))

    await until(() => heard.length === 1, 'a notification')
    expect(heard).toEqual([{ from: 1, text: 'me' }])
  })

  test('connecting is tried with each message, not by itself', async () => {
    const otherPort = await freePort()
    const config = configOf(memberAt(3, await freePort()), memberAt(1, otherPort))
    const { links, log, port } = await startLinks(3, config)

    links.send(1, Buffer.from('one'))
    await until(() => log.count('cannot connect to server 1') === 1, 'a line')
    const other = await RawPort.open(otherPort)
    closers.push(() => other.close())
    links.send(1, Buffer.from('two'))

    await (await other.connection(0)).received(handshakeHex(3, port) + frameHex('two'))
  })

  test('the address of several that answers is used', async () => {
    const other = await rawPort()
    const member = memberAt(1, other.port)
    const deaf = { host: '127.0.0.1', quorumPort: 1, electionPort: await freePort() }
    const config = configOf(memberAt(3, await freePort()), { ...member, addresses: [deaf, ...member.addresses] })
    const { links } = await startLinks(3, config, { multiAddressEnabled: true })

    links.send(1, Buffer.from('found'))

    await (await other.connection(0)).received(frameHex('found'))
  })
})

/** Of server 1 with two addresses, at one of which nothing is heard after a while. */
async function withTwoAddresses(reachabilityTimeoutMs: number | null) {
  const [first, second] = [await rawPort(), await RawPort.open(0, '127.0.0.2')]
  closers.push(() => second.close())
  const dead = new Set(['127.0.0.2'])
  const connect: Connect = (host, ...more) => (dead.has(host) ? new Socket() : plainTransport.connect(host, ...more))
  const transport: PeerTransport = { ...plainTransport, connect, probe: connect }
  const addresses = [first, second].map(({ port }, index) => ({
    host: `127.0.0.${index + 1}`,
    quorumPort: 1,
    electionPort: port
  }))
  const config = configOf(memberAt(3, await freePort()), { ...memberAt(1, 1), addresses })
  const settings = { multiAddressEnabled: true, reachabilityTimeoutMs }
  const { links, log } = await startLinks(3, config, settings, transport)
  links.send(1, Buffer.from('one'))
  await (await first.connection(0)).received(frameHex('one'))
  dead.clear()
  dead.add('127.0.0.1')
  return { links, log, first, second }
}

describe('a server with several addresses', () => {
  test('whose address goes dead is connected to by another one when there is something to send', async () => {
    const { links, log, first, second } = await withTwoAddresses(50)

    links.send(1, Buffer.from('two'))

    await (await second.connection(0)).received(frameHex('two'))
    await (await first.connection(0)).closed()
    expect(log.count('server 1 does not answer at 127.0.0.1 any more')).toBe(1)
    links.send(1, Buffer.from('three'))
    await (await second.connection(0)).received(frameHex('three'))
    // More than one where the check finds no time to be made in.
    await until(() => second.connections.length >= 2, 'the check of the second address')
    expect(links.connectedSids).toEqual([1])
  })

  test('is not asked where the check is off', async () => {
    const { links, first, second } = await withTwoAddresses(null)

    links.send(1, Buffer.from('two'))
    await (await first.connection(0)).received(frameHex('two'))

    expect(second.connections).toHaveLength(0)
  })
})

describe('two of them', () => {
  test('talk to each other whoever begins', async () => {
    const config = configOf(memberAt(1, await freePort()), memberAt(2, await freePort()))
    const one = await startLinks(1, config)
    const two = await startLinks(2, config)

    one.links.send(2, Buffer.from('from one'))
    two.links.send(1, Buffer.from('from two'))
    await until(() => two.heard.length > 0 && one.heard.length > 0, 'notifications')

    expect(one.heard[0]).toEqual({ from: 2, text: 'from two' })
    expect(two.heard[0]).toEqual({ from: 1, text: 'from one' })
  })
})

describe('servers that are in no configuration', () => {
  test('are heard and answered', async () => {
    const joiner = await rawPort()
    const { links, heard, port } = await pair(5, 3)

    const call = await dial(port)
    call.write(handshakeHex(2, joiner.port))
    const back = await joiner.connection(0)
    await back.received(handshakeHex(5, port))
    back.write(frameHex('may I'))
    await until(() => heard.length === 1, 'a notification')
    links.send(2, Buffer.from('yes'))

    await back.received(frameHex('yes'))
  })

  test('are connected to once a configuration that was seen has them', async () => {
    const joiner = await rawPort()
    const { links, config, port } = await pair(5, 3)

    links.setMembers(config, configOf(...config.members, memberAt(2, joiner.port)))

    await (await joiner.connection(0)).received(handshakeHex(5, port))
  })

  test('observers without an id get negative ones, each its own', async () => {
    const observers = [await rawPort(), await rawPort()] as const
    const { links, port } = await pair(5, 3)

    for (const { port: announced } of observers) {
      const call = await dial(port)
      const bytes = encodeHandshake(0, [{ host: '127.0.0.1', port: announced }], false)
      bytes.writeBigInt64BE(2n ** 63n - 1n, 8)
      call.write(bytes.toString('hex'))
    }

    for (const observer of observers) await observer.connection(0)
    await until(() => links.connectedSids.length === 2, 'two connections')
    expect(links.connectedSids.toSorted()).toEqual([-1, -2])
  })
})

describe('a change of the membership', () => {
  test('closes the connections, and a removed server may connect again', async () => {
    const { links, heard, other, port, config } = await pair(1, 3)
    const before = await dial(port)
    before.write(handshakeHex(3, other.port))
    await until(() => links.connectedSids.length === 1, 'a connection')

    links.setMembers(configOf(...config.members.filter(({ id }) => id === 1)), null)

    await before.closed()
    const again = await dial(port)
    again.write(handshakeHex(3, other.port) + frameHex('removed'))
    await until(() => heard.length === 1, 'a notification')
  })

  test('moves the port when the own address changes', async () => {
    const { links, port, config, other } = await pair(1, 3)
    const newPort = await freePort()

    links.setMembers(configOf(memberAt(1, newPort), ...config.members.filter(({ id }) => id !== 1)), null)

    await until(() => links.boundPorts[0] === newPort, 'the new port')
    const call = await dial(newPort)
    call.write(handshakeHex(3, other.port))
    await until(() => links.connectedSids.length === 1, 'a connection')
    expect(await isRefused(port)).toBe(true)
  })

  test('that leaves all members as they are closes nothing', async () => {
    const { links, other, port, config, heard } = await pair(1, 3)
    const connection = await dial(port)
    connection.write(handshakeHex(3, other.port))
    await until(() => links.connectedSids.length === 1, 'a connection')

    links.setMembers({ ...config, version: 7n }, null)
    connection.write(frameHex('still'))

    await until(() => heard.length === 1, 'a notification')
  })
})

describe('what no peer sends', () => {
  test.each([
    { what: 'an unknown version', hex: 'fffffffffffffffe0000000000000001' },
    { what: 'a negative length of addresses', hex: 'ffffffffffff00000000000000000003ffffffff' },
    { what: 'addresses of 2049 bytes', hex: 'ffffffffffff0000000000000000000300000801' },
    { what: 'an address without port', hex: 'ffffffffffff0000000000000000000300000003313233' },
    { what: 'the own id', hex: handshakeHex(1, 5) },
    { what: 'an id that no server has', hex: '7ffffffffffffffe' },
    { what: 'a message of length 0', hex: `${handshakeHex(3, 5)}00000000` },
    { what: 'a message of negative length', hex: `${handshakeHex(3, 5)}80000000` },
    { what: 'a message of 524289 bytes', hex: `${handshakeHex(3, 5)}00080001` }
  ])('$what closes that connection with a line, and nothing else', async ({ hex }) => {
    const { links, heard, log, port } = await pair(1, 3)

    const hostile = await dial(port)
    hostile.write(hex)
    await hostile.closed()

    await until(() => log.lines.some((line) => line.startsWith('warn')), 'a warning')
    const next = await dial(port)
    next.write(handshakeHex(3, 5) + frameHex('fine'))
    await until(() => heard.length === 1, 'a notification')
    expect(links.connectedSids).toEqual([3])
  })

  test('a message of 524288 bytes is taken', async () => {
    const { heard, port } = await pair(1, 3)

    const peer = await dial(port)
    peer.write(handshakeHex(3, 5))
    peer.socket.write(Buffer.from(frameHex('y'.repeat(524_288)), 'hex'))

    await until(() => heard.length === 1, 'a notification')
    expect(heard[0]?.text.length).toBe(524_288)
  })

  test('silence ends at the deadline', async () => {
    const { port, log } = await pair(1, 3, { handshakeTimeoutMs: 50 })

    const silent = await dial(port)
    silent.write('ffffffffffff0000')

    await silent.closed()
    expect(log.count('did not say who it is within 50 ms')).toBe(1)
  })

  test('more silent connections than allowed close the oldest, and peers get through', async () => {
    const { heard, port, log } = await pair(1, 3)

    const crowd: RawConnection[] = []
    for (let count = 0; count < 120; count++) crowd.push(await dial(port))
    await until(() => crowd.filter(({ isClosed, isEnded }) => isClosed || isEnded).length >= 20, 'the oldest closed')
    const peer = await dial(port)
    peer.write(handshakeHex(3, 5) + frameHex('through'))

    await until(() => heard.length === 1, 'a notification')
    for (const { socket } of crowd) socket.destroy()
    expect(log.count('have not said who they are')).toBeLessThanOrEqual(5)
  })
})

describe('binding', () => {
  test('is tried again while the port is taken', async () => {
    const taken = await RawPort.open()
    const { port } = taken
    const config = configOf(memberAt(1, port), memberAt(2, await freePort()))

    const starting = startLinks(1, config)
    setTimeout(() => taken.close(), 100)

    expect((await starting).links.boundPorts).toEqual([port])
  })

  test('fails after as many attempts as set', async () => {
    const taken = await rawPort()
    const config = configOf(memberAt(1, taken.port), memberAt(2, await freePort()))

    await expect(startLinks(1, config, { bindTries: 1 })).rejects.toThrow('EADDRINUSE')
  })
})

describe('a server that says of itself what the configuration does not', () => {
  test.each([
    { address: { host: '127.0.0.1', port: 1 }, isTold: true },
    { address: { host: '0.0.0.0', port: 1 }, isTold: false },
    { address: { host: '127.0.0.9', port: 0 }, isTold: true },
    { address: { host: '127.0.0.1', port: 0 }, isTold: false },
    { address: { host: '0.0.0.0', port: 0 }, isTold: false },
    { address: { host: 'some.name', port: 0 }, isTold: false }
  ])('such as $address: told $isTold', async ({ address, isTold }) => {
    const { links, other, port, log } = await pair(1, 3)
    const connection = await dial(port)

    // Port 0 stands for the configured one.
    const given = { ...address, port: address.port === 0 ? other.port : address.port }
    connection.write(encodeHandshake(3, [given], false).toString('hex'))
    await until(() => links.connectedSids.length === 1, 'a connection')

    expect(log.count('two servers with one myid')).toBe(isTold ? 1 : 0)
  })
})
