import { describe, expect, test } from '@jest/globals'
import type { EnsembleSettings } from '../../../src/core/ensemble/ensemble-settings.ts'
import type { EnsembleConfig } from '../../../src/core/zab/membership/ensemble-config.ts'
import { encodeCreateRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { EnsembleWorld, type Node } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const CONFIG: EnsembleConfig = {
  members: [1, 2, 3].map((id) => ({
    id,
    addresses: [{ host: '127.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role: 'participant',
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  })),
  groups: [],
  weights: new Map(),
  version: 0n
}

function startThree(settings: Partial<EnsembleSettings> = {}): EnsembleWorld {
  const world = new EnsembleWorld(CONFIG, settings)
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  return world
}

/** As many writes by a client of this server, which all that run have in the end. */
function write(world: EnsembleWorld, sid: number, count: number): void {
  const client = world.node(sid).connect(20_000)
  world.until(() => client.isConnected)
  const xids = Array.from({ length: count }, () =>
    client.request(OpCode.create, (writer) =>
      encodeCreateRequest(writer, { path: '/n-', data: Buffer.from('x'), acl: ACL, flags: 2 })
    )
  )
  world.until(() => xids.every((xid) => client.outcome(xid) === 0))
  world.run(200)
}

/** What `hash` shows of a server, as text. */
function digestsOf({ peer }: Node): string[] {
  return (peer.peer?.digestLog.entries ?? []).map(
    ({ zxidHi, zxidLo, digestHi, digestLo }) => `${zxidHi}:${zxidLo} ${digestHi}:${digestLo}`
  )
}

function failOver(world: EnsembleWorld): void {
  world.node(3).crash()
  world.until(() => world.leader?.sid === 2 && world.node(1).view.isServing)
}

describe('the digests that a member keeps', () => {
  test('outlive its role, and are those of all members', () => {
    const world = startThree()
    write(world, 1, 300)
    const before = digestsOf(world.node(1))
    failOver(world)
    write(world, 1, 140)

    expect(before.map((line) => line.split(' ')[0])).toEqual(['1:128', '1:256'])
    expect(digestsOf(world.node(1)).slice(0, 2)).toEqual(before)
    expect(digestsOf(world.node(1)).at(-1)).toMatch(/^2:128 /)
    expect(digestsOf(world.node(2))).toEqual(digestsOf(world.node(1)))
  })

  test('include those of what a member missed and was brought up with', () => {
    const world = startThree()
    write(world, 1, 10)
    failOver(world)
    write(world, 1, 140)
    const back = world.start(3)
    world.until(() => back.view.isServing)

    expect(digestsOf(back)).toEqual(digestsOf(world.node(2)))
    expect(digestsOf(back)).toHaveLength(1)
  })

  test('go with the tree that a snapshot of the leader replaces', () => {
    const world = startThree({ forceSnapshotSync: true })
    write(world, 1, 140)
    expect(digestsOf(world.node(1))).toHaveLength(1)
    failOver(world)
    const after = digestsOf(world.node(1))
    write(world, 1, 140)

    expect(after).toEqual([])
    expect(digestsOf(world.node(1))).toEqual(digestsOf(world.node(2)).slice(-1))
  })
})
