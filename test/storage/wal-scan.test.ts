import { describe, expect, jest, test } from '@jest/globals'
import type { WalScan } from '../../src/storage/wal-scan.ts'
import { cutTornTail, scanWal } from '../../src/storage/wal-scan.ts'
import type { RecordedWal } from './support/recorded-wal.ts'
import { FRAME_BYTES, progressOf, recordWal, WAL_HEADER_BYTES, withWalFile } from './support/recorded-wal.ts'

jest.setTimeout(300_000)

/** One frame each, as a server with little to do writes them. */
const SMALL = [100, 100, 100, 100, 100, 100]
/** Several frames each. */
const LARGE = [9000, 9000, 9000, 9000]

function scanOf(wal: Buffer): WalScan {
  return withWalFile(wal, scanWal)
}

function offsetOfFrame(number: number): number {
  return WAL_HEADER_BYTES + (number - 1) * FRAME_BYTES
}

function flipped(wal: Buffer, offset: number, bit = 0): Buffer {
  const copy = Buffer.from(wal)
  copy[offset] = (copy[offset] ?? 0) ^ (1 << bit)
  return copy
}

function overwritten(wal: Buffer, offset: number, bytes: Buffer): Buffer {
  const copy = Buffer.from(wal)
  bytes.copy(copy, offset)
  return copy
}

/** Without an earlier round, so that frame numbers are those of the commits. */
function fresh(commits: readonly number[]): RecordedWal {
  return recordWal({ earlier: [], commits: [100, ...commits] })
}

/** Offsets of the sectors between two offsets that are not the same in both. */
function differingSectors(one: Buffer, other: Buffer, from: number, to: number): number[] {
  const offsets: number[] = []
  for (let at = from; at < to; at += 512) {
    if (!one.subarray(at, at + 512).equals(other.subarray(at, at + 512))) offsets.push(at)
  }
  return offsets
}

function countDifferingBits(one: Buffer, other: Buffer): number {
  let count = 0
  for (const [at, byte] of one.entries()) {
    for (let rest = byte ^ (other[at] ?? 0); rest !== 0; rest &= rest - 1) count++
  }
  return count
}

describe('a -wal', () => {
  test('that is not there, or empty, is clean', () => {
    expect(scanWal('/nowhere/a.db-wal')).toMatchObject({ verdict: 'clean', fileBytes: 0 })
    expect(scanOf(Buffer.alloc(0))).toMatchObject({ verdict: 'clean', fileBytes: 0 })
  })

  test.each([
    { name: 'small commits', wal: () => fresh(SMALL).after },
    { name: 'large commits', wal: () => fresh(LARGE).after }
  ])('of whole $name is clean to its end', ({ wal }) => {
    const bytes = wal()

    expect(scanOf(bytes)).toMatchObject({ verdict: 'clean', validBytes: bytes.length, badFrame: -1 })
  })

  test('with frames of an earlier round behind its commits is clean up to these', () => {
    const { after } = recordWal({ earlier: LARGE, commits: SMALL })

    const scan = scanOf(after)

    expect(scan.verdict).toBe('clean')
    expect(scan.validBytes).toBe(WAL_HEADER_BYTES + SMALL.length * FRAME_BYTES)
    expect(scan.validBytes).toBeLessThan(after.length)
  })
})

