import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { LinkId } from '../../../src/core/zab/peer-link.ts'
import type { PatientClientExchange } from '../../../src/sasl/node/patient-client-exchange.ts'
import { encodeHandshake } from '../../../src/server/quorum/election-handshake.ts'
import { ElectionLinks, type ElectionLinksSettings } from '../../../src/server/quorum/election-links.ts'
import { LeaderConnector } from '../../../src/server/quorum/leader-connector.ts'
import { LearnerPort } from '../../../src/server/quorum/learner-port.ts'
import { PeerLinks } from '../../../src/server/quorum/peer-links.ts'
import { plainTransport } from '../../../src/server/quorum/peer-transport.ts'
import { jaasAuthentication } from '../../../src/server/quorum/sasl/jaas-authentication.ts'
import type { PeerAuthentication } from '../../../src/server/quorum/sasl/peer-authentication.ts'
import { configOf, dial, freePort, memberAt, RawPort, RecordingLogger, until } from './support.ts'

let folder: string
const closers: (() => void)[] = []
const SOCKETS = { noDelay: true, keepAlive: true, authenticationTimeoutMs: 60_000 }
/** For an exchange that is to take too long. */
const SHORT_MS = 300
const MAGIC = '5f2435013501edcc'
const ERROR = `${MAGIC}ffffffff00000000`
const BEGINNING = `${MAGIC}0000000000000000`
/** What no client sends. */
const NONSENSE = `${MAGIC}00000000000000026162`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-authentication-'))
  for (const password of Object.values(PASSWORDS)) {
    writeFileSync(
      join(folder, password),
      'QuorumServer { DigestLoginModule required user_one="s3cret"; };\n' +
        `QuorumLearner { DigestLoginModule required username="one" password="${password}"; };\n`
    )
  }
})

afterAll(() => rmSync(folder, { recursive: true }))

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const PASSWORDS = { right: 's3cret', wrong: 'gue55' } as const

interface Required {
  readonly learner?: boolean
  readonly server?: boolean
  readonly password?: keyof typeof PASSWORDS
}

function authenticationOf({ learner = true, server = true, password = 'right' }: Required = {}): PeerAuthentication {
  const sections = { learnerSection: 'QuorumLearner', serverSection: 'QuorumServer' }
  const others = { isFipsMode: false, servicePrincipal: 'zkquorum/localhost' }
  const jaasFile = join(folder, PASSWORDS[password])
  const settings = { ...sections, ...others, jaasFile, isLearnerRequired: learner, isServerRequired: server }
  return jaasAuthentication(settings, new Map(), () => [])
}

function newLinks() {
  const [told, log]: [string[], RecordingLogger] = [[], new RecordingLogger()]
  let text = ''
  const links = new PeerLinks(
    {
      opened: (link) => told.push(`opened ${link}`),
      received: (_, buffer, count) => {
        text += buffer.toString('latin1', 0, count)
      },
      closed: (link) => told.push(`closed ${link}`),
      drained: () => undefined
    },
    log
  )
  closers.push(() => links.closeAll())
  return { links, told, log, text: () => text }
}

/** A leader's port. */
async function openPort(
  authentication: PeerAuthentication | null,
  authenticationTimeoutMs = SOCKETS.authenticationTimeoutMs
) {
  const parts = newLinks()
  const port = new LearnerPort(
    { ...SOCKETS, authenticationTimeoutMs, listenOnAllIps: false },
    parts.links,
    plainTransport,
    authentication,
    parts.log
  )
  closers.push(() => port.close())
  port.open([{ host: '127.0.0.1', quorumPort: 0, electionPort: 1 }], (problem) => {
    throw new Error(problem)
  })
  await until(() => port.boundPorts.length === 1, 'a port')
  return { ...parts, port: port.boundPorts[0] ?? 0, close: () => port.close() }
}

/** A learner that connects to it. */
function connectTo(
  port: number,
  authentication: PeerAuthentication | null,
  authenticationTimeoutMs = SOCKETS.authenticationTimeoutMs
) {
  const parts = newLinks()
  const settings = { limitMs: 60_000, retryDelayMs: 20, ...SOCKETS, authenticationTimeoutMs }
  const connector = new LeaderConnector(settings, parts.links, plainTransport, authentication, parts.log)
  connector.connect(-1 as LinkId, 3, [{ host: '127.0.0.1', quorumPort: port, electionPort: 1 }])
  const say = (text: string): void => {
    parts.links.linkWriter(-1 as LinkId).writeBytes(Buffer.from(text))
    parts.links.flush()
  }
  return { ...parts, say }
}

