import { describe, expect, test } from '@jest/globals'
import type { EnsembleSettings } from '../../../src/core/ensemble/ensemble-settings.ts'
import type { CoreSettings } from '../../../src/core/pipeline/core-settings.ts'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'
import { encodeCreateRequest, encodeExistsRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

function membersOf(count: number): EnsembleConfig {
  const members = Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + index, electionPort: 3000 + index }],
    role: 'participant' as const,
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }))
  return { members, groups: [], weights: new Map(), version: 0n }
}

function create(client: Client, path: string, flags = 0): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags })
  )
}

function startThree(core: Partial<CoreSettings> = {}, settings: Partial<EnsembleSettings> = {}): EnsembleWorld {
  const world = new EnsembleWorld(membersOf(3), settings, core)
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  return world
}

describe('three members', () => {
  test('elect a leader and serve', () => {
    const world = startThree()

    expect(world.leader?.sid).toBe(3)
  })

  test('commit what a client of a follower writes, and all have it', () => {
    const world = startThree()
    const client = world.node(1).connect()
    world.until(() => client.isConnected)

    const xid = create(client, '/a')
    world.until(() => client.outcome(xid) !== undefined)
    world.run(100)

    expect(client.outcome(xid)).toBe(0)
    for (const node of world.nodes.values()) expect(node.tree.find('/a')).toBeGreaterThanOrEqual(0)
    const digests = new Set([...world.nodes.values()].map(({ tree }) => `${tree.digestHi},${tree.digestLo}`))
    expect(digests.size).toBe(1)
  })

  test('measure how long writes take to be committed: a leader all, a follower those of its own clients', () => {
    const world = startThree()
    const before = [1, 2, 3].map((sid) => world.node(sid).peer.peer?.state.metrics.writeCommitprocTimeMs.all.count ?? 0)
    const client = world.node(1).connect(20_000)
    world.until(() => client.isConnected)
    for (const path of ['/a', '/b']) {
      const xid = create(client, path)
      world.until(() => client.outcome(xid) === 0)
    }
    world.run(100)

    const measured = [1, 2, 3].map((sid) => world.node(sid).peer.peer?.state.metrics.writeCommitprocTimeMs.all)

    expect(measured.map((one, index) => (one?.count ?? 0) - (before[index] ?? 0))).toEqual([3, 0, 3])
    expect(measured[0]?.sum).toBeGreaterThanOrEqual(3 * 9)
    expect(measured[2]?.sum).toBeLessThan(measured[0]?.sum ?? 0)
  })

  test('go on after their leader has died, and it comes back with what it missed', () => {
    const world = startThree()
    const first = world.node(1).connect(20_000)
    world.until(() => first.isConnected)
    const a = create(first, '/a')
    world.until(() => first.outcome(a) === 0)

    world.node(3).crash()
    world.until(() => world.leader !== undefined && world.node(1).view.isServing)
    const second = world.node(1).connect()
    world.until(() => second.isConnected)
    const b = create(second, '/b')
    world.until(() => second.outcome(b) === 0)
    const back = world.start(3)
    world.until(() => back.view.isServing)
    world.run(200)

    expect(world.leader?.sid).toBe(2)
    expect(back.tree.find('/a')).toBeGreaterThanOrEqual(0)
    expect(back.tree.find('/b')).toBeGreaterThanOrEqual(0)
    expect(back.tree.digestLo).toBe(world.node(1).tree.digestLo)
  })

  test('are led by another one if the one elected cannot open its quorum port', () => {
    const world = new EnsembleWorld(membersOf(3))
    for (const sid of [1, 2, 3]) world.start(sid).isQuorumPortTaken = sid === 3
    const startMs = world.nowMs
    world.until(() => world.leader !== undefined && world.node(1).view.isServing)

    expect(world.leader?.sid).toBe(2)
    // A good deal before initLimit is over, which the followers of the first one would wait for: ten ticks.
    expect(world.nowMs - startMs).toBeLessThan(3500)
    expect(world.lines.filter((line) => line.includes('server 3 error: this server cannot lead'))).toHaveLength(1)
    world.until(() => world.node(3).view.isServing)
    expect(world.node(3).view.leader).toBe(2)
  })

  test('measure what waits behind a write of its session, and what is answered after it', () => {
    const world = startThree()
    const metrics = () => [1, 3].map((sid) => world.node(sid).peer.peer?.state.metrics)
    const client = world.node(1).connect(20_000)
    world.until(() => client.isConnected)
    world.run(200)
    const before = metrics().map((one) => one?.readsIssuedFromSessionQueue.count ?? 0)

    const first = create(client, '/a')
    const reads = [1, 2].map(() =>
      client.request(OpCode.exists, (writer) => encodeExistsRequest(writer, { path: '/a', watch: false }))
    )
    const second = create(client, '/b')
    world.until(() => [first, ...reads, second].every((xid) => client.outcome(xid) === 0))
    world.run(100)

    const [follower, leader] = metrics()
    expect(follower?.requestsInSessionQueue).toMatchObject({ max: 4, min: 1 })
    expect(follower?.readsAfterWriteInSessionQueue).toMatchObject({ max: 2 })
    expect(follower?.readsIssuedFromSessionQueue.sum).toBe(2)
    expect(leader?.readsIssuedFromSessionQueue.sum).toBe(0)
    expect((leader?.readsIssuedFromSessionQueue.count ?? 0) - (before[1] ?? 0)).toBe(2)
  })

  test('do not wait for a leader whose quorum port another program has, which takes connections and says nothing', () => {
    const world = new EnsembleWorld(membersOf(3))
    for (const sid of [1, 2, 3]) {
      const node = world.start(sid)
      node.isQuorumPortTaken = sid === 3
      node.isTakerSilent = sid === 3
    }
    const startMs = world.nowMs

    world.until(() => world.leader !== undefined && world.node(1).view.isServing)

    expect(world.leader?.sid).toBe(2)
    // initLimit is five seconds here.
    expect(world.nowMs - startMs).toBeLessThan(2500)
    expect(world.lines.filter((line) => line.includes('server 3 does not lead: it looks for'))).not.toEqual([])
  })

  test('elect a leader for a new epoch when the zxids of one are used up, and lose nothing', () => {
    const world = startThree({}, { initialCounter: 0xffff_fff0 })
    const paths: string[] = []
    const outcomes = new Map<string, number | undefined>()

    for (let count = 0; paths.length < 40; count++) {
      const sid = (count % 3) + 1
      world.until(() => world.node(sid).view.isServing)
      const client = world.node(sid).connect(20_000)
      world.until(() => client.isConnected || client.isClosed)
      const path = `/n${count}`
      const xid = create(client, path)
      world.until(() => client.outcome(xid) !== undefined || client.isClosed)
      outcomes.set(path, client.outcome(xid))
      if (client.outcome(xid) === 0) paths.push(path)
    }
    world.until(() => [1, 2, 3].every((sid) => world.node(sid).view.isServing))
    world.run(200)

    expect(world.leader?.peer.leading?.leading.epoch).toBeGreaterThanOrEqual(5)
    for (const node of world.nodes.values()) {
      expect(paths.filter((path) => node.tree.find(path) === -1)).toEqual([])
      expect(node.tree.digestLo).toBe(world.node(1).tree.digestLo)
      expect(node.disk.log.some(({ lo }) => lo === -1)).toBe(false)
      expect(node.disk.log.some(({ lo }) => lo === -2)).toBe(true)
    }
  })

  test('log nothing behind the last zxid of an epoch, whatever has come with the last write', () => {
    const world = startThree({}, { initialCounter: 0xffff_fff0 })
    const client = world.node(1).connect(20_000)
    world.until(() => client.isConnected)

    for (let count = 0; count < 40; count++) create(client, `/n${count}`)
    world.until(() => client.isClosed)
    world.until(() => [1, 2, 3].every((sid) => world.node(sid).view.isServing))

    expect(world.node(1).tree.nodeCount).toBeGreaterThan(10)
    for (const node of world.nodes.values()) {
      expect(node.disk.log.some(({ lo }) => lo === -1)).toBe(false)
      expect(node.tree.digestLo).toBe(world.node(1).tree.digestLo)
    }
  })

  test('let a session move, and close the connection that still writes by the old way', () => {
    const world = startThree()
    const old = world.node(1).connect(20_000)
    world.until(() => old.isConnected)
    const a = create(old, '/a')
    world.until(() => old.outcome(a) === 0)

    const moved = world.node(2).connect(20_000, old)
    world.until(() => moved.isConnected)
    const b = create(moved, '/b')
    world.until(() => moved.outcome(b) === 0)
    const late = create(old, '/late')
    world.until(() => old.isClosed)

    expect(moved.sessionId).toBe(old.sessionId)
    expect(old.outcome(late)).toBeUndefined()
    expect(world.node(3).tree.find('/late')).toBe(-1)
  })

  test('refuse a session that is gone', () => {
    const world = startThree()
    const first = world.node(1).connect(300)
    world.until(() => first.isConnected)
    world.node(1).close(first.id)
    world.run(2000)

    const again = world.node(2).connect(300, first)
    world.until(() => again.frames.length > 0)

    expect(again.sessionId).toBe(0n)
    expect(world.node(2).sessions.size).toBe(0)
  })
})

