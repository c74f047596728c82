import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  answerFourLetterWord,
  argumentBytesOf,
  createFourLetterWords,
  fourLetterWordOf
} from '../../../src/admin/four-letter/four-letter-words.ts'
import { javaDate } from '../../../src/admin/java-text.ts'
import type { QuorumView, ServerView } from '../../../src/admin/server-view.ts'
import { FULL_VERSION } from '../../../src/admin/version.ts'
import { SizeStats } from '../../../src/core/instruments.ts'
import { fakeConnection, fakeServer, setSummary, settingsWith } from '../fake-server.ts'

const GOLDEN = join(__dirname, '..', 'golden')

/** What a real server answered, with our version in place of its own, and its clock's times marked alike. */
function golden(role: string, word: string): string {
  const text = readFileSync(join(GOLDEN, role, `${word}.txt`), 'utf8')
  return text
    .replace(/3\.9\.5-[0-9a-f]{40}, built on [-0-9: ]+ UTC/, FULL_VERSION)
    .replace(/expire at .*:$/gm, 'expire at TIME:')
}

function ask(view: ServerView, word: string, argument?: bigint): string {
  const entry = fourLetterWordOf(Buffer.from(word, 'latin1').readInt32BE(0))
  if (entry === null) throw new Error(`${word} is not a word`)
  return [...answerFourLetterWord(entry, view, argument)].join('').replace(/expire at .*:$/gm, 'expire at TIME:')
}

const session = fakeConnection(
  36480,
  { packetsReceived: 5, packetsSent: 5, sessionId: 0x100003760e90029n },
  {
    lastOperation: 'GETC',
    establishedMs: 1795392187079,
    timeoutMs: 10_000,
    lastCxid: 4,
    lastZxid: 0x1c4n,
    lastResponseMs: 3697659.7,
    avgLatencyMs: 5.9,
    maxLatencyMs: 16
  }
)

/** A connection that just asks a word. */
function asking(remotePort: number) {
  return fakeConnection(remotePort, { interestOps: 0, packetsReceived: 1 })
}

describe('a standalone server answers as a real one', () => {
  test('srvr', () => {
    const view = fakeServer({ connectionCount: 2, lastProcessedZxid: 0x1c4n, tree: { nodeCount: 104 } })
    setSummary(view.stats.requestLatency, 680, 3294, 0, 216)
    view.stats.packetsReceived.add(797)
    view.stats.packetsSent.add(846)

    expect(ask(view, 'srvr')).toBe(golden('standalone', 'srvr'))
  })

  test('stat', () => {
    const connections = [session, asking(36508)]
    const view = fakeServer({ connections, lastProcessedZxid: 0x1c4n, tree: { nodeCount: 104 } })
    setSummary(view.stats.requestLatency, 680, 3294, 0, 216)
    view.stats.packetsReceived.add(798)
    view.stats.packetsSent.add(847)

    expect(ask(view, 'stat')).toBe(golden('standalone', 'stat'))
  })

  test('srvr before the first request', () => {
    const view = fakeServer({ connectionCount: 1 })
    view.stats.packetsReceived.add(8)
    view.stats.packetsSent.add(7)

    expect(ask(view, 'srvr')).toBe(golden('default-whitelist', 'srvr'))
  })

  test('cons', () => {
    expect(ask(fakeServer({ connections: [session, asking(36536)] }), 'cons')).toBe(golden('standalone', 'cons'))
  })

  test('conf', () => {
    expect(ask(fakeServer({ dirBytes: 67109358 }), 'conf')).toBe(golden('standalone', 'conf'))
  })

  test('dirs', () => {
    expect(ask(fakeServer({ dirBytes: 67109358 }), 'dirs')).toBe(golden('standalone', 'dirs'))
  })

  test('dump', () => {
    const view = fakeServer({
      sessions: {
        globalExpiry: {
          elementCount: 1,
          buckets: [
            { expiresAtMs: 0, elements: [], count: 0 },
            { expiresAtMs: 2000, elements: [], count: 0 },
            { expiresAtMs: 4000, elements: [0x100003760e90029n], count: 1 }
          ]
        }
      },
      tree: { ephemeralOwnerCount: 1, ephemerals: () => [{ sessionId: 0x100003760e90029n, paths: ['/eph'] }] },
      connectionExpiry: {
        elementCount: 2,
        buckets: [
          { expiresAtMs: 0, elements: [], count: 0 },
          { expiresAtMs: 10_000, elements: [session, asking(36552)], count: 2 }
        ]
      }
    })

    expect(ask(view, 'dump')).toBe(golden('standalone', 'dump'))
  })

  test('dump tells times as Java does', () => {
    const expiresAtMs = new Date(2026, 10, 23, 0, 3, 9).getTime()
    const view = fakeServer({
      sessions: { globalExpiry: { elementCount: 0, buckets: [{ expiresAtMs, elements: [], count: 0 }] } }
    })
    const entry = fourLetterWordOf(Buffer.from('dump').readInt32BE(0))
    if (entry === null) throw new Error('dump is a word')

    expect([...answerFourLetterWord(entry, view)].join('')).toContain(`\n0 expire at ${javaDate(expiresAtMs)}:\n`)
  })

  test.each(['wchs', 'wchc', 'wchp'])('%s', (word) => {
    const sessionId = 0x100003760e90029n
    const view = fakeServer({
      watches: {
        count: 3,
        dataConnectionCount: 1,
        dataPathCount: 2,
        dataPairCount: 2,
        dataByConnection: () => [{ sessionId, paths: ['/p', '/'] }],
        dataByPath: () => [
          { path: '/p', sessionIds: [sessionId] },
          { path: '/', sessionIds: [sessionId] }
        ]
      }
    })

    expect(ask(view, word)).toBe(golden('standalone', word))
  })

  test('hash', () => {
    const digestLog = [
      { zxid: 0x80n, digest: 28198733076n },
      { zxid: 0x100n, digest: 100992162427n },
      { zxid: 0x180n, digest: 171214156859n }
    ]

    expect(ask(fakeServer({ digestLog }), 'hash')).toBe(golden('standalone', 'hash'))
  })

  test.each(['ruok', 'isro', 'gtmk', 'crst', 'srst'])('%s', (word) => {
    expect(ask(fakeServer(), word)).toBe(golden('standalone', word))
  })

  test('envi with the keys of a real server', () => {
    const keys = ask(fakeServer(), 'envi')
      .split('\n')
      .map((line) => line.replace(/=.*/, ''))

    expect(keys.slice(0, 4)).toEqual(['Environment:', 'zookeeper.version', 'host.name', 'java.version'])
    expect(keys.slice(-4)).toEqual(['os.memory.free', 'os.memory.max', 'os.memory.total', ''])
    expect(keys).toHaveLength(20)
  })

  test('stmk sets the mask that gtmk shows', () => {
    const view = fakeServer()

    expect(ask(view, 'stmk', 306n)).toBe(golden('standalone', 'stmk'))
    expect(ask(view, 'stmk', -1n)).toBe('-1')
    expect(ask(view, 'gtmk')).toBe('-1')
  })
})

