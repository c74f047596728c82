import { describe, expect, test } from '@jest/globals'
import { parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import { ServerState } from '../../../../src/core/zab/vote.ts'
import { ElectionNetwork, type History, isBetter, type NetworkOptions } from './election-network.ts'

const SEEDS = Array.from({ length: 40 }, (_none, index) => index + 1)

const MEMBERS = [1, 2, 3, 4, 5].map((sid) => `server.${sid}=h${sid}:1:2`)
const THREE = parseConfigText(MEMBERS.slice(0, 3).join('\n'))
const FIVE = parseConfigText(MEMBERS.join('\n'))
const WITH_OBSERVER = parseConfigText([...MEMBERS.slice(0, 3), 'server.4=h4:1:2:observer'].join('\n'))
/** Server 5 counts nowhere, and must never lead. */
const HIERARCHICAL = parseConfigText(
  [...MEMBERS, 'group.1=1:2', 'group.2=3:4', 'group.3=5', 'weight.2=2', 'weight.4=2', 'weight.5=0'].join('\n')
)
/** 3 is leaving, 4 and 5 are joining. */
const PENDING = parseConfigText([MEMBERS[0], MEMBERS[1], MEMBERS[3], MEMBERS[4], 'version=9'].join('\n'))

const WITH_GROUPS = [...MEMBERS.slice(0, 3), 'group.1=1:2:3']
/** Server 1 decides alone, and the two others will, by a reconfiguration that is pending. */
const ONE_HAS_ALL = parseConfigText([...WITH_GROUPS, 'weight.2=0', 'weight.3=0'].join('\n'))
const TWO_HAVE_ALL = parseConfigText([...WITH_GROUPS, 'weight.1=0', 'version=9'].join('\n'))

/** Server 4 has no weight before the reconfiguration, by which it votes in place of server 2, and 5, which is down. */
const WITHOUT_FOUR = parseConfigText([...MEMBERS.slice(0, 4), 'group.1=1:2:3:4', 'weight.4=0'].join('\n'))
const WITH_FOUR = parseConfigText([MEMBERS[0], ...MEMBERS.slice(2), 'version=9'].join('\n'))

function histories(seed: number, count: number): History[] {
  return Array.from({ length: count }, (_none, index) => ({
    sid: index + 1,
    peerEpoch: (seed * 7 + index * 3) % 4,
    zxidLo: (seed * 13 + index * 5) % 3
  }))
}

function bestOf(servers: readonly History[]): number {
  return servers.reduce((best, server) => (isBetter(server, best) ? server : best)).sid
}

function startAll(network: ElectionNetwork, servers: readonly History[]): void {
  for (const { sid } of servers) {
    network.run(network.nowMs + network.random() * 20)
    network.start(sid)
  }
}

/** Crashes and restarts, cuts and delays for a while, and a quiet network afterwards. */
function runStorm(options: NetworkOptions): { network: ElectionNetwork; isAgreed: boolean; leadersMax: number } {
  const network = new ElectionNetwork(options)
  startAll(network, options.servers)
  let leadersMax = 0
  while (network.nowMs < 15_000) {
    network.run(network.nowMs + network.random() * 1000)
    leadersMax = Math.max(leadersMax, network.leaders().length)
    const { sid } = options.servers[Math.floor(network.random() * options.servers.length)] ?? { sid: 1 }
    if (network.election(sid) === null) network.start(sid)
    else if (network.random() < 0.5) network.stop(sid)
  }
  network.loss = 0
  for (const { sid } of options.servers) {
    if (network.election(sid) === null) network.start(sid)
  }
  const isAgreed = network.run(network.nowMs + 300_000, () => network.agreedLeader() !== null)
  return { network, isAgreed, leadersMax }
}

describe('servers that start together on a quick network', () => {
  test.each([
    { name: 'three', config: THREE, count: 3 },
    { name: 'five', config: FIVE, count: 5 }
  ])('elect the one of $name with the greatest epoch, zxid and id, within two seconds', ({ config, count }) => {
    const outcomes = SEEDS.map((seed) => {
      const servers = histories(seed, count)
      const network = new ElectionNetwork({ seed, config, servers, delayMsMax: 40 })
      startAll(network, servers)
      network.run(2000, () => network.agreedLeader() !== null)
      return { seed, leader: network.agreedLeader() }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, leader: bestOf(histories(seed, count)) })))
  })

  test('never elect one without weight, however good its history', () => {
    const outcomes = SEEDS.map((seed) => {
      const servers = [...histories(seed, 4), { sid: 5, peerEpoch: 99, zxidLo: 0 }]
      const network = new ElectionNetwork({ seed, config: HIERARCHICAL, servers, delayMsMax: 40 })
      startAll(network, servers)
      network.run(2000, () => network.agreedLeader() !== null)
      return { seed, leader: network.agreedLeader() }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, leader: bestOf(histories(seed, 4)) })))
  })

  test('elect one that has its weight by the pending configuration only, where its history is the best', () => {
    const outcomes = SEEDS.map((seed) => {
      const servers = [1, 2, 3].map((sid) => ({ sid, peerEpoch: 2, zxidLo: sid === 1 ? 5 : 9 }))
      const network = new ElectionNetwork({
        seed,
        config: ONE_HAS_ALL,
        lastSeen: TWO_HAVE_ALL,
        servers,
        delayMsMax: 40
      })
      startAll(network, servers)
      network.run(2000, () => network.agreedLeader() !== null)
      return { seed, leader: network.agreedLeader() }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, leader: 3 })))
  })

  test('prefer one with weight in the configuration in force, for whom also those can vote who do not know the pending one', () => {
    const outcomes = SEEDS.map((seed) => {
      const others = [2, 3, 4].map((sid) => ({ sid, peerEpoch: 2, zxidLo: 9 }))
      const servers = [{ sid: 1, peerEpoch: 2, zxidLo: 5, isUnaware: true }, ...others]
      const network = new ElectionNetwork({ seed, config: WITHOUT_FOUR, lastSeen: WITH_FOUR, servers, delayMsMax: 40 })
      startAll(network, servers)
      network.run(4000, () => network.agreedLeader() !== null)
      return { seed, leader: network.agreedLeader() }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, leader: 3 })))
  })
})

