import { describe, expect, test } from '@jest/globals'
import { parseConfigText } from '../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { encodeCreateRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
/** Of the world's time: some ten ways of messages and syncs of a disk, and no wait. */
const SOON_MS = 80

function membersOf(voters: number, observers = 0): EnsembleConfig {
  const members = Array.from({ length: voters + observers }, (_, index) => ({
    id: index + 1,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + index, electionPort: 3000 + index }],
    role: index < voters ? ('participant' as const) : ('observer' as const),
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }))
  return { members, groups: [], weights: new Map(), version: 0n }
}

function start(voters: number, observers = 0): EnsembleWorld {
  const world = new EnsembleWorld(membersOf(voters, observers))
  for (let sid = 1; sid <= voters + observers; sid++) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  return world
}

function create(client: Client, path: string): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags: 0 })
  )
}

function handOver(world: EnsembleWorld, from: number, to: number | null) {
  const node = world.node(from)
  const answer = node.peer.askToHandOver(to)
  node.wake()
  return answer
}

function allServe(world: EnsembleWorld): boolean {
  return [...world.nodes.values()].every(({ isUp, view }) => !isUp || view.isServing)
}

function digests(world: EnsembleWorld): Set<string> {
  return new Set([...world.nodes.values()].map(({ tree }) => `${tree.digestHi},${tree.digestLo},${tree.nodeCount}`))
}

describe('a leader that hands its lead over', () => {
  test.each([1, 2])('is succeeded by server %i, whatever its id, without a wait', (heir) => {
    const world = start(3)
    const leader = world.leader?.sid ?? 0
    expect(leader).toBe(3)
    const beganMs = world.nowMs
    expect(handOver(world, leader, heir)).toEqual({ heir })
    world.until(() => world.leader?.sid === heir)
    world.until(() => allServe(world))
    expect(world.nowMs - beganMs).toBeLessThan(SOON_MS)
    expect(world.node(3).view.leader).toBe(heir)
  })

  test('without a name takes a follower in sync', () => {
    const world = start(3)
    world.node(2).crash()
    world.run(1000)
    expect(handOver(world, 3, null)).toEqual({ heir: 1 })
    world.until(() => world.leader?.sid === 1)
  })

  test('answers what it has proposed, and loses nothing that it has answered', () => {
    const world = start(3, 1)
    const clients = [1, 2, 3, 4].map((sid) => world.node(sid).connect())
    world.until(() => clients.every(({ isConnected }) => isConnected))
    const asked: { client: Client; xid: number; path: string }[] = []
    const write = (round: number): void =>
      clients.forEach((client, index) => {
        if (client.isClosed) return
        const path = `/n${index}-${round}`
        asked.push({ client, path, xid: create(client, path) })
      })
    for (let round = 0; round < 20; round++) {
      world.after(round, () => write(round))
      if (round === 10) world.after(round, () => handOver(world, 3, 2))
    }
    world.until(() => world.leader?.sid === 2)
    world.until(() => allServe(world))
    world.run(200)
    const acknowledged = asked.filter(({ client, xid }) => client.outcome(xid) === 0)
    const refused = asked.filter(({ client, xid }) => (client.outcome(xid) ?? 0) !== 0)
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(acknowledged.length).toBeLessThan(asked.length)
    expect(refused).toEqual([])
    for (const node of world.nodes.values()) {
      for (const { path } of acknowledged) expect(node.tree.find(path)).toBeGreaterThanOrEqual(0)
    }
    expect(digests(world).size).toBe(1)
    for (const client of clients) expect(client.isClosed).toBe(true)
  })

  test('keeps sessions: clients come back with them', () => {
    const world = start(3)
    const client = world.node(3).connect(10_000)
    world.until(() => client.isConnected)
    handOver(world, 3, 1)
    world.until(() => allServe(world) && world.leader?.sid === 1)
    const again = world.node(2).connect(10_000, client)
    world.until(() => again.isConnected)
    expect(again.sessionId).toBe(client.sessionId)
    const xid = create(again, '/after')
    world.until(() => again.outcome(xid) !== undefined)
    expect(again.outcome(xid)).toBe(0)
  })

  test('can be handed back, again and again', () => {
    const world = start(3)
    for (const heir of [1, 3, 2, 1]) {
      const from = world.leader?.sid ?? 0
      expect(handOver(world, from, heir)).toEqual({ heir })
      world.until(() => world.leader?.sid === heir && allServe(world), 2000)
    }
    expect(digests(world).size).toBe(1)
  })

  test('is followed by an election when its heir ends on the way', () => {
    const world = start(3)
    const client = world.node(1).connect()
    world.until(() => client.isConnected)
    const xid = create(client, '/a')
    world.until(() => client.outcome(xid) === 0)
    handOver(world, 3, 2)
    world.after(1, () => world.node(2).crash())
    world.until(() => world.leader !== undefined && world.leader.sid !== 2 && allServe(world))
    world.run(200)
    for (const sid of [1, 3]) expect(world.node(sid).tree.find('/a')).toBeGreaterThanOrEqual(0)
    expect(world.node(1).tree.digestHi).toBe(world.node(3).tree.digestHi)
  })

  test('gives up on an heir whose disk takes nothing, and there is an election', () => {
    const world = start(3)
    world.node(1).isDiskFull = true
    const beganMs = world.nowMs
    handOver(world, 3, 1)
    world.until(() => world.lines.some((line) => line.includes('server 1 has not taken over in time')))
    expect(world.nowMs - beganMs).toBeLessThan(2100)
    world.until(() => world.leader?.view.isServing === true)
    expect(world.leader?.sid).not.toBe(1)
  })
})

describe('the lead stays where it is', () => {
  test.each([
    { what: 'an observer', to: 4 },
    { what: 'a server that nobody knows', to: 9 },
    { what: 'itself', to: 3 }
  ])('when it is offered to $what', ({ to }) => {
    const world = start(3, 1)
    expect(handOver(world, 3, to)).toEqual({
      refusal: `server ${to} is no voter that follows in sync; those are: 2, 1`
    })
    world.run(500)
    expect(world.leader?.sid).toBe(3)
  })

  test('when it is offered to a server without a weight, for which nobody would vote', () => {
    const { members } = membersOf(3)
    const lines = members.map(
      ({ id, addresses: [at] }) => `server.${id}=${at?.host}:${at?.quorumPort}:${at?.electionPort}`
    )
    const world = new EnsembleWorld(parseConfigText([...lines, 'group.1=1:2:3', 'weight.1=0'].join('\n')))
    for (const sid of [1, 2, 3]) world.start(sid)
    world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
    const leader = world.leader?.sid ?? 0
    expect(handOver(world, leader, 1)).toEqual({
      refusal: `server 1 is no voter that follows in sync; those are: ${5 - leader}`
    })
  })

  test('when a follower is asked, or a leader that is at it already', () => {
    const world = start(3)
    expect(handOver(world, 1, 2)).toEqual({ refusal: 'this server does not lead' })
    expect(handOver(world, 3, 2)).toEqual({ heir: 2 })
    expect(handOver(world, 3, 1)).toEqual({ refusal: 'the lead is being handed to server 2' })
  })
})