describe('what the words reset', () => {
  test('srst sets the figures of the server back, not those of connections', () => {
    const view = fakeServer()
    view.stats.requestLatency.add(7)
    view.stats.packetsReceived.add(1)
    view.stats.clientResponseSize.add(100)
    view.metrics.readLatency.add(7)
    view.metrics.writePerNamespace.add('a', 1)

    ask(view, 'srst')

    expect(ask(view, 'srvr')).toContain('Latency min/avg/max: 0/0.0/0\nReceived: 0\n')
    expect(view.stats.clientResponseSize.last).toBe(-1)
    expect(view.metrics.readLatency.all.count).toBe(0)
    expect(view.metrics.writePerNamespace.of('a').count).toBe(0)
    expect(view.connectionResets).toBe(0)
  })

  test('crst sets the figures of connections back', () => {
    const view = fakeServer()
    view.stats.packetsReceived.add(3)

    ask(view, 'crst')

    expect(view.connectionResets).toBe(1)
    expect(view.stats.packetsReceived.value).toBe(3)
  })
})

describe('members of an ensemble answer as real ones', () => {
  const membership = [
    'server.1=127.0.0.1:22011:22012:participant;127.0.0.1:22010',
    'server.2=127.0.0.1:22021:22022:participant;127.0.0.1:22020',
    'server.3=127.0.0.1:22031:22032:participant;127.0.0.1:22030',
    'server.4=127.0.0.1:22041:22042:observer;127.0.0.1:22040',
    'version=100000000'
  ].join('\n')

  function quorum(id: number, rest: Partial<QuorumView> = {}): QuorumView {
    return {
      electionPort: 22002 + id * 10,
      quorumPort: 22001 + id * 10,
      role: id === 4 ? 'observer' : 'participant',
      membership,
      peerState: 'leading - broadcast',
      quorumSize: 3,
      leader: null,
      syncedObservers: null,
      observerMasterId: null,
      ...rest
    }
  }

  function leading(): QuorumView {
    const proposalSize = new SizeStats()
    for (const size of [36, 157, 102]) proposalSize.add(size)
    const leader = {
      proposalSize,
      uptimeMs: 1,
      learners: 3,
      syncedFollowers: 2,
      syncedNonVotingFollowers: 0,
      pendingSyncs: 0
    }
    return quorum(2, { leader, syncedObservers: 1 })
  }

  /** Settings of member `id`, as far as `conf` shows them. */
  function memberView(
    id: number,
    dirBytes: number,
    mode: 'leader' | 'follower' | 'observer',
    view: QuorumView
  ): ServerView {
    const base = settingsWith()
    return fakeServer({
      settings: {
        ...base,
        session: { ...base.session, tickTimeMs: 1000, minTimeoutMs: 2000, maxTimeoutMs: 20_000 },
        client: { ...base.client, maxClientCnxns: 60 },
        storage: { ...base.storage, dataDir: `/data/ens/s${id}/data`, dataLogDir: `/data/ens/s${id}/data` },
        quorum: { ...base.quorum, serverId: id, initLimitTicks: 10, syncLimitTicks: 5 }
      },
      mode,
      quorum: view,
      dirBytes,
      clientPort: 22000 + id * 10
    })
  }

  test.each([
    { role: 'leader', id: 2, dirBytes: 67109602 },
    { role: 'observer', id: 4, dirBytes: 67110873 }
  ] as const)('conf of: $role', ({ role, id, dirBytes }) => {
    expect(ask(memberView(id, dirBytes, role, quorum(id)), 'conf')).toBe(golden(role, 'conf'))
  })

  test('srvr and stat of a leader', () => {
    const client = fakeConnection(36786, { packetsReceived: 3, packetsSent: 3 })
    const view = fakeServer({
      mode: 'leader',
      quorum: leading(),
      connections: [client, asking(36814)],
      lastProcessedZxid: 0x100000027n,
      tree: { nodeCount: 16 }
    })
    setSummary(view.stats.requestLatency, 3, 12, 2, 7)
    view.stats.packetsReceived.add(10)
    view.stats.packetsSent.add(9)

    expect(ask(view, 'srvr')).toBe(golden('leader', 'srvr'))

    view.stats.packetsReceived.add(1)
    view.stats.packetsSent.add(1)
    expect(ask(view, 'stat')).toBe(golden('leader', 'stat'))
  })

  test('srst of a leader sets the sizes of proposals back', () => {
    const view = fakeServer({ mode: 'leader', quorum: leading() })

    ask(view, 'srst')

    expect(ask(view, 'srvr')).toContain('Proposal sizes last/min/max: -1/-1/-1\n')
  })

  const ephemerals = () => [
    { sessionId: 0x2000035bb410001n, paths: ['/t/keep-0000000013'] },
    { sessionId: 0x1000035ba5d0004n, paths: ['/t/keep-0000000014'] },
    { sessionId: 0x40000360d1b0001n, paths: ['/t/keep-0000000015'] }
  ]

  test('dump of a follower: sessions with their timeouts', () => {
    const connections = [fakeConnection(42534), fakeConnection(42470, { sessionId: 0x1000035ba5d0004n })]
    const view = fakeServer({
      mode: 'follower',
      sessions: {
        globalCount: 3,
        globalExpiry: null,
        globalTimeouts: [0x1000035ba5d0004n, 0x2000035bb410001n, 0x40000360d1b0001n].map((sessionId) => ({
          sessionId,
          timeoutMs: 10_000
        }))
      },
      tree: { ephemeralOwnerCount: 3, ephemerals },
      connectionExpiry: { elementCount: 2, buckets: [{ expiresAtMs: 0, elements: connections, count: 2 }] }
    })

    expect(ask(view, 'dump')).toBe(golden('follower', 'dump'))
  })

  const asker = {
    elementCount: 1,
    buckets: [
      { expiresAtMs: 0, elements: [], count: 0 },
      { expiresAtMs: 1, elements: [fakeConnection(60310)], count: 1 }
    ]
  }
  const emptyBuckets = {
    elementCount: 0,
    buckets: [
      { expiresAtMs: 0, elements: [], count: 0 },
      { expiresAtMs: 1, elements: [], count: 0 }
    ]
  }

  test('dump of a read-only server with local sessions', () => {
    const view = fakeServer({
      mode: 'read-only',
      sessions: { globalExpiry: null, localExpiry: emptyBuckets },
      connectionExpiry: asker
    })

    expect(ask(view, 'dump')).toBe(golden('read-only', 'dump'))
  })

  test('srvr, stat and isro of a read-only server', () => {
    const view = fakeServer({
      mode: 'read-only',
      connections: [asking(60262)],
      outstandingRequests: 5,
      lastProcessedZxid: 0x100000001n,
      tree: { nodeCount: 6 }
    })
    setSummary(view.stats.requestLatency, 7, 8, 0, 3)
    view.stats.packetsReceived.add(15)
    view.stats.packetsSent.add(12)

    expect(ask(view, 'srvr')).toBe(golden('read-only', 'srvr'))
    expect(ask(view, 'isro')).toBe(golden('read-only', 'isro'))

    view.stats.packetsReceived.add(1)
    view.stats.packetsSent.add(1)
    expect(ask(view, 'stat')).toBe(golden('read-only', 'stat'))
  })
})