describe('the last packets of a link', () => {
  function dumps(world: EnsembleWorld, sid: number): string[] {
    const own = world.lines.filter((line) => line.includes(` server ${sid} `))
    return own
      .filter((line) => line.includes('Last ') || line.includes('TimeStamp'))
      .map((line) => line.replace(/^.*?: /, ''))
  }

  test('are told by both sides when it ends', () => {
    const world = startThree({}, { messageTrackerSize: 2 })
    world.node(1).crash()
    world.until(() => dumps(world, 3).length > 0)

    expect(dumps(world, 3)[0]).toBe('Last 2 timestamps for messages receivedBuffer from server-1:')
    expect(dumps(world, 3)).toHaveLength(6)
    world.node(3).crash()
    world.until(() => dumps(world, 2).length > 0)
    expect(dumps(world, 2)[3]).toBe('Last 2 timestamps for messages sentBuffer to server 3:')
    expect(dumps(world, 2).slice(1, 3).join()).toMatch(/TimeStamp: .* Type: (UPTODATE|PING)/)
  })

  test('are not kept where that is off', () => {
    const world = startThree()
    world.node(3).crash()
    world.run(1000)

    expect(world.lines.some((line) => line.includes('TimeStamp'))).toBe(false)
  })
})

describe('a follower with a transaction that was never committed', () => {
  function withUncommitted(isTruncationImpossible: boolean): EnsembleWorld {
    const world = startThree()
    const client = world.node(2).connect(20_000)
    world.until(() => client.isConnected)
    for (const path of ['/a', '/b']) {
      const xid = create(client, path)
      world.until(() => client.outcome(xid) === 0)
    }
    world.run(200)
    world.node(1).crash()
    const { log } = world.node(1).disk
    const last = log.at(-1)
    if (last === undefined) throw new Error('nothing was logged')
    const bytes = Buffer.from(last.bytes)
    bytes.writeInt32BE(last.lo + 1, 16)
    bytes.write('/c', bytes.indexOf('/b'))
    log.push({ hi: last.hi, lo: last.lo + 1, bytes })
    world.start(1).isTruncationImpossible = isTruncationImpossible
    world.until(() => world.node(1).view.isServing)
    return world
  }

  test('loses it', () => {
    const world = withUncommitted(false)

    expect(world.node(1).tree.find('/c')).toBe(-1)
    expect(world.node(1).tree.find('/b')).toBeGreaterThanOrEqual(0)
  })

  test('asks for a snapshot where its log cannot be cut, once', () => {
    const world = withUncommitted(true)

    expect(world.lines.filter((line) => line.includes('server 1') && line.includes('cannot be cut back'))).toHaveLength(
      1
    )
    expect(world.lines.some((line) => line.includes('server 1 info: synchronising by SNAP'))).toBe(true)
    expect(world.node(1).tree.find('/c')).toBe(-1)
    expect(world.node(1).tree.find('/b')).toBeGreaterThanOrEqual(0)
    expect(world.node(1).tree.digestLo).toBe(world.node(3).tree.digestLo)
    world.node(1).crash()
    world.start(1).isTruncationImpossible = true
    world.until(() => world.node(1).view.isServing)
    expect(world.lines.filter((line) => line.includes('synchronising by SNAP'))).toHaveLength(1)
  })
})

