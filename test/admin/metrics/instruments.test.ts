import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PercentileSummary, SizeStats, Summary } from '../../../src/core/instruments.ts'

function filled(values: Iterable<number>): PercentileSummary {
  const summary = new PercentileSummary('x')
  for (const value of values) summary.add(value)
  return summary
}

/** Upstream's definition, on all values. */
function exactPercentile(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = quantile * (sorted.length + 1)
  if (position < 1) return sorted[0] ?? 0
  if (position >= sorted.length) return sorted[sorted.length - 1] ?? 0
  const lower = sorted[Math.floor(position) - 1] ?? 0
  const upper = sorted[Math.floor(position)] ?? 0
  return Math.round(lower + (position - Math.floor(position)) * (upper - lower))
}

describe('percentiles', () => {
  test('are 0 without values', () => {
    expect(filled([]).percentile(0.99)).toBe(0)
  })

  test('of one value are that value, however large', () => {
    expect([0.5, 0.999].map((quantile) => filled([123_456_789]).percentile(quantile))).toEqual([
      123_456_789, 123_456_789
    ])
  })

  test('count a value beyond 2^31 as very large, and its sum exactly', () => {
    const summary = filled([1, 2, 5_000_000_000])

    expect(summary.percentile(0.999)).toBe(5_000_000_000)
    expect(summary.all.sum).toBe(5_000_000_003)
  })

  test('start anew after a reset', () => {
    const summary = filled([50, 60])
    summary.reset()
    summary.add(3)

    expect([summary.percentile(0.5), summary.all.max, summary.all.count]).toEqual([3, 3, 1])
  })

  test('of values below 64 are exactly those of a real server', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(63), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.99, 0.999),
        (values, quantile) => {
          expect(filled(values).percentile(quantile)).toBe(exactPercentile(values, quantile))
        }
      )
    )
  })

  test('of larger values are within 2 percent of the values around them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2_000_000_000), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.99, 0.999),
        (values, quantile) => {
          const exact = exactPercentile(values, quantile)
          expect(Math.abs(filled(values).percentile(quantile) - exact)).toBeLessThanOrEqual(exact * 0.02 + 1)
        }
      )
    )
  })
})

test('sizes start at -1 and keep the newest, smallest and largest', () => {
  const sizes = new SizeStats()
  const before = [sizes.last, sizes.min, sizes.max]
  for (const size of [102, 36, 157, 50]) sizes.add(size)

  expect([before, [sizes.last, sizes.min, sizes.max]]).toEqual([
    [-1, -1, -1],
    [50, 36, 157]
  ])
})

describe('values recorded together', () => {
  test('are as if each had been recorded', () => {
    const [together, each] = [new PercentileSummary('x'), new PercentileSummary('x')]
    together.addMany(3, 5)
    together.addMany(7, 0)
    for (let index = 0; index < 5; index++) each.add(3)

    expect(together).toEqual(each)
  })

  test('of a shared total are whole, nearly equal, and add up to it', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 1, max: 500 }), (total, count) => {
        const summary = new Summary('x')
        summary.addShared(total, count)

        expect([summary.count, summary.sum, summary.min]).toEqual([count, total, Math.floor(total / count)])
        expect(summary.max).toBe(Math.ceil(total / count))
      })
    )
  })

  test('of a countdown are the lengths of a queue that is emptied', () => {
    const [together, each] = [new Summary('x'), new Summary('x')]
    together.addCountdown(4)
    for (const length of [3, 2, 1, 0]) each.add(length)

    expect(together).toEqual(each)
  })
})
