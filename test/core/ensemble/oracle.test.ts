import { describe, expect, test } from '@jest/globals'
import type { EnsembleMember } from '../../../src/core/zab/membership/ensemble-config.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'
import { encodeCreateRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

function member(id: number, role: EnsembleMember['role'] = 'participant'): EnsembleMember {
  return {
    id,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role,
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }
}

function worldOf(members: readonly EnsembleMember[], granted: readonly number[]): EnsembleWorld {
  const world = new EnsembleWorld({ members, groups: [], weights: new Map(), version: 0n })
  for (const { id } of members) world.grants.set(id, granted.includes(id))
  return world
}

/** Two voters that serve, server 2 leading. */
function startTwo(...granted: readonly number[]): EnsembleWorld {
  const world = worldOf([member(1), member(2)], granted)
  for (const sid of [1, 2]) world.start(sid)
  world.until(() => world.node(1).view.isServing && world.node(2).view.isServing)
  return world
}

function create(client: Client, path: string): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags: 0 })
  )
}

function write(world: EnsembleWorld, sid: number, path: string): void {
  const client = world.node(sid).connect(20_000)
  world.until(() => client.isConnected)
  const xid = create(client, path)
  world.until(() => client.outcome(xid) !== undefined)
  expect(client.outcome(xid)).toBe(0)
}

function has(world: EnsembleWorld, sid: number, path: string): boolean {
  return world.node(sid).tree.find(path) >= 0
}

describe('of two voters with oracles', () => {
  test('a follower goes on alone when its oracle says so, and its leader has died', () => {
    const world = startTwo()
    write(world, 1, '/before')
    world.node(2).crash()
    world.run(5000)
    expect(world.leader).toBeUndefined()

    world.grants.set(1, true)

    world.until(() => world.leader?.sid === 1, 3000)
    write(world, 1, '/alone')
    expect(has(world, 1, '/before')).toBe(true)
  })

  test('none goes on alone without its oracle saying so', () => {
    const world = startTwo(2)
    world.node(2).crash()

    world.run(20_000)

    expect(world.leader).toBeUndefined()
    expect(world.node(1).view.isServing).toBe(false)
  })

  test('a leader goes on alone when its oracle says so, and commits what its follower was asked for', () => {
    const world = startTwo(2)
    const client = world.node(2).connect(20_000)
    world.until(() => client.isConnected)
    world.node(1).crash()

    const xid = create(client, '/alone')
    world.until(() => client.outcome(xid) !== undefined, 3000)

    expect(client.outcome(xid)).toBe(0)
    world.run(10_000)
    expect(world.leader?.sid).toBe(2)
    expect(world.lines.filter((line) => line.includes('looking for a leader')).length).toBeLessThanOrEqual(2)
  })

  test('a leader that has lost its follower steps down while its oracle says nothing', () => {
    const world = startTwo(1)
    world.node(1).crash()

    world.until(() => world.node(2).view.state === ServerState.looking, 6000)
  })

  test('one that comes back follows the one that went on alone, and takes over what that has written', () => {
    const world = startTwo()
    write(world, 1, '/before')
    world.node(2).crash()
    world.grants.set(1, true)
    world.until(() => world.leader?.sid === 1, 5000)
    write(world, 1, '/alone')

    world.start(2)

    world.until(() => world.node(2).view.isServing, 5000)
    expect(world.leader?.sid).toBe(1)
    expect(has(world, 2, '/alone')).toBe(true)
    // From then on both are needed again, whatever the oracle says.
    write(world, 2, '/together')
    world.run(200)
    expect(has(world, 1, '/together')).toBe(true)
  })

  test('with both there, the one with the better history leads whatever the oracles say', () => {
    const world = startTwo(1)

    expect(world.leader?.sid).toBe(2)
  })

  test('an observer follows the one that went on alone', () => {
    const world = worldOf([member(1), member(2), member(3, 'observer')], [])
    for (const sid of [1, 2, 3]) world.start(sid)
    world.until(() => [1, 2, 3].every((sid) => world.node(sid).view.isServing))
    world.node(2).crash()
    world.grants.set(1, true)

    world.until(() => world.leader?.sid === 1 && world.node(3).view.isServing, 10_000)

    write(world, 3, '/alone')
  })
})

describe('with three voters', () => {
  test('the oracle has no say', () => {
    const world = worldOf([member(1), member(2), member(3)], [1, 2, 3])
    world.start(1)

    world.run(20_000)

    expect(world.leader).toBeUndefined()
  })
})
