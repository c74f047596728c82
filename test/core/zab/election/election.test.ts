import { describe, expect, test } from '@jest/globals'
import { JuteWriter } from 'jute-ts'
import { Election } from '../../../../src/core/zab/election/election.ts'
import { encodeElectionNotification } from '../../../../src/core/zab/election/notification.ts'
import { formatConfigText, parseConfigText } from '../../../../src/core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { ServerState, type Vote } from '../../../../src/core/zab/vote.ts'
import { FakeElectionHost } from './fake-election-host.ts'

const { looking, following, leading, observing } = ServerState

const MEMBERS = [1, 2, 3, 4, 5].map((sid) => `server.${sid}=h${sid}:1:2`)
const THREE = parseConfigText([...MEMBERS.slice(0, 3), 'server.9=h9:1:2:observer'].join('\n'))
const FIVE = parseConfigText(MEMBERS.join('\n'))
const LATER = parseConfigText([...MEMBERS.slice(1, 4), 'version=7'].join('\n'))

/** One server and what its peers send, with time in the test's hands. */
class Bench {
  readonly host = new FakeElectionHost()
  readonly election: Election
  nowMs = 1000

  constructor({ sid = 2, config = THREE, lastSeen = null }: BenchOptions = {}) {
    const settings = { sid, minNotificationIntervalMs: 200, maxNotificationIntervalMs: 1000 }
    this.election = new Election(this.host, settings)
    this.election.setConfiguration(config, lastSeen)
  }

  look(zxidLo = 5, lost: number | null = null): this {
    this.election.look({ zxidHi: 1, zxidLo, peerEpoch: 1, nowMs: this.nowMs, lost })
    return this
  }

  receive(from: number, state: ServerState, vote: Partial<Vote>, config = THREE): void {
    const whole = { leader: from, zxidHi: 1, zxidLo: 5, peerEpoch: 1, electionEpoch: 1, ...vote }
    const writer = new JuteWriter()
    encodeElectionNotification(writer, state, whole, formatConfigText(config))
    this.election.received(from, writer.bytes(), this.nowMs)
  }

  wait(ms: number): void {
    this.nowMs += ms
    this.election.tick(this.nowMs)
  }

  get outcome() {
    const { state, vote, round } = this.election
    return { state, leader: vote.leader, round, elections: this.host.elections.length }
  }
}

interface BenchOptions {
  readonly sid?: number
  readonly config?: EnsembleConfig
  readonly lastSeen?: EnsembleConfig | null
}

