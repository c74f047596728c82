import { describe, expect, test } from '@jest/globals'
import type { FaultDone } from '../../../../interop/faults/ensemble/faults.ts'
import { longestStall } from '../../../../interop/faults/ensemble/stalls.ts'

function fault(what: string, beganMs: number, endedMs: number, leavesQuorum: boolean): FaultDone {
  return {
    what,
    who: 'zoonode, leader',
    sid: 1,
    lastsMs: endedMs - beganMs,
    leavesQuorum,
    beganUs: beganMs * 1000,
    endedUs: endedMs * 1000
  }
}

const inUs = (...timesMs: readonly number[]): number[] => timesMs.map((timeMs) => timeMs * 1000)

describe('the longest time without an answered write', () => {
  test('is that between two answers, with the fault in it', () => {
    const faults = [fault('kill -9', 110, 2_000, true), fault('alone', 5_000, 6_000, true)]
    expect(longestStall(inUs(0, 100, 1_500, 1_600, 2_100), faults)).toEqual({
      lastsMs: 1_400,
      beganUs: 100_000,
      after: 'kill -9: zoonode, leader'
    })
  })

  test('begins with the end of a fault that left no quorum', () => {
    const faults = [fault('kill -9 of all', 110, 2_000, false)]
    expect(longestStall(inUs(0, 100, 2_300), faults).lastsMs).toBe(300)
  })

  test('goes on over a later fault that leaves a quorum', () => {
    const faults = [fault('SIGSTOP of two', 50, 1_000, false), fault('SIGSTOP', 2_000, 4_000, true)]
    expect(longestStall(inUs(0, 4_500), faults)).toEqual({
      lastsMs: 3_500,
      beganUs: 1_000_000,
      after: 'SIGSTOP: zoonode, leader'
    })
  })

  test('is not shortened by faults that came later or were over before', () => {
    const faults = [fault('kill -9 of all', 10, 90, false), fault('kill -9 of all', 3_000, 4_000, false)]
    expect(longestStall(inUs(0, 100, 2_900), faults).lastsMs).toBe(2_800)
  })

  test('is nothing where hardly anything was answered', () => {
    expect(longestStall([], []).lastsMs).toBe(0)
    expect(longestStall(inUs(5), [])).toEqual({ lastsMs: 0, beganUs: 0, after: 'the beginning' })
  })
})
