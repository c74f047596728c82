import { describe, expect, test } from '@jest/globals'
import { ShortWaits } from '../../src/collections/short-waits.ts'

const LIMITS = { watchMs: 0.05, shortMs: 0.1 }

/** Turns of 10 µs, one after each of these waits (ms); returns for each whether the next input is watched for. */
function watched(waits: ShortWaits, waitsMs: readonly number[], inputCount = 1): boolean[] {
  let nowMs = 1000
  return waitsMs.map((waitMs) => {
    nowMs += waitMs
    waits.turnBegins(nowMs)
    nowMs += 0.01
    return waits.turnEnded(nowMs, inputCount) > nowMs
  })
}

const times = (count: number, ...waitsMs: number[]): number[] => Array.from({ length: count }, () => waitsMs).flat()

describe('the next input is watched for', () => {
  test('when requests follow each other quickly', () => {
    expect(watched(new ShortWaits(LIMITS), times(100, 0.03)).slice(50)).not.toContain(false)
  })

  test('not before that is known, and not when they come now and then', () => {
    const waits = new ShortWaits(LIMITS)
    expect(watched(waits, [0.03])).toEqual([false])
    expect(watched(waits, times(100, 5))).not.toContain(true)
  })

  test('not between turns that have many inputs', () => {
    expect(watched(new ShortWaits(LIMITS), times(100, 0.03), 3)).not.toContain(true)
  })

  test('again soon after a pause', () => {
    const waits = new ShortWaits(LIMITS)
    watched(waits, times(100, 0.03))
    expect(watched(waits, [10_000, ...times(20, 0.03)]).indexOf(true)).toBeLessThan(20)
  })

  test('not while each request waits for a disk of some 0.3 ms', () => {
    expect(watched(new ShortWaits(LIMITS), times(100, 0.03, 0.3)).slice(50)).not.toContain(true)
  })

  test('rarely when they come a little later than is watched for, time and again', () => {
    const answers = watched(new ShortWaits(LIMITS), times(5000, 0.08))
    expect(answers).toContain(true)
    expect(answers.filter((isWatched) => isWatched).length).toBeLessThan(100)
  })
})