describe('an observer', () => {
  /** Milliseconds from the first leader on until an observer serves, and how long it said that it would wait. */
  function timeToServe(observerReconnectDelayMs: number): { tookMs: number; waitedMs: number } {
    const three = membersOf(3)
    const members = three.members.map((member) => (member.id === 1 ? { ...member, role: 'observer' as const } : member))
    const world = new EnsembleWorld({ ...three, members }, { observerReconnectDelayMs })
    for (const sid of [2, 3]) world.start(sid)
    world.until(() => world.leader !== undefined)
    const startMs = world.nowMs
    world.start(1)
    world.until(() => world.node(1).view.isServing)
    expect(world.node(1).view.state).toBe(ServerState.observing)
    const waits = world.lines.flatMap(
      (line) => /waiting for (\d+) ms before server 3 is observed/.exec(line)?.[1] ?? []
    )
    return { tookMs: world.nowMs - startMs, waitedMs: Number(waits[0] ?? 0) }
  }

  test('waits a part of reconnectDelayMs before it connects', () => {
    const without = timeToServe(0)
    const { tookMs, waitedMs } = timeToServe(5000)

    expect(without.waitedMs).toBe(0)
    expect(waitedMs).toBeGreaterThan(100)
    expect(tookMs).toBeGreaterThanOrEqual(without.tookMs + waitedMs)
    expect(tookMs).toBeLessThan(without.tookMs + waitedMs + 100)
  })
})

