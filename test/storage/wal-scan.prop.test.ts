import { describe, expect, jest, test } from '@jest/globals'
import fc from 'fast-check'
import { scanWal } from '../../src/storage/wal-scan.ts'
import { FRAME_HEADER_BYTES, progressOf, recordWal, WAL_HEADER_BYTES, withWalFile } from './support/recorded-wal.ts'

jest.setTimeout(300_000)

const SECTOR_BYTES = 512
const runs = { numRuns: Number(process.env.ZOONODE_PROPERTY_RUNS ?? 60) }

const sizes = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 14_000 }))
const pageBytes = fc.constantFrom(1024, 4096)
const inserts = fc.record({
  pageBytes,
  earlier: fc.array(sizes, { minLength: 0, maxLength: 8 }),
  commits: fc.array(sizes, { minLength: 2, maxLength: 8 })
})
/** Commits of the same size, whose frames differ from those of the earlier round in a bit or two. */
const changes = fc
  .record({
    pageBytes,
    size: sizes,
    earlierCount: fc.integer({ min: 1, max: 8 }),
    count: fc.integer({ min: 1, max: 8 })
  })
  .map(({ pageBytes, size, earlierCount, count }) => ({
    pageBytes,
    earlier: Array.from({ length: earlierCount }, () => size),
    commits: Array.from({ length: count }, () => size),
    isChange: true
  }))
const plans = fc.oneof(inserts, changes)

describe('the scan of a -wal', () => {
  test('never lets SQLite lose a commit but the last to one flipped bit', () => {
    fc.assert(
      fc.property(plans, fc.nat(), fc.integer({ min: 0, max: 7 }), (plan, place, bit) => {
        const { database, before, after, progress } = recordWal(plan)
        const wal = Buffer.from(after)
        const offset = place % wal.length
        wal[offset] = (wal[offset] ?? 0) ^ (1 << bit)

        const { verdict } = withWalFile(wal, scanWal)

        const mayLose = isInLastCommit(offset, before, after, plan.pageBytes + FRAME_HEADER_BYTES) ? 1 : 0
        expect(verdict === 'damaged' || progressOf(database, wal) >= progress - mayLose).toBe(true)
      }),
      runs
    )
  })

  test('never takes a torn last commit for damage, nor loses another', () => {
    fc.assert(
      fc.property(plans, fc.infiniteStream(fc.boolean()), (plan, choices) => {
        const { database, before, after, progress } = recordWal(plan)
        const wal = tear(before, after, choices)

        const { verdict, validBytes } = withWalFile(wal, scanWal)

        expect(verdict).not.toBe('damaged')
        expect(progressOf(database, wal.subarray(0, validBytes))).toBeGreaterThanOrEqual(progress - 1)
      }),
      runs
    )
  })
})

/** The last commit's frames are those that it changed. */
function isInLastCommit(offset: number, before: Buffer, after: Buffer, frameBytes: number): boolean {
  const frameStart = WAL_HEADER_BYTES + Math.floor((offset - WAL_HEADER_BYTES) / frameBytes) * frameBytes
  const frame = after.subarray(frameStart, frameStart + frameBytes)
  return offset >= WAL_HEADER_BYTES && !frame.equals(before.subarray(frameStart, frameStart + frameBytes))
}

/** Each sector that the last commit wrote is new or as it was before; the file may end anywhere it could. */
function tear(before: Buffer, after: Buffer, choices: Iterable<boolean>): Buffer {
  const wal = Buffer.alloc(after.length)
  before.copy(wal)
  // A new header is synced before the first frame is written.
  after.copy(wal, 0, 0, WAL_HEADER_BYTES)
  const iterator = choices[Symbol.iterator]()
  let end = before.length
  for (let at = 0; at < after.length; at += SECTOR_BYTES) {
    const sector = after.subarray(at, at + SECTOR_BYTES)
    if (sector.equals(wal.subarray(at, at + SECTOR_BYTES))) continue
    if (iterator.next().value !== true) continue
    sector.copy(wal, at)
    end = Math.max(end, Math.min(after.length, at + SECTOR_BYTES))
  }
  return wal.subarray(0, end)
}
