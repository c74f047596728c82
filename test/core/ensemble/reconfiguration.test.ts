import { describe, expect, test } from '@jest/globals'
import { JuteReader } from 'jute-ts'
import { formatConfigText, formatMembership } from '../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig, EnsembleMember, MemberRole } from '../../../src/core/zab/membership/ensemble-config.ts'
import { roleOf } from '../../../src/core/zab/membership/member-of.ts'
import { ServerState } from '../../../src/core/zab/vote.ts'
import { ErrorCode } from '../../../src/protocol/error-code.ts'
import { decodeStat } from '../../../src/protocol/generated/data.ts'
import { encodeCreateRequest, encodeReconfigRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { type Client, EnsembleWorld, type Node } from './ensemble-world.ts'

const ACL = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]

function member(id: number, role: MemberRole = 'participant'): EnsembleMember {
  return {
    id,
    addresses: [{ host: '10.0.0.1', quorumPort: 2000 + id, electionPort: 3000 + id }],
    role,
    clientAddress: null,
    clientPort: 4000 + id,
    secureClientAddress: null,
    secureClientPort: null
  }
}

function configOf(members: readonly EnsembleMember[]): EnsembleConfig {
  return { members, groups: [], weights: new Map(), version: 0n }
}

function participants(...sids: number[]): EnsembleConfig {
  return configOf(sids.map((sid) => member(sid)))
}

function lineOf(sid: number, role: MemberRole = 'participant'): string {
  return `server.${sid}=10.0.0.1:${2000 + sid}:${3000 + sid}:${role};0.0.0.0:${4000 + sid}`
}

interface Change {
  readonly joining?: string
  readonly leaving?: string
  readonly newMembers?: string
  readonly version?: number
}

function reconfig(client: Client, { joining, leaving, newMembers, version }: Change): number {
  return client.request(OpCode.reconfig, (writer) =>
    encodeReconfigRequest(writer, {
      joiningServers: joining ?? null,
      leavingServers: leaving ?? null,
      newMembers: newMembers ?? null,
      curConfigIdHi: version === undefined ? -1 : 0,
      curConfigIdLo: version ?? -1
    })
  )
}

function create(client: Client, path: string): number {
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl: ACL, flags: 0 })
  )
}

function startAll(config: EnsembleConfig, settings = {}): EnsembleWorld {
  const world = new EnsembleWorld(config, { reconfigEnabled: true, ...settings })
  for (const { id } of config.members) world.start(id)
  world.until(() => config.members.every(({ id }) => world.node(id).view.isServing))
  return world
}

function connect(world: EnsembleWorld, sid: number): Client {
  const client = world.node(sid).connect(20_000)
  world.until(() => client.isConnected)
  return client
}

function ask(world: EnsembleWorld, client: Client, change: Change): number {
  const xid = reconfig(client, change)
  world.until(() => client.outcome(xid) !== undefined)
  return client.outcome(xid) ?? 0
}

function write(world: EnsembleWorld, sid: number, path: string): void {
  world.until(() => world.node(sid).view.isServing)
  const client = connect(world, sid)
  const xid = create(client, path)
  world.until(() => client.outcome(xid) === 0)
}

function textOf(node: Node): string {
  return formatConfigText(node.peer.member.config)
}

function nodeText(node: Node): string {
  return Buffer.from(node.tree.data(node.tree.find('/zookeeper/config')) ?? []).toString()
}

function sidsOf(node: Node): number[] {
  return node.peer.member.config.members.map(({ id }) => id)
}

describe('the first leader', () => {
  test('gives a configuration without a version the zxid of its NEWLEADER, and all write it down', () => {
    const world = startAll(participants(1, 2, 3))
    world.run(100)

    for (const node of world.nodes.values()) {
      expect(node.peer.member.config.version).toBe(0x100000000n)
      expect(node.disk.config).toBe(textOf(node))
      expect(node.disk.next).toBeNull()
      expect(nodeText(node)).toBe(textOf(node))
    }
  })

  test('leaves versions as they are where reconfiguration is off', () => {
    const world = startAll(participants(1, 2, 3), { reconfigEnabled: false })

    for (const node of world.nodes.values()) expect(node.peer.member.config.version).toBe(0n)
  })

  test('of a single server that is an ensemble leads alone', () => {
    const world = startAll(participants(1), { standaloneEnabled: false })

    expect(world.leader?.sid).toBe(1)
    write(world, 1, '/alone')
    expect(world.node(1).peer.member.config.version).toBe(0x100000000n)
  })
})

