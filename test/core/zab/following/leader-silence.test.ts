import { describe, expect, test } from '@jest/globals'
import { diff, leaderInfo, newLeader, proposal, snap, trunc, upToDate } from './leader-bytes.ts'
import { INIT_LIMIT_MS, Learner, SYNC_LIMIT_MS } from './learner.ts'

/** A time far from the limits' multiples. */
const LATER_MS = 100_003

describe('a leader that says nothing', () => {
  test.each([
    { until: 'LEADERINFO', packets: [], limitMs: INIT_LIMIT_MS },
    { until: 'NEWLEADER', packets: [leaderInfo(2), diff(1, 5)], limitMs: INIT_LIMIT_MS },
    { until: 'UPTODATE', packets: [leaderInfo(2), diff(1, 5), newLeader(2)], limitMs: SYNC_LIMIT_MS },
    { until: 'its next ping', packets: [leaderInfo(2), diff(1, 5), newLeader(2), upToDate], limitMs: SYNC_LIMIT_MS }
  ])('until $until is left after $limitMs ms', ({ packets, limitMs }) => {
    const { host, following } = new Learner().getAll(...packets)
    following.received(Buffer.alloc(1), LATER_MS)

    following.tick(LATER_MS + limitMs - 1)
    const before = host.resignedFor
    expect(following.nextDeadlineMs).toBe(LATER_MS + limitMs)
    following.tick(LATER_MS + limitMs)

    expect(before).toBeNull()
    expect(host.resignedFor).toBe('heard nothing from leader 2 in time')
  })

  test('is not blamed for the time that the own process stood still', () => {
    const { host, following } = new Learner()
    following.received(leaderInfo(1), 1000)

    following.postpone(30_000)
    following.tick(1000 + 30_000 + INIT_LIMIT_MS - 1)

    expect(host.resignedFor).toBeNull()
    expect(following.nextDeadlineMs).toBe(1000 + 30_000 + INIT_LIMIT_MS)
  })

  test.each([
    { what: 'an epoch is stored', packets: [leaderInfo(2)], limitMs: INIT_LIMIT_MS },
    { what: 'the log is cut', packets: [leaderInfo(2), trunc(1, 3)], limitMs: INIT_LIMIT_MS },
    { what: 'NEWLEADER becomes durable', packets: [leaderInfo(2), diff(1, 5), newLeader(2)], limitMs: SYNC_LIMIT_MS },
    { what: 'a snapshot is installed', packets: [leaderInfo(2), snap(1, 9, 0), newLeader(2)], limitMs: SYNC_LIMIT_MS }
  ])('may do so while $what', ({ packets, limitMs }) => {
    const learner = new Learner().getAll(...packets.slice(0, -1))
    learner.get(...packets.slice(-1))
    const { host, following } = learner

    expect(following.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
    following.tick(LATER_MS)
    host.answer()
    expect(following.nextDeadlineMs).toBeLessThanOrEqual(LATER_MS) // wants to know the time
    following.tick(LATER_MS)
    expect(following.nextDeadlineMs).toBe(LATER_MS + limitMs)
    following.tick(LATER_MS + limitMs)

    expect(host.resignedFor).toBe('heard nothing from leader 2 in time')
  })

  test('each byte of a packet is a sign of life', () => {
    const { host, following } = new Learner().serving()
    let nowMs = 0
    for (const byte of proposal(2, 1)) {
      nowMs += SYNC_LIMIT_MS - 1
      following.tick(nowMs)
      following.received(Uint8Array.of(byte), nowMs)
    }

    expect(host.resignedFor).toBeNull()
    expect(host.calls).toEqual(['append 200000001'])
  })
})
