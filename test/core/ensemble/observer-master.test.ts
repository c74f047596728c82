import { describe, expect, test } from '@jest/globals'
import type { EnsembleConfig, EnsembleMember, MemberRole } from '../../../src/core/zab/membership/ensemble-config.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'
import { encodeCreateRequest, encodeReconfigRequest, encodeSyncRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld, type Node } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const PORT = 2191
const EPHEMERAL = 1

function memberOf(id: number, role: MemberRole): EnsembleMember {
  return {
    id,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role,
    clientAddress: null,
    clientPort: 4000 + id,
    secureClientAddress: null,
    secureClientPort: null
  }
}

/** Voters 1 to 3, of which 3 leads, and observers. */
function configOf(...observers: number[]): EnsembleConfig {
  const members = [
    ...[1, 2, 3].map((id) => memberOf(id, 'participant')),
    ...observers.map((id) => memberOf(id, 'observer'))
  ]
  return { members, groups: [], weights: new Map(), version: 0n }
}

function start(observers: readonly number[] = [4], sizeLimitBytes = 1 << 25, reconfigEnabled = false): EnsembleWorld {
  const observerMaster = { port: PORT, sizeLimitBytes }
  const world = new EnsembleWorld(configOf(...observers), { observerMaster, reconfigEnabled })
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  for (const sid of observers) world.start(sid)
  world.until(() => observers.every((sid) => world.node(sid).view.isServing))
  return world
}

/** The follower from which an observer learns. */
function masterOf(world: EnsembleWorld, sid: number): Node {
  return world.node(world.node(sid).peer.following?.masterSid ?? -1)
}

function connect(world: EnsembleWorld, sid: number, timeoutMs = 20_000): Client {
  const client = world.node(sid).connect(timeoutMs)
  world.until(() => client.isConnected)
  return client
}

function create(client: Client, path: string, flags = 0, size = 1): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.alloc(size, 'x'), acl: ACL, flags })
  )
}

function sync(client: Client): number {
  return client.request(OpCode.sync, (writer) => encodeSyncRequest(writer, { path: '/' }))
}

function has(node: Node, path: string): boolean {
  return node.tree.find(path) >= 0
}

function expectSameTrees(world: EnsembleWorld): void {
  world.run(300)
  const nodes = [...world.nodes.values()].filter(({ isUp }) => isUp)
  expect(new Set(nodes.map(({ tree }) => `${tree.digestHi},${tree.digestLo}`)).size).toBe(1)
  expect(new Set(nodes.map(({ tree }) => `${tree.lastZxidHi},${tree.lastZxidLo}`)).size).toBe(1)
}