describe('servers that crash and restart on a slow, lossy network', () => {
  test.each([
    { name: 'three', config: THREE, count: 3 },
    { name: 'five', config: FIVE, count: 5 },
    { name: 'groups', config: HIERARCHICAL, count: 5 },
    { name: 'a pending reconfiguration', config: THREE, lastSeen: PENDING, count: 5 },
    { name: 'an observer', config: WITH_OBSERVER, count: 4 }
  ])('of $name agree in the end on one leader, which a quorum can have voted for', ({ config, lastSeen, count }) => {
    const outcomes = SEEDS.map((seed) => {
      const servers = histories(seed, count)
      const { network, isAgreed, leadersMax } = runStorm({
        seed,
        config,
        lastSeen: lastSeen ?? null,
        servers,
        delayMsMax: 400,
        loss: 0.3
      })
      const leader = network.agreedLeader()
      const isSupported = leader !== null && network.isLeaderSupported(leader)
      return { seed, isAgreed, isSupported, hadSeveralLeaders: leadersMax > 1 }
    })

    expect(outcomes).toEqual(
      SEEDS.map((seed) => ({ seed, isAgreed: true, isSupported: true, hadSeveralLeaders: false }))
    )
  })
})

describe('an ensemble with a leader', () => {
  test.each([
    { name: 'a participant with a better history', config: THREE, sid: 3, state: ServerState.following },
    { name: 'an observer', config: WITH_OBSERVER, sid: 4, state: ServerState.observing }
  ])('takes $name in, and keeps its leader', ({ config, sid, state }) => {
    const joiner = { sid, peerEpoch: 9, zxidLo: 9 }
    const others = [
      { sid: 1, peerEpoch: 1, zxidLo: 1 },
      { sid: 2, peerEpoch: 1, zxidLo: 1 },
      ...(sid === 4 ? [{ sid: 3, peerEpoch: 1, zxidLo: 0 }] : [])
    ]
    const outcomes = SEEDS.map((seed) => {
      const network = new ElectionNetwork({ seed, config, servers: [...others, joiner], delayMsMax: 100 })
      startAll(network, others)
      network.run(10_000, () => network.agreedLeader() !== null)
      const before = network.agreedLeader()
      network.start(sid)
      network.run(network.nowMs + 5000, () => network.agreedLeader() !== null)
      return { seed, before, after: network.agreedLeader(), state: network.election(sid)?.state }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, before: 2, after: 2, state })))
  })

  test('elects another one when it is gone', () => {
    const outcomes = SEEDS.map((seed) => {
      const servers = histories(seed, 5)
      const network = new ElectionNetwork({ seed, config: FIVE, servers, delayMsMax: 40 })
      startAll(network, servers)
      network.run(2000, () => network.agreedLeader() !== null)
      const leader = bestOf(servers)
      network.stop(leader)
      network.run(network.nowMs + 60_000, () => network.agreedLeader() !== null)
      const next = network.agreedLeader()
      return { seed, isAnother: next !== leader, isSupported: next !== null && network.isLeaderSupported(next) }
    })

    expect(outcomes).toEqual(SEEDS.map((seed) => ({ seed, isAnother: true, isSupported: true })))
  })

  test('less than a quorum never settles', () => {
    const servers = histories(1, 5)
    const network = new ElectionNetwork({ seed: 1, config: FIVE, servers, delayMsMax: 40 })
    network.start(1)
    network.start(5)

    const isAgreed = network.run(200_000, () =>
      [1, 5].some((sid) => network.election(sid)?.state !== ServerState.looking)
    )

    expect(isAgreed).toBe(false)
  })
})