describe('a leader that requires authentication', () => {
  test('takes a learner with the right password, and what that says behind it', async () => {
    const leader = await openPort(authenticationOf())

    const learner = connectTo(leader.port, authenticationOf())
    await until(() => learner.told.includes('opened -1'), 'the learner connected')
    learner.say('hello')

    await until(() => leader.text() === 'hello', 'what the learner says')
    expect(leader.told).toEqual(['opened 1'])
    expect(learner.log.count('authenticated')).toBe(1)
  })

  test('turns a wrong password away: one line each, and no link', async () => {
    const leader = await openPort(authenticationOf())

    const learner = connectTo(leader.port, authenticationOf({ password: 'wrong' }))

    await until(() => learner.told.includes('closed -1'), 'the learner gave up')
    expect(leader.told).toEqual([])
    expect(leader.log.count('failed to authenticate itself')).toBe(1)
    expect(learner.log.count('cannot authenticate to server 3')).toBe(1)
    expect([...leader.log.lines, ...learner.log.lines].join()).not.toMatch(/s3cret|gue55/)
  })

  test.each([
    {
      what: 'a packet of a learner',
      hex: '0000000b00000000',
      line: 'it does not authenticate itself',
      limitMs: 60_000
    },
    {
      what: 'the beginning of an exchange',
      hex: MAGIC.slice(0, 6),
      line: 'it did not authenticate itself within 300 ms',
      limitMs: SHORT_MS
    },
    {
      what: 'a token beyond all measure',
      hex: `${MAGIC}000000007fffffff`,
      line: "the token's length 2147483647 is out of range",
      limitMs: 60_000
    },
    { what: 'an unknown status', hex: `${MAGIC}0000000700000000`, line: 'the status 7 is unknown', limitMs: 60_000 },
    {
      what: 'nonsense for a response',
      hex: BEGINNING + NONSENSE,
      line: 'failed to authenticate itself',
      limitMs: 60_000
    }
  ])('closes one that sends $what', async ({ hex, line, limitMs }) => {
    const leader = await openPort(authenticationOf(), limitMs)

    const raw = await dial(leader.port)
    raw.write(hex)

    await raw.closed()
    expect(leader.log.count(line)).toBe(1)
    expect(leader.told).toEqual([])
  })

  test('keeps at most 100 that do not go on', async () => {
    const leader = await openPort(authenticationOf(), 60_000)

    const first = await dial(leader.port)
    for (let index = 0; index < 100; index++) await dial(leader.port)

    await first.closed()
    expect(leader.log.count('more than 100 connections of servers have not authenticated themselves')).toBe(1)
    leader.close()
  })
})

describe('a leader that takes authentication and does not require it', () => {
  test('serves a learner without', async () => {
    const leader = await openPort(authenticationOf({ server: false }))

    const learner = connectTo(leader.port, authenticationOf({ learner: false, server: false }))
    await until(() => learner.told.includes('opened -1'), 'the learner connected')
    learner.say('\0hello')

    await until(() => leader.text() === '\0hello', 'what the learner says')
  })

  test('tells one with a wrong password, and takes what it sends next', async () => {
    const leader = await openPort(authenticationOf({ server: false }))
    const raw = await dial(leader.port)

    raw.write(BEGINNING + NONSENSE)
    await raw.received(ERROR)
    raw.write('6162')

    await until(() => leader.text() === 'ab', 'what it says')
    expect(leader.log.count('it is served all the same')).toBe(1)
  })
})

describe('a learner that authenticates itself', () => {
  async function atRaw(answers: readonly string[], limitMs?: number) {
    const raw = await RawPort.open()
    closers.push(() => raw.close())
    const learner = connectTo(raw.port, authenticationOf(), limitMs)
    const connection = await raw.connection(0)
    await connection.received(BEGINNING)
    for (const answer of answers) connection.write(answer)
    await until(() => learner.told.includes('closed -1'), 'the learner gave up')
    return learner.log
  }

  test.each([
    { what: 'says that all is well at once', hex: `${MAGIC}0000000100000000`, line: 'the challenge has no nonce' },
    { what: 'sends a packet of a leader', hex: '0000001100000001', line: 'no packet of a SASL exchange' },
    { what: 'says no', hex: ERROR, line: 'it refuses the login of this server' }
  ])('gives up a leader that $what', async ({ hex, line }) => {
    const log = await atRaw([hex])

    expect(log.count('cannot authenticate to server 3')).toBe(1)
    expect(log.count(line)).toBe(1)
  })

  test('may take its time over its answers', async () => {
    const leader = await openPort(authenticationOf())

    const learner = connectTo(leader.port, patient(authenticationOf()))
    await until(() => learner.told.includes('opened -1'), 'the learner connected')
    learner.say('hello')

    await until(() => leader.text() === 'hello', 'what it says')
  })

  test('gives up where it has nothing to show', async () => {
    const leader = await openPort(authenticationOf())
    const failing = { ...authenticationOf(), newClient: () => ({ ...withoutTicket, evaluate: neverAsked }) }

    const learner = connectTo(leader.port, failing)
    await until(() => learner.told.includes('closed -1'), 'the learner gave up')

    expect(learner.log.count('cannot authenticate to server 3')).toBe(1)
    expect(learner.log.count('Kerberos: no ticket')).toBe(1)
  })

  test('gives up one that says nothing', async () => {
    expect((await atRaw([], SHORT_MS)).count('the SASL exchange took longer than 300 ms')).toBe(1)
  })
})

