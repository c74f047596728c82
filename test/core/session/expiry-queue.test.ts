import { beforeEach, describe, expect, test } from '@jest/globals'
import { type ExpiryEntry, ExpiryQueue, NOT_QUEUED } from '../../../src/core/session/expiry-queue.ts'

class Element implements ExpiryEntry {
  readonly name: string
  expiryBucket = NOT_QUEUED
  expiryIndex = 0

  constructor(name: string) {
    this.name = name
  }
}

const TICK_MS = 2000
const START_MS = 10_500

let queue: ExpiryQueue<Element>
let a: Element
let b: Element

beforeEach(() => {
  queue = new ExpiryQueue(TICK_MS, START_MS)
  a = new Element('a')
  b = new Element('b')
})

function expiredNames(nowMs: number, countMax?: number): string[] {
  return queue
    .expired(nowMs, countMax)
    .map((element) => element.name)
    .sort()
}

function buckets(): string[] {
  const lines: string[] = []
  queue.forEachBucket((deadlineMs, entries) => {
    lines.push(`${deadlineMs}: ${entries.map((entry) => entry.name).join(' ')}`)
  })
  return lines
}

describe('a deadline is rounded up to the next tick, strictly', () => {
  test.each([
    { nowMs: 10_500, timeoutMs: 4000, deadlineMs: 16_000 },
    { nowMs: 11_999, timeoutMs: 4000, deadlineMs: 16_000 },
    { nowMs: 12_000, timeoutMs: 4000, deadlineMs: 18_000 },
    { nowMs: 12_001, timeoutMs: 4000, deadlineMs: 18_000 },
    { nowMs: 10_500.75, timeoutMs: 1499, deadlineMs: 12_000 },
    { nowMs: 10_500, timeoutMs: 0, deadlineMs: 12_000 },
    { nowMs: 10_500, timeoutMs: 86_400_000, deadlineMs: 86_412_000 }
  ])('$nowMs + $timeoutMs gives $deadlineMs', ({ nowMs, timeoutMs, deadlineMs }) => {
    queue.update(a, timeoutMs, nowMs)

    expect(queue.deadlineMs(a)).toBe(deadlineMs)
    expect(expiredNames(deadlineMs - 0.001)).toEqual([])
    expect(expiredNames(deadlineMs)).toEqual(['a'])
  })

  test('a timeout below 0 still lasts until the end of the tick', () => {
    queue.update(a, -50_000, START_MS)

    expect(queue.deadlineMs(a)).toBe(12_000)
  })
})

describe('updating', () => {
  test('moves a deadline later', () => {
    queue.update(a, 4000, START_MS)
    queue.update(a, 4000, 14_000)

    expect(expiredNames(19_999)).toEqual([])
    expect(expiredNames(20_000)).toEqual(['a'])
  })

  test('moves a deadline earlier, as a shorter timeout does', () => {
    queue.update(a, 40_000, START_MS)
    queue.update(a, 4000, START_MS)

    expect(expiredNames(16_000)).toEqual(['a'])
  })

  test('brings an expired element back', () => {
    queue.update(a, 4000, START_MS)
    queue.expired(16_000)
    queue.update(a, 4000, 16_000)

    expect(queue.size).toBe(1)
    expect(expiredNames(22_000)).toEqual(['a'])
  })
})

describe('expiry', () => {
  test('gives each element once', () => {
    queue.update(a, 4000, START_MS)

    expect(expiredNames(16_000)).toEqual(['a'])
    expect(expiredNames(16_000)).toEqual([])
    expect(queue.size).toBe(0)
  })

  test('gives all buckets that came due since the last time', () => {
    queue.update(a, 4000, START_MS)
    queue.update(b, 8000, START_MS)

    expect(expiredNames(1_000_000)).toEqual(['a', 'b'])
  })

  test('does not give what was removed, and removing twice is nothing', () => {
    queue.update(a, 4000, START_MS)
    queue.update(b, 4000, START_MS)
    queue.remove(a)
    queue.remove(a)

    expect(queue.size).toBe(1)
    expect(expiredNames(16_000)).toEqual(['b'])
  })

  test('gives no more than asked for; the others come with the next call', () => {
    const elements = Array.from({ length: 5 }, (_, index) => new Element(String(index)))
    for (const element of elements) queue.update(element, 4000, START_MS)

    const counts = [queue.expired(16_000, 2).length, queue.size, queue.expired(16_000, 2).length, queue.size]

    expect(counts).toEqual([2, 3, 2, 1])
    expect(queue.expired(16_000, 2)).toHaveLength(1)
  })

  test('spares an element that was due and gave a sign of life before it was taken', () => {
    queue.update(a, 4000, START_MS)
    queue.update(b, 4000, START_MS)
    const [taken] = queue.expired(16_000, 1)
    const other = taken === a ? b : a
    queue.update(other, 4000, 16_000)

    expect(queue.expired(16_000)).toEqual([])
    expect(queue.expired(22_000)).toEqual([other])
  })

  test('works on after a long time in which nothing was queued', () => {
    expect(expiredNames(1_000_000_000)).toEqual([])

    queue.update(a, 4000, 1_000_000_500)

    expect(expiredNames(1_000_006_000)).toEqual(['a'])
  })
})

describe('the next expiry', () => {
  test('is never while nothing is queued', () => {
    queue.update(a, 4000, START_MS)
    queue.remove(a)

    expect(queue.nextExpiryMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('is the end of the current tick, which is no later than any deadline', () => {
    queue.update(a, 1000, START_MS)
    expect(queue.nextExpiryMs).toBe(12_000)

    queue.expired(12_000)
    queue.update(b, 9000, 12_000)

    expect(queue.nextExpiryMs).toBe(14_000)
  })
})

describe('postponing', () => {
  test('moves deadlines that were set before by the time credited', () => {
    queue.update(a, 4000, START_MS)
    queue.postpone(7300)

    expect(queue.deadlineMs(a)).toBe(23_300)
    expect(queue.nextExpiryMs).toBe(19_300)
    expect(expiredNames(23_299)).toEqual([])
    expect(expiredNames(23_300)).toEqual(['a'])
  })

  test('leaves those that are set afterwards between timeout and timeout plus a tick', () => {
    queue.postpone(7300)
    queue.update(a, 4000, 20_000)

    expect(queue.deadlineMs(a)).toBeGreaterThan(24_000)
    expect(queue.deadlineMs(a)).toBeLessThanOrEqual(26_000)
  })
})

describe('the buckets', () => {
  test('are listed by deadline, and emptied ones until they are due', () => {
    queue.update(a, 9000, START_MS)
    queue.update(b, 4000, START_MS)
    queue.update(b, 4000, 12_000)

    expect(buckets()).toEqual(['16000: ', '18000: b', '20000: a'])
    expect(queue.bucketCount).toBe(3)

    queue.expired(16_000)

    expect(buckets()).toEqual(['18000: b', '20000: a'])
  })
})

test('an element that another queue holds is refused', () => {
  const other = new ExpiryQueue<Element>(TICK_MS, START_MS)
  other.update(a, 4000, START_MS)

  expect(() => queue.remove(a)).toThrow('another queue')
})