describe('a reconfiguration', () => {
  test.each([{ asked: 3 }, { asked: 1 }])(
    'is answered with its text and the Stat of its znode at server $asked',
    ({ asked }) => {
      const world = startAll(participants(1, 2, 3))
      const client = connect(world, asked)

      const xid = reconfig(client, { leaving: '2' })
      world.until(() => client.outcome(xid) !== undefined)
      world.run(100)

      const reader = new JuteReader(client.reply(xid))
      reader.skip(16, 'header')
      const text = Buffer.from(reader.readBuffer() ?? []).toString()
      const stat = decodeStat(reader)
      const version = world.node(1).peer.member.config.version
      expect(text).toBe(`${lineOf(1)}\n${lineOf(3)}\nversion=${version.toString(16)}`)
      expect(stat).toMatchObject({ version: -1, mzxidHi: 1, mzxidLo: Number(version & 0xffffffffn) })
      expect(stat.dataLength).toBe(text.length)
      expect(reader.remaining).toBe(0)
      for (const node of world.nodes.values()) {
        expect(nodeText(node)).toBe(text)
        expect(node.disk.config).toBe(text)
        expect(node.disk.next).toBeNull()
      }
    }
  )

  test('has the same znode on all servers, times included', () => {
    const world = startAll(participants(1, 2, 3))
    ask(world, connect(world, 1), { leaving: '1' })
    world.run(100)

    const stats = [...world.nodes.values()].map(({ tree }) => tree.shownStat(tree.find('/zookeeper/config')))

    expect(stats[1]).toEqual(stats[0])
    expect(stats[2]).toEqual(stats[0])
    expect(stats[0]?.mtimeHi).toBeGreaterThan(0)
  })

  test('makes a server that has joined as a non-voting follower a voter', () => {
    const world = startAll(participants(1, 2, 3))
    const joiner = world.start(4, participants(1, 2, 3, 4))
    world.until(() => joiner.view.isServing)
    expect(joiner.view.state).toBe(ServerState.following)
    expect(sidsOf(joiner)).toEqual([1, 2, 3])

    const outcome = ask(world, connect(world, 4), { joining: lineOf(4) })
    world.run(100)

    expect(outcome).toBe(ErrorCode.OK)
    for (const node of world.nodes.values()) expect(sidsOf(node)).toEqual([1, 2, 3, 4])
    expect(joiner.view.isServing).toBe(true)
    // Two of the three first ones would not be enough any more.
    world.node(1).crash()
    write(world, 4, '/with-three')
    world.node(2).crash()
    world.until(() => !world.node(3).view.isServing)
  })

  test('takes a vote away: the server goes on as a follower without one', () => {
    const world = startAll(participants(1, 2, 3))

    expect(ask(world, connect(world, 1), { leaving: '1' })).toBe(ErrorCode.OK)
    world.run(2000)

    expect(world.node(1).view).toMatchObject({ state: ServerState.following, isServing: true, leader: 3 })
    write(world, 1, '/by-the-removed-one')
    world.node(2).crash()
    // Server 1 does not count: server 3 alone is no quorum of two.
    world.until(() => !world.node(3).view.isServing)
  })

  test('that removes the leader gives the lead to another server without an election', () => {
    const world = startAll(participants(1, 2, 3))
    const rounds = [1, 2, 3].map((sid) => world.node(sid).peer.election.round)
    const client = connect(world, 3)

    expect(ask(world, client, { leaving: '3' })).toBe(ErrorCode.OK)
    world.until(() => [1, 2, 3].every((sid) => world.node(sid).view.isServing && world.node(sid).view.leader !== 3))

    expect(world.leader?.sid).toBe(1)
    expect([1, 2, 3].map((sid) => world.node(sid).peer.election.round)).toEqual(rounds)
    expect(world.node(3).view.state).toBe(ServerState.following)
    expect(world.node(3).peer.following?.following.epoch).toBe(2)
    write(world, 3, '/by-the-old-leader')
    write(world, 2, '/by-another')
  })

  test('that removes the leader leaves its clients time: reads are answered for a while, nothing else is', () => {
    const world = startAll(participants(1, 2, 3))
    const client = connect(world, 3)
    const reader = connect(world, 3)
    expect(ask(world, client, { leaving: '3' })).toBe(ErrorCode.OK)
    const answeredMs = world.nowMs

    const sync = client.request(OpCode.sync, (writer) => writer.writeString('/'))
    const refused = create(client, '/too-late')
    const read = reader.request(OpCode.exists, (writer) => {
      writer.writeString('/')
      writer.writeBool(false)
    })
    world.until(() => reader.outcome(read) !== undefined)
    world.until(() => client.isClosed)

    expect(reader.outcome(read)).toBe(ErrorCode.OK)
    expect(world.nowMs - answeredMs).toBeGreaterThanOrEqual(50)
    expect(world.nowMs - answeredMs).toBeLessThanOrEqual(110)
    expect([client.outcome(sync), client.outcome(refused)]).toEqual([undefined, undefined])
    world.until(() => world.leader?.sid === 1 && world.node(3).view.isServing)
    // What it does not log now, nobody has to cut off.
    expect(world.lines.filter((line) => line.includes('server 3 ') && line.includes('synchronising by TRUNC'))).toEqual(
      []
    )
    write(world, 3, '/by-the-old-leader')
    expect(world.node(3).peer.following?.leaderSid).toBe(1)
    expect([1, 2, 3].map((sid) => world.node(sid).tree.find('/too-late'))).toEqual([-1, -1, -1])
  })

  test('that gave the lead to another server is found by who comes later', () => {
    const world = startAll(participants(1, 2, 3, 4))
    world.node(2).crash()
    ask(world, connect(world, 1), { leaving: '4' })
    world.until(() => [1, 3, 4].every((sid) => world.node(sid).view.isServing && world.node(sid).view.leader === 1))

    const late = world.start(2)
    world.until(() => late.view.isServing)

    expect(late.view.leader).toBe(1)
    expect(sidsOf(late)).toEqual([1, 2, 3])
    expect(late.disk.next).toBeNull()
    write(world, 2, '/by-the-late-one')
  })

  test('that makes an observer of a follower and back brings it in by its other door', () => {
    const world = startAll(participants(1, 2, 3))
    const rounds = world.node(1).peer.election.round

    expect(ask(world, connect(world, 2), { joining: lineOf(1, 'observer') })).toBe(ErrorCode.OK)
    world.until(() => world.node(1).view.isServing && world.node(1).view.state === ServerState.observing)
    write(world, 1, '/as-an-observer')
    expect(ask(world, connect(world, 2), { joining: lineOf(1) })).toBe(ErrorCode.OK)
    world.until(() => world.node(1).view.isServing && world.node(1).view.state === ServerState.following)
    write(world, 1, '/as-a-follower')

    expect(world.node(1).peer.election.round).toBe(rounds)
    world.node(2).crash()
    write(world, 1, '/with-its-vote')
  })

  test('that makes an observer of the leader lets another one lead', () => {
    const world = startAll(participants(1, 2, 3))

    expect(ask(world, connect(world, 1), { joining: lineOf(3, 'observer') })).toBe(ErrorCode.OK)
    world.until(() => world.node(3).view.isServing && world.node(3).view.state === ServerState.observing)

    expect(world.leader?.sid).not.toBe(3)
    for (const node of world.nodes.values()) expect(roleOf(node.peer.member.config, 3)).toBe('observer')
  })

  test('that moves the leader to another quorum port gives the lead to another server', () => {
    const world = startAll(participants(1, 2, 3))
    const sid = world.leader?.sid ?? 0
    const line = `server.${sid}=10.0.0.1:7001:${3000 + sid}:participant;0.0.0.0:${4000 + sid}`

    expect(ask(world, connect(world, sid), { joining: line })).toBe(0)
    world.until(() => world.node(sid).view.state === ServerState.following && world.node(sid).view.isServing)
    expect(world.leader?.sid).not.toBe(sid)
    expect(world.node(sid).listensAt).toBeNull()
  })

  test('that moves a leader whom nobody can replace: learners find it at its new quorum port', () => {
    const world = startAll(configOf([member(1), member(2, 'observer')]), { standaloneEnabled: false })
    const moved = { ...member(1), addresses: [{ host: '10.0.0.1', quorumPort: 7001, electionPort: 3001 }] }

    const joining = 'server.1=10.0.0.1:7001:3001:participant;0.0.0.0:4001'
    expect(ask(world, connect(world, 1), { joining })).toBe(0)
    expect(world.node(1).listensAt).toBe('10.0.0.1 7001')
    world.start(3, configOf([moved, member(3, 'observer')]))
    world.node(2).crash()
    world.start(2)
    world.until(() => [2, 3].every((each) => world.node(each).view.isServing))
    expect(world.leader?.sid).toBe(1)
  })

  test('replaces all members by a list', () => {
    const world = startAll(participants(1, 2, 3))
    const newMembers = [lineOf(2), lineOf(3), lineOf(1, 'observer')].join(',')

    expect(ask(world, connect(world, 2), { newMembers })).toBe(ErrorCode.OK)
    world.until(() => world.node(1).view.state === ServerState.observing)

    const texts = new Set([...world.nodes.values()].map((node) => formatMembership(node.peer.member.config)))
    expect([...texts]).toEqual([`${lineOf(1, 'observer')}\n${lineOf(2)}\n${lineOf(3)}\n`])
  })

  test('that was proposed when all servers died is completed by the next leader', () => {
    const world = startAll(participants(1, 2, 3))
    const client = connect(world, 3)
    reconfig(client, { leaving: '2' })
    world.until(() => [1, 2, 3].every((sid) => world.node(sid).disk.next?.includes('server.1') === true))
    const isInForce = [...world.nodes.values()].some((node) => sidsOf(node).length === 2)
    for (const sid of [1, 2, 3]) world.node(sid).crash()
    for (const sid of [1, 2, 3]) world.start(sid)

    world.until(() => [1, 2, 3].every((sid) => world.node(sid).view.isServing))
    world.run(100)

    expect(isInForce).toBe(false)
    for (const node of world.nodes.values()) {
      expect(sidsOf(node)).toEqual([1, 3])
      expect(node.disk.config).toBe(textOf(node))
      expect(nodeText(node)).toBe(textOf(node))
    }
  })

  test('survives restarts', () => {
    const world = startAll(participants(1, 2, 3))
    ask(world, connect(world, 1), { leaving: '2' })
    world.run(200)
    for (const sid of [1, 3]) world.node(sid).crash()
    world.node(2).crash()
    world.start(1)
    world.start(3)

    world.until(() => world.leader !== undefined)
    write(world, 1, '/after')

    expect(sidsOf(world.node(1))).toEqual([1, 3])
  })
})