describe('an observer behind a follower', () => {
  test('learns from it and not from the leader', () => {
    const world = start()

    expect([1, 2]).toContain(masterOf(world, 4).sid)
    expect(masterOf(world, 4).peer.following?.observers?.observerCount).toBe(1)
    expect(world.leader?.peer.leading?.leading.learners.map(({ sid }) => sid).sort()).toEqual([1, 2])
  })

  test('writes, and sees what others write', () => {
    const world = start()
    const behind = connect(world, 4)
    const beside = connect(world, 3)

    const own = create(behind, '/own')
    world.until(() => behind.outcome(own) !== undefined)
    const other = create(beside, '/other')
    world.until(() => beside.outcome(other) !== undefined && has(world.node(4), '/other'))

    expect([behind.outcome(own), beside.outcome(other)]).toEqual([0, 0])
    expectSameTrees(world)
  })

  test('takes over a session of that follower, which then takes nothing more of its old connection', () => {
    const world = start()
    const old = connect(world, masterOf(world, 4).sid)
    const first = create(old, '/first')
    world.until(() => old.outcome(first) === 0)

    const moved = world.node(4).connect(20_000, old)
    world.until(() => moved.isConnected)
    const late = create(old, '/late')
    const next = create(moved, '/next')
    world.until(() => moved.outcome(next) !== undefined)

    expect(moved.sessionId).toBe(old.sessionId)
    expect(old.isClosed).toBe(true)
    expect([moved.outcome(next), old.outcome(late)]).toEqual([0, undefined])
    expectSameTrees(world)
    expect(has(world.node(3), '/late')).toBe(false)
  })

  test('has what was written before it came', () => {
    const world = start([])
    const client = connect(world, 1)
    for (let i = 0; i < 30; i++) create(client, `/before-${i}`)
    world.until(() => has(world.node(2), '/before-29'))
    world.start(4, configOf(4))
    world.until(() => world.node(4).view.isServing)
    expect(has(world.node(4), '/before-29')).toBe(true)
  })

  test('comes back with what it missed', () => {
    const world = start()
    const client = connect(world, 3)
    create(client, '/a')
    world.until(() => has(world.node(4), '/a'))
    world.node(4).crash()
    for (let i = 0; i < 20; i++) create(client, `/missed-${i}`)
    world.until(() => has(world.node(1), '/missed-19') && has(world.node(2), '/missed-19'))

    world.start(4)
    world.until(() => world.node(4).view.isServing)

    expect(has(world.node(4), '/missed-19')).toBe(true)
    expect(world.lines.filter((line) => line.includes('server 4') && line.includes('DIFF')).length).toBeGreaterThan(0)
    expectSameTrees(world)
  })

  test('gets the answers to its syncs, its master those to its own, each in the order of writes', () => {
    const world = start([4, 5])
    const master = masterOf(world, 4)
    const clients = [4, 5, master.sid, 4, master.sid].map((sid) => connect(world, sid))
    const asked: { client: Client; write: number; sync: number }[] = []
    for (let round = 0; round < 5; round++) {
      for (const [index, client] of clients.entries()) {
        asked.push({ client, write: create(client, `/r${round}-${index}`), sync: sync(client) })
      }
      world.run(3)
    }
    world.until(() => asked.every((one) => one.client.outcome(one.sync) !== undefined))

    for (const one of asked) expect([one.client.outcome(one.write), one.client.outcome(one.sync)]).toEqual([0, 0])
    for (const client of clients) {
      const xids = client.frames.slice(1).map((frame) => frame.readInt32BE(0))
      expect(xids).toEqual([...xids].sort((one, other) => one - other))
    }
  })

  test('sees by a sync all that was acknowledged elsewhere', () => {
    const world = start()
    const writer = connect(world, 3)
    const reader = connect(world, 4)
    for (let i = 0; i < 10; i++) {
      const written = create(writer, `/w-${i}`)
      world.until(() => writer.outcome(written) === 0)
      const synced = sync(reader)
      world.until(() => reader.outcome(synced) === 0)
      expect(has(world.node(4), `/w-${i}`)).toBe(true)
    }
  })

  test('keeps the sessions of its clients alive, and one that falls silent expires with its ephemerals', () => {
    const world = start()
    const alive = connect(world, 4, 400)
    const silent = connect(world, 4, 400)
    create(alive, '/alive', EPHEMERAL)
    create(silent, '/silent', EPHEMERAL)
    world.until(() => has(world.node(3), '/alive') && has(world.node(3), '/silent'))

    for (let i = 0; i < 30; i++) {
      alive.request(OpCode.ping, () => undefined)
      world.run(100)
    }

    for (const node of world.nodes.values()) {
      expect(has(node, '/alive')).toBe(true)
      expect(has(node, '/silent')).toBe(false)
    }
    expect(alive.isClosed).toBe(false)
  })

  test('takes over a session from its master, and gives it back', () => {
    const world = start()
    const master = masterOf(world, 4)
    const first = connect(world, master.sid)
    create(first, '/mine', EPHEMERAL)
    world.until(() => has(world.node(3), '/mine'))

    const moved = world.node(4).connect(20_000, first)
    world.until(() => moved.isConnected)
    const written = create(moved, '/moved')
    world.until(() => moved.outcome(written) === 0)
    const back = master.connect(20_000, moved)
    world.until(() => back.isConnected)

    expect([moved.sessionId, back.sessionId]).toEqual([first.sessionId, first.sessionId])
    expect(has(world.node(3), '/mine')).toBe(true)
  })

  test('refuses a session that is gone', () => {
    const world = start()
    const first = connect(world, 4, 300)
    world.node(4).close(first.id)
    world.run(2000)

    const again = world.node(4).connect(300, first)
    world.until(() => again.frames.length > 0)

    expect(again.sessionId).toBe(0n)
  })
})