/** As Kerberos: what it says takes a turn or two. */
function patient(authentication: PeerAuthentication): PeerAuthentication {
  const newClient = (host: string): PatientClientExchange | null => {
    const exchange = authentication.newClient(host)
    if (exchange === null) return null
    return {
      mechanism: exchange.mechanism,
      initialResponse: async () => exchange.initialResponse(),
      evaluate: async (challenge) => exchange.evaluate(challenge)
    }
  }
  return { ...authentication, newClient }
}

const withoutTicket = {
  mechanism: 'GSSAPI',
  initialResponse: (): Promise<Uint8Array> => Promise.reject(new Error('Kerberos: no ticket'))
}

function neverAsked(): never {
  throw new Error('the exchange has not begun')
}

function settingsOf(sid: number): ElectionLinksSettings {
  return {
    sid,
    listenOnAllIps: false,
    multiAddressEnabled: false,
    reachabilityTimeoutMs: null,
    bindTries: 1,
    connectTimeoutMs: 60_000,
    handshakeTimeoutMs: 60_000,
    keepAlive: true
  }
}

describe('election connections', () => {
  async function startTwo(one: PeerAuthentication | null, two: PeerAuthentication | null) {
    const ports = [await freePort(), await freePort()]
    const config = configOf(memberAt(1, ports[0] ?? 0), memberAt(2, ports[1] ?? 0))
    const heard: string[] = []
    const servers = [one, two].map((authentication, index) => {
      const log = new RecordingLogger()
      const links = new ElectionLinks(
        settingsOf(index + 1),
        config,
        null,
        {
          onNotification: (from, bytes) => heard.push(`${from}>${index + 1} ${bytes.toString()}`),
          onUnbound: (error) => {
            throw error
          },
          transport: plainTransport,
          authentication
        },
        log
      )
      closers.push(() => links.close())
      return { links, log }
    })
    for (const { links } of servers) await links.listen()
    return { first: servers[0] as (typeof servers)[0], second: servers[1] as (typeof servers)[0], heard }
  }

  test('carry messages of both servers once they have authenticated themselves', async () => {
    const { first, second, heard } = await startTwo(authenticationOf(), authenticationOf())

    first.links.send(2, Buffer.from('a'))
    await until(() => heard.includes('1>2 a'), 'what the smaller one says')
    second.links.send(1, Buffer.from('b'))

    await until(() => heard.includes('2>1 b'), 'what the larger one says')
    expect([...first.log.lines, ...second.log.lines].filter((line) => line.startsWith('warn'))).toEqual([])
  })

  test('are made with a server that does not authenticate itself where that is not required', async () => {
    const { first, second, heard } = await startTwo(null, authenticationOf({ learner: false, server: false }))

    first.links.send(2, Buffer.from('a'))
    await until(() => heard.includes('1>2 a'), 'what the smaller one says')
    second.links.send(1, Buffer.from('b'))

    await until(() => heard.includes('2>1 b'), 'what the larger one says')
  })

  test('with one that waits to be spoken to, and does not authenticate itself, are made soon where that is not required', async () => {
    const larger = await RawPort.open()
    closers.push(() => larger.close())
    const [own, log] = [await freePort(), new RecordingLogger()]
    const links = new ElectionLinks(
      settingsOf(1),
      configOf(memberAt(1, own), memberAt(2, larger.port)),
      null,
      {
        onNotification: () => undefined,
        onUnbound: () => undefined,
        transport: plainTransport,
        authentication: authenticationOf({ learner: false, server: false })
      },
      log
    )
    closers.push(() => links.close())
    await links.listen()
    links.send(2, Buffer.from('a'))
    await (await larger.connection(0)).closed()

    const callsBack = await dial(own)
    closers.push(() => callsBack.socket.destroy())
    callsBack.write(encodeHandshake(2, [{ host: '127.0.0.1', port: larger.port }], false).toString('hex'))

    await callsBack.received('0000000161')
  })

  test('are not made with a wrong password: one line each, however often it is tried', async () => {
    const { first, second, heard } = await startTwo(authenticationOf({ password: 'wrong' }), authenticationOf())

    for (let tries = 1; tries <= 8; tries++) {
      first.links.send(2, Buffer.from('a'))
      await until(() => first.log.count('cannot authenticate to server 2') >= Math.min(tries, 5), 'a refusal')
    }

    expect(heard).toEqual([])
    expect(first.log.count('cannot authenticate to server 2')).toBe(5)
    expect(second.log.count('failed to authenticate itself')).toBeLessThanOrEqual(5)
  })
})