describe('a reconfiguration is refused', () => {
  test.each([
    { because: 'it is off', settings: { reconfigEnabled: false }, change: { leaving: '1' }, error: 'RECONFIGDISABLED' },
    { because: 'it was asked for at another version', change: { leaving: '1', version: 7 }, error: 'BADVERSION' },
    { because: 'one voter would be left', change: { leaving: '1,2' }, error: 'BADARGUMENTS' },
    { because: 'a line is malformed', change: { joining: 'server.4=10.0.0.1' }, error: 'BADARGUMENTS' },
    {
      because: 'no quorum of it is there',
      change: { joining: [4, 5, 6].map((sid) => lineOf(sid)).join(',') },
      error: 'NEWCONFIGNOQUORUM'
    }
  ] as const)('when $because', ({ change, error, ...more }) => {
    // The peer's own switch goes with the member's.
    const world = startAll(participants(1, 2, 3), 'settings' in more ? more.settings : {})
    const client = connect(world, 1)
    const before = textOf(world.node(1))

    const outcome = ask(world, client, change)
    world.run(100)

    expect(outcome).toBe(ErrorCode[error])
    for (const node of world.nodes.values()) expect(textOf(node)).toBe(before)
    const xid = create(client, '/goes-on')
    world.until(() => client.outcome(xid) === 0)
  })

  test('while another one is under way', () => {
    const world = startAll(participants(1, 2, 3))
    const client = connect(world, 3)

    const first = reconfig(client, { leaving: '1' })
    const second = reconfig(client, { leaving: '2' })
    world.until(() => client.outcome(second) !== undefined)

    expect(client.outcome(first)).toBe(ErrorCode.OK)
    expect(client.outcome(second)).toBe(ErrorCode.RECONFIGINPROGRESS)
  })
})