describe('the whitelist', () => {
  const closed = fakeServer({ settings: settingsWith({ 'zookeeper.4lw.commands.whitelist': '' }) })

  test.each(['ruok', 'isro', 'stat'])('by default refuses %s', (word) => {
    expect(ask(closed, word)).toBe(golden('default-whitelist', word))
  })

  test('by default answers srvr', () => {
    expect(ask(closed, 'srvr')).toContain('Mode: standalone\n')
  })

  test('lets isro through where read-only clients are served', () => {
    const settings = settingsWith({ 'zookeeper.4lw.commands.whitelist': '', 'readonlymode.enabled': 'true' })

    expect(ask(fakeServer({ settings }), 'isro')).toBe('rw')
  })

  test('is a list with blanks and commas', () => {
    const view = fakeServer({ settings: settingsWith({ 'zookeeper.4lw.commands.whitelist': ' ruok , conf' }) })

    expect(ask(view, 'ruok')).toBe('imok')
    expect(ask(view, 'conf')).toContain('tickTime=2000\n')
    expect(ask(view, 'mntr')).toBe('mntr is not executed because it is not in the whitelist.\n')
  })

  test('decides whether the mask of stmk is waited for', () => {
    const stmk = fourLetterWordOf(Buffer.from('stmk').readInt32BE(0))
    if (stmk === null) throw new Error('stmk is a word')

    expect([argumentBytesOf(stmk, fakeServer()), argumentBytesOf(stmk, closed)]).toEqual([8, 0])
  })

  test('refuses the interrupt of telnet by its name, and says nothing where all words are allowed', () => {
    const interrupt = fourLetterWordOf(Buffer.from([0xff, 0xf4, 0xff, 0xfd]).readInt32BE(0))
    if (interrupt === null) throw new Error('telnet close is known')

    expect([...answerFourLetterWord(interrupt, closed)]).toEqual([
      'telnet close is not executed because it is not in the whitelist.\n'
    ])
    expect([...answerFourLetterWord(interrupt, fakeServer())]).toEqual([])
  })
})