describe('a server that begins to look', () => {
  test('proposes itself to all other voters in a new round', () => {
    const bench = new Bench().look()

    expect(bench.host.takeSent()).toEqual(['1: LOOKING 2 1:5 epoch 1 round 1', '3: LOOKING 2 1:5 epoch 1 round 1'])
    expect(bench.outcome).toEqual({ state: looking, leader: 2, round: 1, elections: 0 })
  })

  test('asks the voters of the pending configuration too', () => {
    const bench = new Bench({ lastSeen: LATER }).look()

    expect(bench.host.takeSent().map((line) => line[0])).toEqual(['1', '3', '4'])
  })

  test.each([{ sid: 9 }, { sid: 77 }])('proposes nobody where it does not vote: $sid', ({ sid }) => {
    const bench = new Bench({ sid }).look()

    expect(bench.host.takeSent()).toEqual([1, 2, 3].map((to) => `${to}: LOOKING nobody round 1`))
  })

  test('tells its vote once more to who had a leader when it came, and looks now', () => {
    const bench = new Bench().look(9)
    bench.host.takeSent()
    bench.receive(1, following, { leader: 3 })
    expect(bench.host.takeSent()).toEqual([])

    bench.receive(1, looking, { leader: 1 })
    expect(bench.host.takeSent()).toEqual(['1: LOOKING 2 1:9 epoch 1 round 1'])
    bench.receive(1, looking, { leader: 1 })
    expect(bench.host.takeSent()).toEqual([])
  })

  test('votes for whom it has given its lead to, whoever votes for others, and for itself when that one is no voter', () => {
    const bench = new Bench({ sid: 3 })
    const start = { zxidHi: 1, zxidLo: 9, peerEpoch: 1, nowMs: bench.nowMs }
    bench.election.look({ ...start, favoured: 1 })
    expect(bench.host.takeSent()).toEqual(['1: LOOKING 1 1:9 epoch 1 round 1', '2: LOOKING 1 1:9 epoch 1 round 1'])
    bench.receive(2, looking, { leader: 2, electionEpoch: 4 })
    expect(bench.host.takeSent()).toEqual(['1: LOOKING 1 1:9 epoch 1 round 4', '2: LOOKING 1 1:9 epoch 1 round 4'])
    bench.receive(1, looking, { leader: 1, zxidLo: 9, electionEpoch: 4 })
    bench.receive(2, looking, { leader: 1, zxidLo: 9, electionEpoch: 4 })
    expect(bench.outcome).toEqual({ state: following, leader: 1, round: 4, elections: 1 })

    bench.election.look({ ...start, favoured: 9 })
    expect(bench.election.vote.leader).toBe(3)
  })

  test('enters a later round each time', () => {
    expect(new Bench().look().look().election.round).toBe(2)
  })

  test('takes what came while it was not ready yet', () => {
    const bench = new Bench()
    bench.receive(3, looking, {})
    bench.look()

    expect(bench.host.takeSent().at(-1)).toBe('3: LOOKING 3 1:5 epoch 1 round 1')
  })

  test('is done at once where leader and followers have written already', () => {
    const bench = new Bench()
    bench.election.settle(looking, bench.election.vote)
    bench.receive(1, following, { leader: 3 })
    bench.receive(3, leading, { leader: 3 })
    bench.look()

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
  })

  test('keeps the newest hundred of what came too early', () => {
    const bench = new Bench()
    bench.receive(1, looking, { zxidLo: 99 })
    for (let count = 0; count < 100; count++) bench.receive(3, looking, {})
    bench.look()

    expect(bench.election.vote.leader).toBe(3)
  })
})

describe('a server alone in its ensemble', () => {
  test('leads at once', () => {
    const bench = new Bench({ sid: 1, config: parseConfigText('server.1=a:1:2') }).look()

    expect(bench.outcome).toEqual({ state: leading, leader: 1, round: 1, elections: 1 })
  })
})

test('a server that repeats its vote does not keep this one from sending its own again', () => {
  const bench = new Bench({ config: FIVE }).look()
  for (let turn = 0; turn < 3; turn++) {
    bench.receive(1, looking, { leader: 1, zxidLo: 4 })
    if (turn === 0) bench.host.takeSent()
    bench.wait(150)
  }

  expect(bench.host.takeSent()).toHaveLength(4)
})

describe('the wait for better votes', () => {
  test('is left out where all voters want the same', () => {
    const bench = new Bench().look()
    bench.receive(3, looking, {})
    bench.receive(1, looking, { leader: 3 })

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
  })

  test('is kept while one of them has not been heard', () => {
    const bench = new Bench().look()
    bench.receive(3, looking, {})
    const before = bench.outcome.state
    bench.wait(200)

    expect(before).toBe(looking)
    expect(bench.outcome.state).toBe(following)
  })

  test('does not wait for the leader that was lost', () => {
    const bench = new Bench().look(5, 3)
    bench.receive(1, looking, { leader: 2 })

    expect(bench.outcome).toEqual({ state: leading, leader: 2, round: 1, elections: 1 })
  })
})