describe('local sessions', () => {
  test.each([1, 3])('of server %i are known to it alone, and write', (sid) => {
    const world = startThree({ localSessionsEnabled: true })
    const client = world.node(sid).connect(5000)
    world.until(() => client.isConnected)
    const a = create(client, '/a')
    world.until(() => client.outcome(a) !== undefined)
    world.run(100)

    expect(client.outcome(a)).toBe(0)
    expect([1, 2, 3].map((each) => world.node(each).sessions.size)).toEqual(
      [1, 2, 3].map((each) => Number(each === sid))
    )
  })

  test.each([1, 3])('of server %i become global with their first ephemeral, and end with it', (sid) => {
    const world = startThree({ localSessionsEnabled: true })
    const client = world.node(sid).connect(500)
    world.until(() => client.isConnected)
    const e = create(client, '/e', 1)
    world.until(() => client.outcome(e) !== undefined)
    world.run(100)
    const known = [1, 2, 3].map((each) => world.node(each).sessions.size)
    const isThere = world.node(2).tree.find('/e') >= 0
    world.node(sid).close(client.id)
    world.run(3000)

    expect(client.outcome(e)).toBe(0)
    expect(known).toEqual([1, 1, 1])
    expect(isThere).toBe(true)
    expect([1, 2, 3].map((each) => world.node(each).sessions.size)).toEqual([0, 0, 0])
    expect(world.node(2).tree.find('/e')).toBe(-1)
  })

  test('that were global and have ended get no ephemerals, although their server does not know it yet', () => {
    const world = startThree({ localSessionsEnabled: true })
    const client = world.node(1).connect(5000)
    world.until(() => client.isConnected)
    const e = create(client, '/e', 1)
    const [f, g] = [create(client, '/f', 1), create(client, '/g', 1)]
    world.until(() => client.outcome(g) === 0)
    client.request(OpCode.closeSession, () => undefined)
    world.until(() => world.node(3).sessions.size === 0)
    expect(world.node(1).sessions.size).toBe(1)
    create(client, '/late', 1)
    world.run(200)

    expect([client.outcome(e), client.outcome(f)]).toEqual([0, 0])
    expect([1, 2, 3].map((each) => world.node(each).tree.find('/late'))).toEqual([-1, -1, -1])
  })

  test('cannot have ephemerals where upgrading is off', () => {
    const world = startThree({ localSessionsEnabled: true, localSessionsUpgradingEnabled: false })
    const client = world.node(1).connect(5000)
    world.until(() => client.isConnected)
    const e = create(client, '/e', 1)
    world.until(() => client.outcome(e) !== undefined)

    expect(client.outcome(e)).toBe(-120)
  })

  test.each([1, 3])('of server %i expire there, and close in their turn', (sid) => {
    const world = startThree({ localSessionsEnabled: true })
    const idle = world.node(sid).connect(300)
    const closing = world.node(sid).connect(5000)
    world.until(() => idle.isConnected && closing.isConnected)
    const a = create(closing, '/a')
    const close = closing.request(OpCode.closeSession, () => undefined)
    world.until(() => closing.isClosed)
    world.run(2000)

    expect([closing.outcome(a), closing.outcome(close)]).toEqual([0, 0])
    expect(idle.isClosed).toBe(true)
    expect(world.node(sid).sessions.size).toBe(0)
  })
})

