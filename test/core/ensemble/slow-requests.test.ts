import { expect, test } from '@jest/globals'
import { parseConfigText } from '../../../src/core/zab/membership/config-text.ts'
import { encodeCreateRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const THREE = parseConfigText([1, 2, 3].map((sid) => `server.${sid}=h${sid}:200${sid}:300${sid}`).join('\n'))

function create(client: Client, path: string): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags: 0 })
  )
}

test('a write that a slow disk of a follower holds up names the quorum and that follower; at the other one, the leader', () => {
  const world = new EnsembleWorld(THREE)
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  const own = world.node(3).connect(5000)
  const remote = world.node(1).connect(5000)
  world.until(() => own.isConnected && remote.isConnected)

  world.node(1).crash()
  world.node(2).isDiskFull = true
  const xid = create(own, '/slow')
  world.run(200)
  world.node(2).isDiskFull = false
  world.until(() => own.outcome(xid) === 0)
  expect(world.node(3).slow.view.newest[0]).toMatchObject({ path: '/slow', stage: 'quorum', peer: 2 })
})

test('a write of a follower that waits for its leader names it', () => {
  const world = new EnsembleWorld(THREE)
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  const remote = world.node(1).connect(5000)
  world.until(() => remote.isConnected)
  world.node(2).isDiskFull = true
  world.node(3).isDiskFull = true
  const xid = create(remote, '/slow')
  world.run(200)
  world.node(3).isDiskFull = false
  world.until(() => remote.outcome(xid) === 0)
  expect(world.node(1).slow.view.newest[0]).toMatchObject({ path: '/slow', stage: 'quorum', peer: 3 })
})

test("a write that the leader's own disk holds up names the log", () => {
  const world = new EnsembleWorld(THREE)
  for (const sid of [1, 2, 3]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  const own = world.node(3).connect(5000)
  world.until(() => own.isConnected)
  world.node(1).isDiskFull = true
  world.node(3).isDiskFull = true
  const xid = create(own, '/slow')
  world.run(200)
  world.node(3).isDiskFull = false
  world.until(() => own.outcome(xid) === 0)
  expect(world.node(3).slow.view.newest[0]).toMatchObject({ path: '/slow', stage: 'log' })
})