describe('a proposal', () => {
  test.each([
    { name: 'a later epoch', vote: { peerEpoch: 2, zxidHi: 0, zxidLo: 0 }, from: 1 },
    { name: 'a later zxid', vote: { zxidLo: 6 }, from: 1 },
    { name: 'a greater id', vote: {}, from: 3 }
  ])('that is better by $name is taken over and passed on', ({ vote, from }) => {
    const bench = new Bench().look()
    bench.host.takeSent()

    bench.receive(from, looking, vote)

    expect(bench.election.vote).toMatchObject({ leader: from, electionEpoch: 1, ...vote })
    expect(bench.host.takeSent()).toHaveLength(2)
  })

  test('that is worse changes nothing', () => {
    const bench = new Bench().look()
    bench.host.takeSent()

    bench.receive(3, looking, { zxidLo: 4 })

    expect(bench.outcome).toEqual({ state: looking, leader: 2, round: 1, elections: 0 })
    expect(bench.host.takeSent()).toEqual([])
  })

  test('of a newer round, if worse than its own, makes it begin that round with its own', () => {
    const bench = new Bench({ config: FIVE }).look()
    bench.receive(1, looking, { leader: 3, zxidLo: 9 })
    bench.host.takeSent()

    bench.receive(3, looking, { zxidLo: 4, electionEpoch: 8 })

    expect(bench.host.takeSent()).toEqual([1, 3, 4, 5].map((to) => `${to}: LOOKING 2 1:5 epoch 1 round 8`))
  })

  test('of a newer round, if better than its own, is taken over in that round, and earlier votes are forgotten', () => {
    const bench = new Bench({ config: FIVE }).look()
    bench.receive(1, looking, { leader: 3 })
    bench.receive(4, looking, { leader: 3, electionEpoch: 2 })
    bench.wait(200)
    expect(bench.outcome).toEqual({ state: looking, leader: 3, round: 2, elections: 0 })

    bench.receive(5, looking, { leader: 3, electionEpoch: 2 })
    bench.wait(200)

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 2, elections: 1 })
  })

  test('of an older round is answered with the present one', () => {
    const bench = new Bench().look().look()
    bench.host.takeSent()

    bench.receive(3, looking, { zxidLo: 9 })

    expect(bench.host.takeSent()).toEqual(['3: LOOKING 2 1:5 epoch 1 round 2'])
    expect(bench.outcome.leader).toBe(2)
  })

  test('of an older round is taken over by who proposes nobody, as its vote may be needed', () => {
    const bench = new Bench({ sid: 4, lastSeen: LATER }).look().look()

    bench.receive(3, looking, {})

    expect(bench.outcome).toEqual({ state: looking, leader: 3, round: 1, elections: 0 })
  })

  test.each([
    { name: 'of an unknown zxid', from: 3, vote: { zxidHi: -1, zxidLo: -1, peerEpoch: 9 } },
    { name: 'for somebody who does not vote', from: 3, vote: { leader: 9, peerEpoch: 9 } },
    { name: 'for a stranger', from: 3, vote: { leader: 44, peerEpoch: 9 } }
  ])('$name is ignored', ({ from, vote }) => {
    const bench = new Bench().look()

    bench.receive(from, looking, vote)

    expect(bench.outcome.leader).toBe(2)
  })
})

