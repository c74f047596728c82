import { describe, expect, test } from '@jest/globals'
import type { EnsembleSettings } from '../../../src/core/ensemble/ensemble-settings.ts'
import type { Metrics } from '../../../src/core/metrics.ts'
import { parseConfigText } from '../../../src/core/zab/membership/config-text.ts'
import { encodeCreateRequest } from '../../../src/protocol/generated/proto.ts'
import { OpCode } from '../../../src/protocol/op-code.ts'
import { quorumView } from '../../../src/server/quorum/quorum-view.ts'
import { type Client, EnsembleWorld, type Node } from '../../core/ensemble/ensemble-world.ts'

const OBSERVER = 4
const CONFIG = parseConfigText(
  [1, 2, 3, OBSERVER]
    .map((sid) => `server.${sid}=127.0.0.1:200${sid}:300${sid}:${sid === OBSERVER ? 'observer' : 'participant'}`)
    .join('\n')
)

function startAll(settings: Partial<EnsembleSettings> = {}): EnsembleWorld {
  const world = new EnsembleWorld(CONFIG, settings)
  for (const sid of [1, 2, 3, OBSERVER]) world.start(sid)
  world.until(() => [...world.nodes.values()].every(({ view }) => view.isServing))
  return world
}

function viewOf({ peer, view }: Node) {
  return quorumView(peer, view)
}

function metricsOf({ peer }: Node): Metrics {
  const metrics = peer.peer?.state.metrics
  if (metrics === undefined) throw new Error('it does not serve')
  return metrics
}

function send(client: Client, path: string): number {
  const acl = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
  return client.request(OpCode.create, (writer) =>
    encodeCreateRequest(writer, { path, data: Buffer.from('x'), acl, flags: 0 })
  )
}

function create(world: EnsembleWorld, client: Client, path: string): void {
  const xid = send(client, path)
  world.until(() => client.outcome(xid) !== undefined)
}

describe('what administration is shown', () => {
  test('of each role, while it serves', () => {
    const world = startAll()
    world.until(() => viewOf(world.node(3)).leader?.syncedFollowers === 2)

    expect(viewOf(world.node(3))).toMatchObject({
      role: 'participant',
      electionPort: 3003,
      quorumPort: 2003,
      peerState: 'leading - broadcast',
      quorumSize: 3,
      syncedObservers: 1,
      observerMasterId: null,
      leader: { learners: 3, syncedFollowers: 2, syncedNonVotingFollowers: 0, pendingSyncs: 0 }
    })
    expect(viewOf(world.node(1))).toMatchObject({
      role: 'participant',
      peerState: 'following - broadcast',
      leader: null,
      syncedObservers: null,
      observerMasterId: null
    })
    expect(viewOf(world.node(OBSERVER))).toMatchObject({
      role: 'observer',
      peerState: 'observing - broadcast',
      leader: null,
      observerMasterId: 3
    })
  })

  test('of an observer behind a follower: from whom it learns, and who serves it', () => {
    const world = startAll({ observerMaster: { port: 2191, sizeLimitBytes: 1 << 20 } })
    const { observerMasterId } = viewOf(world.node(OBSERVER))

    expect([1, 2]).toContain(observerMasterId)
    for (const sid of [1, 2]) expect(viewOf(world.node(sid)).syncedObservers).toBe(sid === observerMasterId ? 1 : 0)
    expect(viewOf(world.node(3)).syncedObservers).toBe(0)
  })

  test('syncs that wait for a commit, on the leader: of its own clients and of learners', () => {
    const world = startAll()
    const [own, remote] = [world.node(3).connect(), world.node(1).connect()]
    world.until(() => own.isConnected && remote.isConnected)
    const pending = (): number => viewOf(world.node(3)).leader?.pendingSyncs ?? -1
    const syncs = [own, remote].map((client) => {
      send(client, `/${client.id}`)
      return { client, xid: client.request(OpCode.sync, (writer) => writer.writeString('/')) }
    })

    world.until(() => pending() === 2)
    world.until(() => syncs.every(({ client, xid }) => client.outcome(xid) === 0))

    expect(pending()).toBe(0)
    expect(viewOf(world.node(1)).leader).toBeNull()
  })

  test('of a server without a leader: that it looks for one', () => {
    const world = startAll()
    world.node(3).crash()
    world.node(2).crash()
    world.until(() => !world.node(1).view.isServing)

    expect(viewOf(world.node(1))).toMatchObject({ peerState: 'looking', leader: null, observerMasterId: null })
  })
})

