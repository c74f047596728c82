import { describe, expect, test } from '@jest/globals'
import { median, spread, summarise } from '../../../bench/report/summary.ts'
import { loadResult, round, scenarioResult } from './load-results.ts'

describe('median', () => {
  test.each([
    { values: [3], middle: 3 },
    { values: [9, 1, 5], middle: 5 },
    { values: [4, 1, 3, 2], middle: 2.5 },
    { values: [10, 9, 100], middle: 10 }
  ])('of $values is $middle', ({ values, middle }) => {
    expect(median(values)).toBe(middle)
  })

  test('of nothing is no number', () => {
    expect(median([])).toBeNaN()
  })

  test('leaves the sample as it was', () => {
    const values = [3, 1, 2]

    median(values)

    expect(values).toEqual([3, 1, 2])
  })
})

test('a spread has the middle and both ends', () => {
  expect(spread([2, 8, 5])).toEqual({ median: 5, least: 2, most: 8 })
})

describe('the ratio of a row', () => {
  test('compares within each round, not medians with medians', () => {
    const rounds = [
      round({ perSecond: 10 }, { perSecond: 20 }),
      round({ perSecond: 100 }, { perSecond: 300 }),
      round({ perSecond: 1 }, { perSecond: 5 })
    ]

    const { ratio, apache, zoonode } = summarise(scenarioResult(rounds))

    expect(ratio).toEqual({ median: 3, least: 2, most: 5 })
    expect([apache.headline, zoonode.headline]).toEqual([10, 20])
  })

  test('is above 1 for the lower latency where the row is about the 99th percentile', () => {
    const rounds = [round({ p99Us: 900, perSecond: 1 }, { p99Us: 300, perSecond: 1 })]

    const { ratio, apache } = summarise(scenarioResult(rounds, { headline: 'p99' }))

    expect(ratio.median).toBe(3)
    expect(apache.headline).toBe(900)
  })

  test('is above 1 for the shorter time where the row is about one', () => {
    const rounds = [round({ maxUs: 2_000_000 }, { maxUs: 500_000 })]

    expect(summarise(scenarioResult(rounds, { headline: 'time' })).ratio.median).toBe(4)
  })

  test.each([
    { perSecond: 99, meets: false },
    { perSecond: 100, meets: true }
  ])('of $perSecond to 50 meets a goal of at least 2: $meets', ({ perSecond, meets }) => {
    expect(summarise(scenarioResult([round({ perSecond: 50 }, { perSecond })])).meetsGoal).toBe(meets)
  })

  test('meets nothing where there is no goal', () => {
    expect(summarise(scenarioResult([round({}, {})], { goal: null })).meetsGoal).toBeNull()
  })
})

describe('the costs of a row', () => {
  test('are CPU seconds for 100,000 operations, and Apache over zoonode as a ratio', () => {
    const rounds = [round({ operations: 50_000, serverCpuSeconds: 2 }, { operations: 200_000, serverCpuSeconds: 1 })]

    const { apache, zoonode, cpuRatio } = summarise(scenarioResult(rounds))

    expect(apache.cpuSecondsPer100k).toBe(4)
    expect(zoonode.cpuSecondsPer100k).toBe(0.5)
    expect(cpuRatio).toBe(8)
  })

  test('have no ratio of CPU times that were not measured', () => {
    const rounds = [round({ serverCpuSeconds: 0 }, { serverCpuSeconds: 0 })]

    expect(summarise(scenarioResult(rounds)).cpuRatio).toBeNull()
  })

  test('count bytes by write, not by operation', () => {
    const rounds = [round({ writes: 10_000, serverWriteBytes: 5_000_000 }, { writes: 0, serverWriteBytes: 4096 })]

    const { apache, zoonode } = summarise(scenarioResult(rounds))

    expect(apache.bytesPerWrite).toBe(500)
    expect(zoonode.bytesPerWrite).toBeNull()
  })

  test('take flushes from the measurement of their own', () => {
    const flushes = {
      apache: loadResult({ writes: 1000, serverFlushes: 50 }),
      zoonode: loadResult({ writes: 1000, serverFlushes: -1 })
    }

    const { apache, zoonode } = summarise({ ...scenarioResult([round({}, {})]), flushes })

    expect(apache.flushesPerWrite).toBe(0.05)
    expect(zoonode.flushesPerWrite).toBeNull()
  })
})
