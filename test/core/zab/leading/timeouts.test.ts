import { describe, expect, test } from '@jest/globals'
import { AckDeadline } from '../../../../src/core/zab/leading/ack-deadline.ts'
import { LEARNER_COUNT_MAX, UNSENT_BYTES_MAX } from '../../../../src/core/zab/leading/leading-settings.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { configOf, Harness, member } from './leading-harness.ts'

const Z1 = 0x100000001n
const NOTHING = Buffer.alloc(0)

/** Ticks pass, in which these learners answer each ping. */
function live(harness: Harness, halfTicks: number, links: readonly LinkId[]): void {
  for (let count = 0; count < halfTicks; count++) {
    harness.pass(500)
    for (const link of links) harness.send(link, PacketType.ping, 0x100000000n, NOTHING)
  }
}

describe('a leader that is being established gives up', () => {
  test('when no quorum has connected within initLimit', () => {
    const harness = new Harness()
    harness.pass(9_999)
    expect(harness.host.takeCalls()).toEqual([])

    harness.pass(1)

    expect(harness.host.takeCalls()).toEqual(['resign timeout while waiting for the epoch of a quorum, connected: [2]'])
  })

  test('when no quorum has acknowledged the epoch within initLimit from then on', () => {
    const harness = new Harness()
    harness.pass(6_000)
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.pass(9_999)
    expect(harness.host.takeCalls()).toEqual(['setAcceptedEpoch 1'])

    harness.pass(1)

    expect(harness.host.takeCalls()).toEqual([
      'resign timeout while waiting for a quorum to acknowledge the epoch, done: [2]'
    ])
  })

  test('when no quorum has acknowledged NEWLEADER within initLimit from then on', () => {
    const harness = new Harness()
    const one = harness.connect()
    harness.introduce(one, 1)
    harness.leading.epochStored()
    harness.pass(4_000)
    harness.ackEpoch(one, 0, 0n)
    harness.leading.epochStored()
    harness.host.takeCalls()

    harness.pass(10_000)

    expect(harness.host.takeCalls()).toEqual([
      'resign timeout while waiting for a quorum to acknowledge NEWLEADER, done: [2]'
    ])
  })

  test('when a voter looks again after maxTimeToWaitForEpoch, others and earlier ones do not matter', () => {
    const harness = new Harness({ settings: { maxTimeToWaitForEpochMs: 3000 } })

    harness.leading.voterLooks(1, 3000)
    harness.leading.voterLooks(9, 5000)
    expect(harness.host.takeCalls()).toEqual([])
    harness.leading.voterLooks(1, 3001)

    expect(harness.host.takeCalls()).toEqual(['resign server 1 looks for a leader again'])
  })
})