describe('a quorum of equal votes', () => {
  test('is final after 200 ms without a better one', () => {
    const bench = new Bench().look()
    bench.receive(3, looking, {})
    expect(bench.election.nextDeadlineMs).toBe(1200)
    bench.wait(199)
    expect(bench.outcome.elections).toBe(0)

    bench.wait(1)

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
    expect(bench.host.elections).toEqual([{ leader: 3, zxidHi: 1, zxidLo: 5, peerEpoch: 1, electionEpoch: 1 }])
    expect(bench.election.nextDeadlineMs).toBe(Infinity)
  })

  test('makes the one it is for the leader', () => {
    const bench = new Bench().look()

    bench.receive(1, looking, { leader: 2 })
    bench.wait(200)

    expect(bench.outcome).toEqual({ state: leading, leader: 2, round: 1, elections: 1 })
  })

  test('lets an observer observe', () => {
    const bench = new Bench({ sid: 9 }).look()

    bench.receive(1, looking, { leader: 2 })
    bench.receive(2, looking, { leader: 2 })
    bench.wait(200)

    expect(bench.outcome.state).toBe(observing)
  })

  test('lets who is no member any more follow', () => {
    const bench = new Bench({ sid: 77 }).look()

    bench.receive(1, looking, { leader: 2 })
    bench.receive(2, looking, { leader: 2 })
    bench.wait(200)

    expect(bench.outcome.state).toBe(following)
  })

  test('does not wait longer for worse votes, by which those who have settled already could lose their leader', () => {
    const bench = new Bench({ config: FIVE }).look()
    for (const from of [1, 3]) bench.receive(from, looking, { leader: 3 })
    bench.wait(150)
    bench.receive(1, looking, { leader: 1 })
    bench.receive(4, looking, { leader: 1, electionEpoch: 2 })
    bench.wait(49)
    expect(bench.outcome.elections).toBe(0)

    bench.wait(1)

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
  })

  test('is given up for a better vote that comes meanwhile', () => {
    const bench = new Bench({ config: FIVE }).look()
    for (const from of [1, 3]) bench.receive(from, looking, { leader: 3 })
    bench.wait(100)

    bench.receive(5, looking, {})
    bench.wait(200)

    expect(bench.outcome).toEqual({ state: looking, leader: 5, round: 1, elections: 0 })
  })

  test('is not one if rounds differ, zxids differ or an observer is among them', () => {
    const bench = new Bench({ config: FIVE }).look()
    bench.receive(1, looking, { leader: 2, zxidLo: 4 })
    bench.receive(3, looking, { leader: 2, electionEpoch: 0 })
    bench.receive(9, looking, { leader: 2 })

    bench.wait(200)

    expect(bench.outcome.state).toBe(looking)
  })

  test('must be one of the pending configuration as well', () => {
    const bench = new Bench({ lastSeen: LATER }).look()
    bench.receive(1, looking, { leader: 2 })
    bench.wait(200)
    expect(bench.outcome.state).toBe(looking)

    bench.receive(4, looking, { leader: 2 })
    bench.wait(400)

    expect(bench.outcome.state).toBe(leading)
  })
})

describe('silence', () => {
  test('makes it send its proposal again, after twice the time each time, up to the greatest interval', () => {
    const bench = new Bench().look()
    const sentAt: number[] = []
    for (let elapsedMs = 0; elapsedMs < 4000; elapsedMs += 100) {
      bench.host.takeSent()
      bench.wait(100)
      if (bench.host.sent.length > 0) sentAt.push(bench.nowMs - 1000)
    }

    expect(sentAt).toEqual([200, 600, 1400, 2400, 3400])
  })

  test('begins anew with every vote heard', () => {
    const bench = new Bench().look()
    bench.wait(150)
    bench.receive(3, looking, { zxidLo: 1 })

    expect(bench.election.nextDeadlineMs).toBe(1350)
  })

  test('does not count the time in which the process stood still', () => {
    const bench = new Bench().look()

    bench.election.postpone(5000)

    expect(bench.election.nextDeadlineMs).toBe(6200)
  })
})

describe('servers that have settled', () => {
  test('are joined when a quorum with its leader says so', () => {
    const bench = new Bench({ config: FIVE }).look(99)
    bench.receive(1, following, { leader: 4, peerEpoch: 3, electionEpoch: 6 })
    bench.receive(3, following, { leader: 4, peerEpoch: 3, electionEpoch: 6, zxidLo: 77 })
    expect(bench.outcome.elections).toBe(0)

    bench.receive(4, leading, { leader: 4, peerEpoch: 3, electionEpoch: 6 })

    expect(bench.outcome).toEqual({ state: following, leader: 4, round: 6, elections: 1 })
    expect(bench.election.vote.peerEpoch).toBe(3)
  })

  test('are joined by one who has seen a configuration without their quorum: it may never come into force', () => {
    const bench = new Bench({ lastSeen: LATER }).look()
    bench.receive(1, leading, { leader: 1, peerEpoch: 3, electionEpoch: 6 })

    bench.receive(3, following, { leader: 1, peerEpoch: 3, electionEpoch: 6 })

    expect(bench.outcome).toEqual({ state: following, leader: 1, round: 6, elections: 1 })
  })

  test('are not joined before the leader itself says that it leads', () => {
    const bench = new Bench({ config: FIVE }).look()
    for (const from of [1, 3, 5]) bench.receive(from, following, { leader: 4, electionEpoch: 6 })

    expect(bench.outcome.elections).toBe(0)
  })

  test('are not joined if they name different epochs', () => {
    const bench = new Bench().look()
    bench.receive(1, following, { leader: 3, peerEpoch: 2, electionEpoch: 6 })
    bench.receive(3, leading, { leader: 3, peerEpoch: 3, electionEpoch: 6 })

    expect(bench.outcome.elections).toBe(0)
  })

  test('may name different epochs in the round in which they were elected, while some serve already', () => {
    const bench = new Bench().look()
    bench.receive(1, following, { leader: 3, peerEpoch: 1 })
    bench.receive(3, leading, { leader: 3, peerEpoch: 2 })

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
  })

  test('make it lead if they follow it in this round', () => {
    const bench = new Bench().look()

    bench.receive(1, following, { leader: 2 })
    bench.receive(3, following, { leader: 2 })

    expect(bench.outcome).toEqual({ state: leading, leader: 2, round: 1, elections: 1 })
  })

  test('do not make it lead if they follow it from another round: it has restarted since', () => {
    const bench = new Bench().look()

    bench.receive(1, following, { leader: 2, electionEpoch: 4 })
    bench.receive(3, following, { leader: 2, electionEpoch: 4 })

    expect(bench.outcome.elections).toBe(0)
  })

  test('do not count when they observe', () => {
    const bench = new Bench().look()

    for (const from of [1, 3]) bench.receive(from, observing, { leader: 3 })

    expect(bench.outcome.elections).toBe(0)
  })
})