test.each(readdirSync(join(GOLDEN, 'not-serving')).map((file) => file.slice(0, 4)))(
  'a server that is not serving answers %s as a real one',
  (word) => {
    expect(ask(fakeServer({ isServing: false }), word)).toBe(golden('not-serving', word))
  }
)

test.each(['RUOK', 'ruo\n', '\0\0\0-'])('%j is no word', (text) => {
  expect(fourLetterWordOf(Buffer.from(text, 'latin1').readInt32BE(0))).toBeNull()
})

describe('the first bytes of a connection', () => {
  const mask = Buffer.from([0x73, 0x74, 0x6d, 0x6b, 0, 0, 0, 0, 0, 0, 1, 0x32])

  test('are a word with its answer, and count as packets', () => {
    const view = fakeServer()
    const answer = createFourLetterWords(() => ({ view }))

    expect([...(answer(Buffer.from('ruok\n')) ?? [])].join('')).toBe('imok')
    expect([view.stats.packetsReceived.value, view.stats.packetsSent.value]).toEqual([1, 1])
  })

  test('are a frame where they spell no word', () => {
    const view = fakeServer()

    expect(createFourLetterWords(() => ({ view }))(Buffer.from([0, 0, 0, 45, 0]))).toBeNull()
    expect(view.stats.packetsReceived.value).toBe(0)
  })

  test('are waited for until the mask of stmk is complete', () => {
    const view = fakeServer()
    const answer = createFourLetterWords(() => ({ view }))

    expect([answer(mask.subarray(0, 4)), answer(mask.subarray(0, 11))]).toEqual(['wait', 'wait'])
    expect([...(answer(mask) ?? [])]).toEqual(['306'])
  })

  test('are answered as by a server that is not serving while there is none', () => {
    const answer = createFourLetterWords(() => null)

    expect(answer(Buffer.from('srvr'))).toEqual(['This ZooKeeper instance is not currently serving requests\n'])
    expect(answer(Buffer.from([0, 0, 0, 45]))).toBeNull()
  })
})