describe('observers and their masters', () => {
  test('find another one when theirs dies, and their clients go on', () => {
    const world = start()
    const master = masterOf(world, 4)
    const client = connect(world, 4)
    create(client, '/a', EPHEMERAL)
    world.until(() => has(world.node(3), '/a'))

    master.crash()
    world.until(() => !world.node(4).view.isServing)
    world.until(() => world.node(4).view.isServing)
    const again = world.node(4).connect(20_000, client)
    world.until(() => again.isConnected)
    const b = create(again, '/b')
    world.until(() => again.outcome(b) === 0)

    expect(masterOf(world, 4).sid).toBe(master.sid === 1 ? 2 : 1)
    expect(again.sessionId).toBe(client.sessionId)
    expectSameTrees(world)
  })

  test('follow into the next epoch when the leader dies', () => {
    const world = start([4, 5])
    const client = connect(world, 4)
    create(client, '/a')
    world.until(() => has(world.node(5), '/a'))

    world.node(3).crash()
    world.until(() => world.leader?.sid === 2)
    world.until(() => [4, 5].every((sid) => world.node(sid).view.isServing && masterOf(world, sid).sid === 1))
    const again = connect(world, 5)
    const b = create(again, '/b')
    world.until(() => again.outcome(b) === 0)

    expectSameTrees(world)
  })

  test('go to the leader where no follower serves observers', () => {
    const world = start()
    for (const sid of [1, 2]) world.node(sid).isDeafToObservers = true
    world.node(4).crash()
    world.start(4)

    world.until(() => world.node(4).view.isServing, 60_000)

    expect(masterOf(world, 4).sid).toBe(3)
  })

  test('part when one lags by more than the limit', () => {
    const world = start([4], 10_000)
    const master = masterOf(world, 4)
    const client = connect(world, 3)
    master.mayDrain = false
    for (let i = 0; i < 30; i++) create(client, `/big-${i}`, 0, 2000)
    world.until(() => world.lines.some((line) => line.includes('lags by more than 10000 bytes')))
    master.mayDrain = true

    world.until(() => world.node(4).view.isServing && has(world.node(4), '/big-29'))
    expectSameTrees(world)
  })

  test('leave their master for the leader when a reconfiguration makes them voters', () => {
    const world = start([4, 5], 1 << 25, true)
    const client = connect(world, 5)
    const asked = client.request(OpCode.reconfig, (writer) =>
      encodeReconfigRequest(writer, {
        joiningServers: 'server.4=127.0.0.1:2004:3004:participant;0.0.0.0:4004',
        leavingServers: null,
        newMembers: null,
        curConfigIdHi: -1,
        curConfigIdLo: -1
      })
    )
    world.until(() => client.outcome(asked) !== undefined)
    world.until(() => world.leader?.peer.leading?.leading.isQuorumSynced(world.node(4).peer.member.config) ?? false)
    world.until(() => world.node(4).view.isServing && world.node(4).view.state === ServerState.following)

    expect(client.outcome(asked)).toBe(0)
    expect(masterOf(world, 4).sid).toBe(3)
    expect(masterOf(world, 5).sid).not.toBe(3)
    expectSameTrees(world)
  })

  test('take a reconfiguration that removes another server', () => {
    const world = start([4, 5], 1 << 25, true)
    const client = connect(world, 4)
    const asked = client.request(OpCode.reconfig, (writer) =>
      encodeReconfigRequest(writer, {
        joiningServers: null,
        leavingServers: '5',
        newMembers: null,
        curConfigIdHi: -1,
        curConfigIdLo: -1
      })
    )
    world.until(() => client.outcome(asked) !== undefined)
    world.run(500)

    expect(client.outcome(asked)).toBe(0)
    for (const sid of [1, 2, 3, 4]) {
      expect(world.node(sid).peer.member.config.members.map(({ id }) => id)).toEqual([1, 2, 3, 4])
    }
    expect(masterOf(world, 4).sid).not.toBe(3)
  })
})