describe('a server that has settled', () => {
  const VOTE: Vote = { leader: 3, zxidHi: 1, zxidLo: 5, peerEpoch: 1, electionEpoch: 4 }

  function settled(): Bench {
    const bench = new Bench()
    bench.election.settle(following, VOTE)
    return bench
  }

  test('tells those who look whom it follows, with the epoch in which it serves', () => {
    const bench = settled()
    bench.election.setPeerEpoch(2)

    bench.receive(1, looking, {})

    expect(bench.host.takeSent()).toEqual(['1: FOLLOWING 3 1:5 epoch 2 round 4'])
  })

  test.each([{ state: following }, { state: leading }, { state: observing }])(
    'does not answer voters that have settled too: $state',
    ({ state }) => {
      const bench = settled()

      bench.receive(1, state, {})

      expect(bench.host.takeSent()).toEqual([])
    }
  )

  test('tells its host of each voter that looks: a leader that waits for its followers may give up', () => {
    const bench = settled()

    bench.receive(1, looking, { electionEpoch: 4 })
    bench.receive(9, looking, {})
    bench.receive(3, leading, {})
    bench.receive(1, looking, { electionEpoch: 5 })

    expect(bench.host.lookingVoters).toEqual([
      { sid: 1, isInLaterRound: false },
      { sid: 1, isInLaterRound: true }
    ])
  })

  test('that withdraws tells all voters so, and proposes nobody', () => {
    const bench = settled()

    bench.election.withdraw()

    expect(bench.host.takeSent()).toEqual(['1: LOOKING nobody round 5', '3: LOOKING nobody round 5'])
  })

  test.each([{ from: 9 }, { from: 44 }])('answers whoever does not vote, in any state: $from', ({ from }) => {
    const bench = settled()

    bench.receive(from, observing, {})

    expect(bench.host.takeSent()).toEqual([`${from}: FOLLOWING 3 1:5 epoch 1 round 4`])
  })

  test('waits for nothing, and is not moved by better votes', () => {
    const bench = settled()

    bench.receive(1, looking, { peerEpoch: 99 })
    bench.wait(100_000)

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 4, elections: 0 })
    expect(bench.election.nextDeadlineMs).toBe(Infinity)
  })

  test('does not take configurations over', () => {
    const bench = settled()

    bench.receive(1, looking, {}, LATER)

    expect(bench.host.learnt).toEqual([])
  })
})