describe('an established leader', () => {
  test('pings each half tick with the last zxid proposed', () => {
    const { harness, one } = Harness.established()

    harness.pass(499)
    expect(harness.host.take(one)).toEqual([])
    harness.pass(1)
    expect(harness.host.takeBytes(one).toString('hex')).toBe('000000050000000100000000ffffffffffffffff')
    harness.propose(Z1)
    harness.pass(500)
    expect(harness.host.take(one)).toEqual(['proposal 100000001 +48', 'ping 100000001'])
  })

  test('counts half ticks from when it is established', () => {
    const harness = new Harness({ start: { config: configOf([member(2)]) } })
    harness.leading.epochStored()
    harness.leading.tick(300)

    harness.leading.epochStored()

    expect(harness.leading.nextDeadlineMs).toBe(800)
  })

  test('does not count a link that has not said who it is', () => {
    const { harness, one, three } = Harness.established({
      start: { config: configOf([0, 1, 2].map((id) => member(id))) }
    })
    harness.leading.linkClosed(one)
    harness.leading.linkClosed(three)
    harness.connect()

    harness.pass(1000)

    expect(harness.host.takeCalls().at(-1)).toBe('resign not enough followers are in sync, only [2]')
  })

  test('pings a learner from NEWLEADER on, not before', () => {
    const { harness } = Harness.established()
    const link = harness.connect()
    harness.introduce(link, 7)
    harness.pass(500)
    expect(harness.host.take(link)).toEqual(['leaderInfo 100000000 +4'])
    harness.ackEpoch(link, 0, 0x100000000n)
    harness.host.takeBytes(link)

    harness.pass(500)

    expect(harness.host.take(link)).toEqual(['ping 100000000'])
  })

  test('goes on while a quorum answers', () => {
    const { harness, one, three } = Harness.established()

    live(harness, 60, [one])

    expect(harness.leading.isEstablished).toBe(true)
    expect(harness.host.takeCalls()).toEqual([`learnerGone ${three}`])
  })

  test('closes what is silent for syncLimit, and resigns when that was its quorum', () => {
    const { harness, one, three } = Harness.established()

    harness.pass(4_999)
    expect(harness.host.takeCalls()).toEqual([])
    harness.pass(2_000)

    expect(harness.host.takeCalls()).toEqual([
      `learnerGone ${one}`,
      `learnerGone ${three}`,
      'resign not enough followers are in sync, only [2]'
    ])
  })

  test('needs a quorum of the configuration that is pending too', () => {
    const { harness, one, three } = Harness.established({
      start: { config: configOf([1, 2, 3].map((id) => member(id))) }
    })
    harness.propose(
      Z1,
      configOf(
        [2, 3, 4, 5, 6].map((id) => member(id)),
        Z1
      )
    )
    harness.host.takeCalls()

    live(harness, 2, [one, three])

    expect(harness.host.takeCalls()).toEqual(['resign not enough followers are in sync, only [1, 2, 3]'])
  })

  test('closes a learner that does not acknowledge a proposal within syncLimit, though it answers pings', () => {
    const { harness, one, three } = Harness.established()
    harness.propose(Z1)
    harness.ack(three, Z1)
    live(harness, 9, [one, three])
    expect(harness.host.closed.size).toBe(0)

    live(harness, 1, [one, three])

    expect([...harness.host.closed]).toEqual([[one, 'it has not acknowledged a proposal in time']])
  })

  test('closes a learner that does not say who it is within initLimit', () => {
    const { harness, one, three } = Harness.established()
    const silent = harness.connect()

    live(harness, 20, [one, three])

    expect([...harness.host.closed.keys()]).toEqual([silent])
  })

  test('gives everybody the time that the process stood still', () => {
    const { harness, one } = Harness.established()
    harness.propose(Z1)
    live(harness, 1, [one])
    harness.host.takeCalls()

    harness.nowMs += 60_000
    harness.leading.postpone(60_000)
    harness.leading.tick(harness.nowMs)

    expect(harness.leading.nextDeadlineMs).toBe(61_000)
    live(harness, 8, [one])
    expect(harness.host.closed.size).toBe(0)
  })

  test('gives itself that time too while it is being established', () => {
    const harness = new Harness()

    harness.leading.postpone(60_000)

    harness.pass(69_999)
    expect(harness.host.takeCalls()).toEqual([])
    harness.pass(1)
    expect(harness.host.takeCalls()).toHaveLength(1)
  })

  test('a late tick is one tick: no learner is given up for what was not asked', () => {
    const { harness, one } = Harness.established()
    harness.nowMs = 4_000

    harness.leading.tick(4_000)

    expect(harness.leading.nextDeadlineMs).toBe(4_500)
    expect(harness.host.take(one)).toEqual(['ping 100000000'])
  })

  test('closes a learner that does not read what is sent to it', () => {
    const { harness, one, three } = Harness.established()
    const sizeBytes = 1 << 20
    for (let lo = 1n; lo <= BigInt(UNSENT_BYTES_MAX / sizeBytes); lo++) {
      harness.propose(0x100000000n + lo, null, sizeBytes)
      harness.host.takeBytes(one)
      harness.host.takeBytes(three)
      harness.leading.linkDrained(three)
    }

    expect([...harness.host.closed]).toEqual([[one, 'it does not read what is sent to it']])
  })

  test('closes links over the limit at once', () => {
    const { harness } = Harness.established()
    for (let count = 2; count < LEARNER_COUNT_MAX; count++) harness.connect()
    expect(harness.host.closed.size).toBe(0)

    const over = harness.connect()

    expect([...harness.host.closed.keys()]).toEqual([over])
  })
})

describe('the deadline of ACKs', () => {
  test('begins with NEWLEADER acknowledged', () => {
    const deadline = new AckDeadline()

    deadline.proposed(1, 1, 0)

    expect(deadline.isOver(1e9, 5000)).toBe(false)
  })

  test('passes on to the newest proposal when the one waited for is acknowledged', () => {
    const deadline = new AckDeadline()
    deadline.start()
    deadline.proposed(1, 1, 0)
    deadline.proposed(1, 2, 1000)
    deadline.proposed(1, 3, 2000)

    deadline.acknowledged(1, 1)

    expect(deadline.isOver(6999, 5000)).toBe(false)
    expect(deadline.isOver(7000, 5000)).toBe(true)
    deadline.acknowledged(1, 3)
    expect(deadline.isOver(1e9, 5000)).toBe(false)
  })

  test('keeps waiting for the first when a later one is acknowledged before', () => {
    const deadline = new AckDeadline()
    deadline.start()
    deadline.proposed(1, 1, 0)
    deadline.proposed(1, 2, 1000)

    deadline.acknowledged(1, 2)

    expect(deadline.isOver(5000, 5000)).toBe(true)
  })

  test('is put off with both', () => {
    const deadline = new AckDeadline()
    deadline.start()
    deadline.proposed(1, 1, 0)
    deadline.proposed(1, 2, 1000)

    deadline.postpone(10_000)
    expect(deadline.isOver(14_999, 5000)).toBe(false)
    deadline.acknowledged(1, 1)

    expect(deadline.isOver(15_999, 5000)).toBe(false)
    expect(deadline.isOver(16_000, 5000)).toBe(true)
  })
})
