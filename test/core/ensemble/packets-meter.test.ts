import { describe, expect, test } from '@jest/globals'
import { QueuedPackets } from '../../../src/core/ensemble/packets-meter.ts'
import { PercentileSummary, Summary } from '../../../src/core/instruments.ts'

function packetsAt(clock: { nowMs: number }) {
  const sizes = new Summary('sizes')
  const times = new PercentileSummary('times')
  return { sizes, times, packets: new QueuedPackets(sizes, times, () => clock.nowMs) }
}

describe('packets that wait for a learner', () => {
  test('are counted as they are taken, together at the end of the step', () => {
    const clock = { nowMs: 100 }
    const { sizes, times, packets } = packetsAt(clock)
    for (let count = 0; count < 3; count++) packets.sent()
    packets.settle(105)

    // 2, 1 and 0 were left behind each.
    expect(sizes).toMatchObject({ count: 3, sum: 3, max: 2 })
    expect(times.all).toMatchObject({ count: 1, sum: 5 })
  })

  test('wait on while the network takes nothing, the timed one among them', () => {
    const clock = { nowMs: 100 }
    const { sizes, times, packets } = packetsAt(clock)
    packets.sent()
    packets.stuck()
    packets.settle(101)
    expect([sizes.count, times.all.count]).toEqual([0, 0])
    clock.nowMs = 160
    packets.sent()
    packets.drained()

    expect(sizes).toMatchObject({ count: 2, sum: 1, max: 1 })
    expect(times.all).toMatchObject({ count: 1, sum: 60 })
    packets.settle(161)
    expect(sizes.count).toBe(2)
  })

  test('are timed each thousand', () => {
    const clock = { nowMs: 0 }
    const { times, packets } = packetsAt(clock)
    for (let count = 0; count < 2001; count++) packets.sent()
    packets.settle(1)

    expect(times.all.count).toBe(3)
  })
})