describe('a server that looks', () => {
  test('answers whoever does not vote with its proposal', () => {
    const bench = new Bench().look()
    bench.host.takeSent()

    bench.receive(9, looking, { peerEpoch: 99 })

    expect(bench.host.takeSent()).toEqual(['9: LOOKING 2 1:5 epoch 1 round 1'])
    expect(bench.outcome.leader).toBe(2)
  })

  test('takes over a later configuration, and begins anew if the members are others', () => {
    const bench = new Bench().look()
    bench.host.onLearnt = (config) => bench.election.setConfiguration(config, null)
    bench.host.takeSent()

    bench.receive(3, looking, {}, LATER)

    expect(bench.host.learnt).toEqual([LATER])
    expect(bench.host.takeSent()).toEqual([
      '3: LOOKING 2 1:5 epoch 1 round 2',
      '4: LOOKING 2 1:5 epoch 1 round 2',
      '3: LOOKING 2 1:5 epoch 1 round 2'
    ])
  })

  test('takes over a later version of the same members, and goes on', () => {
    const bench = new Bench().look()
    bench.host.onLearnt = (config) => bench.election.setConfiguration(config, null)

    bench.receive(3, looking, {}, { ...THREE, version: 5n })
    bench.wait(200)

    expect(bench.outcome).toEqual({ state: following, leader: 3, round: 1, elections: 1 })
  })

  test('does not take over an earlier configuration', () => {
    const bench = new Bench({ config: LATER }).look()

    bench.receive(3, looking, {}, { ...THREE, version: 6n })

    expect(bench.host.learnt).toEqual([])
  })

  test('ignores a malformed notification with one line in the log', () => {
    const bench = new Bench().look()
    const linesBefore = bench.host.lines.length

    bench.election.received(3, Buffer.from('hello'), bench.nowMs)

    expect(bench.host.lines.slice(linesBefore)).toEqual([
      expect.stringMatching(/^warn a notification of server 3 is ignored/)
    ])
  })

  test('takes the vote of a notification whose configuration is malformed', () => {
    const bench = new Bench().look()
    const writer = new JuteWriter()
    const vote = { leader: 3, zxidHi: 1, zxidLo: 5, peerEpoch: 1, electionEpoch: 1 }
    encodeElectionNotification(writer, looking, vote, 'nonsense=1')

    bench.election.received(3, writer.bytes(), bench.nowMs)

    expect(bench.election.vote.leader).toBe(3)
    expect(bench.host.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
  })
})

describe('a server whose configuration is another one of the same version', () => {
  test('is told of once', () => {
    const bench = new Bench().look()

    for (const zxidLo of [4, 5]) bench.receive(1, looking, { zxidLo }, FIVE)

    const told = bench.host.lines.filter((line) => line.startsWith('warn'))
    expect(told).toEqual([
      'warn server 1 has another configuration than this server: ' +
        'it has the servers 1, 2, 3, 4, 5, not 1, 2, 3, 9 (observer)'
    ])
    expect(bench.host.learnt).toEqual([])
  })

  test('is told of once by a server that has a role, too', () => {
    const bench = new Bench().look()
    bench.receive(3, looking, {})
    bench.wait(200)
    expect(bench.outcome.state).toBe(following)

    for (const zxidLo of [4, 5]) bench.receive(1, looking, { zxidLo }, FIVE)

    expect(bench.host.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn server 1 has another configuration than this server: it has the servers/)
    ])
  })

  test('who has a role learns no later one by an election, and no line is said of it', () => {
    const bench = new Bench().look()
    bench.receive(3, looking, {})
    bench.wait(200)

    bench.receive(1, looking, {}, { ...FIVE, version: 9n })

    expect(bench.host.learnt).toEqual([])
    expect(bench.host.lines.filter((line) => line.startsWith('warn'))).toEqual([])
  })

  test.each([{ isLooking: true }, { isLooking: false }])(
    'a malformed one is told of once, looking: $isLooking',
    ({ isLooking }) => {
      const bench = new Bench().look()
      if (!isLooking) {
        bench.receive(3, looking, {})
        bench.wait(200)
      }
      const writer = new JuteWriter()
      const vote = { leader: 1, zxidHi: 1, zxidLo: 5, peerEpoch: 1, electionEpoch: 1 }

      for (let times = 0; times < 2; times++) {
        encodeElectionNotification(writer.reset(), looking, vote, 'nonsense=1')
        bench.election.received(1, Buffer.from(writer.bytes()), bench.nowMs)
      }

      expect(bench.host.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1)
    }
  )
})