describe('a torn tail', () => {
  test.each([
    { name: 'a part of a frame', cut: FRAME_BYTES - 100 },
    { name: 'a part of its header', cut: FRAME_BYTES - 10 },
    { name: 'all but a byte', cut: 1 }
  ])('that is missing $name is not damage', ({ cut }) => {
    const { database, after, progress } = fresh(SMALL)
    const torn = after.subarray(0, after.length - cut)

    expect(scanOf(torn)).toMatchObject({ verdict: 'torn', validBytes: after.length - FRAME_BYTES })
    expect(progressOf(database, torn)).toBe(progress - 1)
  })

  test('whose first frame is missing but whose commit mark is there is not damage', () => {
    const { before, after } = fresh(LARGE)
    const torn = overwritten(after, before.length, Buffer.alloc(FRAME_BYTES))

    expect(scanOf(torn)).toMatchObject({ verdict: 'torn', validBytes: before.length })
  })

  test('of frames without a commit mark is not damage', () => {
    const { before, after } = fresh(LARGE)

    expect(scanOf(after.subarray(0, after.length - FRAME_BYTES))).toMatchObject({
      verdict: 'torn',
      validBytes: before.length
    })
  })

  test('where a sector is still that of an older frame, which differs in one bit, is not damage', () => {
    // At the same place the number was 17 in the earlier round and is 19 now.
    const { before, after } = recordWal({ earlier: [3000, 3000], commits: [3000], isChange: true })
    const at = differingSectors(before, after, 512, WAL_HEADER_BYTES + FRAME_BYTES)[0] ?? 0
    const torn = overwritten(after, at, before.subarray(at, at + 512))

    expect(countDifferingBits(torn, after)).toBe(1)
    expect(scanOf(torn)).toMatchObject({ verdict: 'torn', badFrame: 1, validBytes: WAL_HEADER_BYTES })
  })

  test('is cut off for good', () => {
    const { database, before, after, progress } = fresh(LARGE)
    const torn = after.subarray(0, after.length - 1000)

    withWalFile(torn, (path) => {
      cutTornTail(path, scanWal(path).validBytes)

      expect(scanWal(path)).toMatchObject({ verdict: 'clean', validBytes: before.length, fileBytes: before.length })
    })
    expect(progressOf(database, before)).toBe(progress - 1)
  })
})

describe('damage', () => {
  const regions = [
    { name: 'page number', at: 3 },
    { name: 'commit mark', at: 7 },
    { name: 'first salt', at: 8 },
    { name: 'second salt', at: 15 },
    { name: 'first checksum', at: 16 },
    { name: 'second checksum', at: 23 },
    { name: 'head of the page', at: 24 },
    { name: 'middle of the page', at: 2000 },
    { name: 'end of the page', at: FRAME_BYTES - 1 }
  ]

  test.each(regions)('of one bit in the $name of an old commit is found', ({ at }) => {
    const { database, after, progress } = fresh(SMALL)
    const wal = flipped(after, offsetOfFrame(4) + at)

    expect(scanOf(wal)).toMatchObject({ verdict: 'damaged', badFrame: 4, badOffset: offsetOfFrame(4) })
    // What it is there for: SQLite drops the later commits in silence.
    expect(progressOf(database, wal)).toBeLessThan(progress)
  })

  test.each(regions)('of one bit in the $name of the last commit is taken for a tear', ({ at }) => {
    const { before, after } = fresh(SMALL)

    expect(scanOf(flipped(after, before.length + at)).verdict).not.toBe('damaged')
  })

  test.each(regions)('of one bit in the $name of the last frame before the last commit is found', ({ at }) => {
    const { before, after } = fresh(SMALL)

    expect(scanOf(flipped(after, before.length - FRAME_BYTES + at))).toMatchObject({ verdict: 'damaged' })
  })

  test.each([
    { name: 'a whole sector', bytes: Buffer.alloc(512, 0xee) },
    { name: 'a whole frame', bytes: Buffer.alloc(FRAME_BYTES) }
  ])('of $name of an old commit is found', ({ bytes }) => {
    const { after } = fresh(LARGE)

    expect(scanOf(overwritten(after, offsetOfFrame(5), bytes))).toMatchObject({ verdict: 'damaged', badFrame: 5 })
  })

  test('of several bits in the last frame before the last commit is found', () => {
    const { before, after } = fresh(SMALL)

    const wal = overwritten(after, before.length - 1000, Buffer.alloc(100, 0xee))

    expect(scanOf(wal)).toMatchObject({ verdict: 'damaged' })
  })

  test.each([
    { name: 'magic', at: 0 },
    { name: 'page size', at: 10 },
    { name: 'salts', at: 17 },
    { name: 'checksum', at: 30 }
  ])('of the $name in the header is found', ({ at }) => {
    const { after } = fresh(SMALL)

    expect(scanOf(flipped(after, at))).toMatchObject({ verdict: 'damaged', badFrame: 0 })
  })

  test('of the whole header is found by the frames behind it', () => {
    const { after } = fresh(SMALL)

    expect(scanOf(overwritten(after, 0, Buffer.alloc(WAL_HEADER_BYTES)))).toMatchObject({ verdict: 'damaged' })
  })

  test('in frames of an earlier round does not matter', () => {
    const { after } = recordWal({ earlier: LARGE, commits: SMALL })

    expect(scanOf(flipped(after, after.length - 5000))).toMatchObject({ verdict: 'clean' })
  })
})
