import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CommitLog } from '../../../src/core/zab/commit-log.ts'
import { toHex } from '../../../src/protocol/int64.ts'

function logOf(counters: readonly number[], { countMax = 500, bytesMax = 0, sizeBytes = 10 } = {}): CommitLog {
  const log = new CommitLog(countMax, bytesMax)
  for (const lo of counters) log.add(1, lo, Buffer.alloc(sizeBytes))
  return log
}

function zxidsAfter(log: CommitLog, hi: number, lo: number): string[] {
  const zxids: string[] = []
  log.forEachAfter(hi, lo, (zxidHi, zxidLo) => {
    zxids.push(toHex(zxidHi, zxidLo))
    return true
  })
  return zxids
}

describe('commit log', () => {
  test('an empty one has neither ends nor entries', () => {
    const log = logOf([])

    expect(log.isEmpty).toBe(true)
    expect([log.minHi, log.minLo, log.maxHi, log.maxLo]).toEqual([0, 0, 0, 0])
    expect(log.floor(9, 9)).toBeNull()
    expect(zxidsAfter(log, 0, 0)).toEqual([])
  })

  test('holds the larger window: over the count only while the bytes are over too', () => {
    const byCount = logOf([1, 2, 3, 4, 5], { countMax: 3, bytesMax: 20 })
    const byBytes = logOf([1, 2, 3, 4, 5], { countMax: 3, bytesMax: 45 })

    expect(zxidsAfter(byCount, 0, 0)).toEqual(['100000003', '100000004', '100000005'])
    expect(zxidsAfter(byBytes, 0, 0)).toEqual(['100000002', '100000003', '100000004', '100000005'])
    expect(byBytes.sizeBytes).toBe(40)
  })

  test('finds floor and successor, also between entries and above the sign of the counter', () => {
    const log = logOf([1, 5, 0x7fff_ffff, -2])

    expect(log.floor(1, 4)).toMatchObject({ hi: 1, lo: 1 })
    expect(log.floor(1, 5)).toMatchObject({ hi: 1, lo: 5 })
    expect(log.floor(1, 0)).toBeNull()
    expect(log.after(1, 5)).toMatchObject({ lo: 0x7fff_ffff })
    expect(log.after(1, 0x7fff_ffff)).toMatchObject({ lo: -2 })
    expect(log.after(1, -2)).toBeNull()
  })

  test('a visit ends when it says so', () => {
    const visited: number[] = []

    logOf([1, 2, 3, 4]).forEachAfter(1, 1, (_hi, lo) => visited.push(lo) < 2)

    expect(visited).toEqual([2, 3])
  })

  test('refuses what does not come in order', () => {
    const log = logOf([1, 2])

    expect(() => log.add(1, 2, Buffer.alloc(1))).toThrow('committed 0x100000002 after 0x100000002')
  })

  test('forgets what a truncation cut off', () => {
    const log = logOf([1, 2, 3, 4])

    log.truncateAfter(1, 2)

    expect(zxidsAfter(log, 0, 0)).toEqual(['100000001', '100000002'])
    expect(log.sizeBytes).toBe(20)
    log.truncateAfter(1, 0)
    expect(log.isEmpty).toBe(true)
  })

  test('goes on only where the history does: else it starts over, for it must have no gap', () => {
    const same = logOf([1, 2])
    const longer = logOf([1, 2, 3])
    const behind = logOf([1, 2])

    same.endAt(1, 2)
    longer.endAt(1, 2)
    behind.endAt(1, 3)

    expect([same.count, longer.count, behind.count]).toEqual([2, 2, 0])
  })

  test('is a window of what was added, however it was cut', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), size: fc.integer({ min: 0, max: 30 }) }),
      fc.record({ kind: fc.constant('truncate' as const), back: fc.integer({ min: 0, max: 5 }) })
    )
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 3000, size: 'max' }),
        fc.integer({ min: 1, max: 40 }),
        (steps, countMax) => {
          const log = new CommitLog(countMax, 200)
          let model: { lo: number; size: number }[] = []
          let last = 0
          for (const each of steps) {
            if (each.kind === 'truncate') {
              last = Math.max(0, last - each.back)
              log.truncateAfter(1, last)
              model = model.filter(({ lo }) => lo <= last)
              continue
            }
            last++
            log.add(1, last, Buffer.alloc(each.size))
            model.push({ lo: last, size: each.size })
            const sizeBytes = () => model.reduce((sum, { size }) => sum + size, 0)
            while (model.length > countMax && sizeBytes() > 200) model.shift()
          }
          expect(zxidsAfter(log, 0, 0)).toEqual(model.map(({ lo }) => toHex(1, lo)))
          expect(log.sizeBytes).toBe(model.reduce((sum, { size }) => sum + size, 0))
        }
      ),
      { numRuns: 40 }
    )
  })
})