describe('a server that serves reads without a leader', () => {
  test('belongs to no quorum, whether it has a vote or observes', () => {
    const world = startAll({ readOnlyModeEnabled: true })
    world.node(3).crash()
    world.node(2).crash()
    world.until(() => [1, OBSERVER].every((sid) => world.node(sid).view.isReadOnly))

    for (const sid of [1, OBSERVER]) {
      expect(viewOf(world.node(sid))).toMatchObject({ peerState: 'looking', quorumSize: null })
    }
  })
})

describe('what is measured of a write', () => {
  test('proposals, ACKs and commits are counted on leader, follower and observer, each its part', () => {
    const world = startAll()
    const client = world.node(1).connect()
    world.until(() => client.isConnected)
    const before = metricsOf(world.node(3)).commitCount.value
    create(world, client, '/a')
    create(world, client, '/b')
    world.run(100)

    const leader = metricsOf(world.node(3))
    expect(leader.commitCount.value - before).toBe(2)
    expect(leader.proposalCount.value).toBe(leader.commitCount.value)
    expect(leader.quorumAckLatency.all.count).toBe(leader.commitCount.value)
    expect(leader.learnerProposalReceivedCount.value).toBe(0)
    const follower = metricsOf(world.node(1))
    expect(follower.learnerProposalReceivedCount.value).toBe(leader.proposalCount.value)
    expect(follower.learnerCommitReceivedCount.value).toBe(leader.commitCount.value)
    expect(follower.proposalAckCreationLatency.all.count).toBe(leader.proposalCount.value)
    expect(follower.commitCount.value).toBe(0)
    const observer = metricsOf(world.node(OBSERVER))
    expect(observer.learnerProposalReceivedCount.value).toBe(0)
    expect(observer.learnerCommitReceivedCount.value).toBe(leader.commitCount.value)
    expect(observer.proposalAckCreationLatency.all.count).toBe(0)
  })

  test('what followers do for observers, and what waits for learners', () => {
    const world = startAll({ observerMaster: { port: 2191, sizeLimitBytes: 1 << 20 } })
    const masterId = viewOf(world.node(OBSERVER)).observerMasterId ?? 0
    const client = world.node(OBSERVER).connect()
    world.until(() => client.isConnected)
    create(world, client, '/a')
    world.run(100)

    const leader = metricsOf(world.node(3))
    const commits = leader.commitCount.value
    const master = metricsOf(world.node(masterId))
    expect(master.omCommitProcessTimeMs.all.count).toBe(commits)
    expect(master.omProposalProcessTimeMs.all.count).toBe(commits)
    // The session and the znode.
    expect(master.learnerRequestProcessorQueueSize.count).toBe(2)
    expect(master.learnerHandlerQpSize.of(String(OBSERVER)).count).toBeGreaterThan(commits)
    expect(master.serverWriteCommittedTimeMs.all.count).toBe(commits)
    expect(master.prepProcessorRequestQueued.value).toBe(0)
    const observer = metricsOf(world.node(OBSERVER))
    expect(observer.omCommitProcessTimeMs.all.count).toBe(0)
    expect(observer.localWriteCommittedTimeMs.all.count).toBe(2)
    expect(observer.learnerRequestProcessorQueueSize.count).toBe(2)
    expect(leader.localWriteCommittedTimeMs.all.count).toBe(commits)
    expect(leader.prepProcessorRequestQueued.value).toBe(2)
    for (const sid of [1, 2]) expect(leader.learnerHandlerQpTimeMs.of(String(sid)).all.count).toBe(1)
  })

  test('elections and the time without service, after the leader was lost', () => {
    const world = startAll()
    world.node(3).crash()
    world.until(() => world.leader !== undefined && world.node(1).view.isServing && world.node(OBSERVER).view.isServing)

    const leader = metricsOf(world.node(2))
    expect(leader.lookingCount.value).toBeGreaterThanOrEqual(2)
    expect(leader.electionTime.count).toBe(leader.lookingCount.value)
    expect(leader.unavailableTime.count).toBe(2)
    expect(leader.leaderUnavailableTime.count).toBe(1)
    expect(leader.leaderUnavailableTime.sum).toBeGreaterThan(0)
    expect(metricsOf(world.node(1)).followerSyncTime.count).toBe(2)
    const observer = metricsOf(world.node(OBSERVER))
    expect(observer.observerSyncTime.count).toBe(2)
    expect(observer.electionTime.count).toBe(0)
  })
})