describe('read-only mode', () => {
  test('serves reads to read-only clients while there is no leader, and ends when there is one', () => {
    const world = startThree({ localSessionsEnabled: true }, { readOnlyModeEnabled: true })
    world.node(2).crash()
    world.node(3).crash()
    world.until(() => world.node(1).view.isReadOnly)
    const reader = world.node(1).connect(5000, null, true)
    const other = world.node(1).connect(5000)
    world.until(() => reader.isConnected && other.isClosed)
    const exists = reader.request(OpCode.exists, (writer) => {
      writer.writeString('/')
      writer.writeBool(false)
    })
    const write = create(reader, '/a')
    world.until(() => reader.outcome(write) !== undefined)
    world.start(2)
    world.until(() => world.leader !== undefined && world.node(1).view.isServing && !world.node(1).view.isReadOnly)

    expect([reader.outcome(exists), reader.outcome(write)]).toEqual([0, -119])
    expect(reader.isClosed).toBe(true)
    expect(world.node(1).sessions.size).toBe(0)
  })

  test('takes nobody in where sessions are global', () => {
    const world = startThree({}, { readOnlyModeEnabled: true })
    world.node(2).crash()
    world.node(3).crash()
    world.until(() => world.node(1).view.isReadOnly)
    const reader = world.node(1).connect(5000, null, true)
    world.until(() => reader.frames.length > 0)

    expect(reader.frames[0]?.length).toBe(16)
    expect(reader.frames[0]?.readInt32BE(12)).toBe(-119)
  })
})

describe('a full disk', () => {
  test('of the leader makes it step down, and nothing that was acknowledged is lost', () => {
    const world = startThree()
    const client = world.node(1).connect(20_000)
    world.until(() => client.isConnected)
    const a = create(client, '/a')
    world.until(() => client.outcome(a) === 0)
    world.node(3).isDiskFull = true
    const b = create(client, '/b')
    world.until(() => client.outcome(b) === 0)
    world.until(() => world.leader !== undefined && world.leader.sid !== 3)
    world.node(3).isDiskFull = false
    world.until(() => world.node(3).view.isServing)
    world.run(500)

    expect(world.leader?.sid).toBe(2)
    for (const node of world.nodes.values()) expect(node.tree.find('/b')).toBeGreaterThanOrEqual(0)
  })

  test('of a follower makes it leave, and the others go on', () => {
    const world = startThree()
    const client = world.node(2).connect(20_000)
    world.until(() => client.isConnected)
    world.node(1).isDiskFull = true
    const b = create(client, '/b')
    world.until(() => !world.node(1).view.isServing)
    const c = create(client, '/c')
    world.until(() => client.outcome(c) !== undefined)

    expect([client.outcome(b), client.outcome(c)]).toEqual([0, 0])
    expect(world.leader?.sid).toBe(3)
  })
})
