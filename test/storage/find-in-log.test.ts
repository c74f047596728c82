import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { toBigInt } from '../../src/protocol/int64.ts'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory } from './support/data-directory.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

async function find({ storage }: OpenStorage, zxid: bigint): Promise<bigint | null> {
  const found = await storage.findInLog(Number(zxid >> 32n), Number(BigInt.asIntN(32, zxid)))
  return found === null ? null : toBigInt(found.hi, found.lo)
}

/** Epoch 1: zxids 1..6 in one row, 7..9 in another segment; epoch 3: 1..4. */
async function twoEpochs(): Promise<OpenStorage> {
  directory = new DataDirectory()
  const open = await directory.open()
  open.nextZxid = (1n << 32n) | 1n
  await open.append(6)
  open.storage.roll()
  await open.append(3)
  open.nextZxid = (3n << 32n) | 1n
  await open.append(4)
  return open
}

describe('finding a zxid in the log', () => {
  test.each([
    { what: 'inside a row', zxid: 0x1_0000_0003n, found: 0x1_0000_0003n },
    { what: 'the end of a row', zxid: 0x1_0000_0006n, found: 0x1_0000_0006n },
    { what: 'the first of a segment', zxid: 0x1_0000_0007n, found: 0x1_0000_0007n },
    { what: 'one that was never given: the last of that epoch', zxid: 0x1_0000_0fffn, found: 0x1_0000_0009n },
    { what: 'an epoch without transactions', zxid: 0x2_0000_0005n, found: 0x1_0000_0009n },
    { what: 'the newest', zxid: 0x3_0000_0004n, found: 0x3_0000_0004n },
    { what: 'beyond the newest', zxid: 0x9_0000_0001n, found: 0x3_0000_0004n },
    { what: 'before all, of a log that begins at 0', zxid: 0n, found: 0n },
    { what: 'before the first transaction', zxid: 0x1_0000_0000n, found: 0n }
  ])('$what', async ({ zxid, found }) => {
    const open = await twoEpochs()

    expect(await find(open, zxid)).toBe(found)
  })

  test('tells how large the files from there on are, and the newest snapshot', async () => {
    const open = await twoEpochs()
    const { storage } = open
    const before = await storage.findInLog(1, 3)
    const inSecond = await storage.findInLog(1, 7)
    await open.snapshot()
    const after = await storage.findInLog(1, 3)

    expect(before?.snapshotBytes).toBe(0)
    expect(before?.logBytes).toBeGreaterThan(inSecond?.logBytes ?? 0)
    expect((inSecond?.logBytes ?? 0) % 1024).toBe(0)
    expect(inSecond?.logBytes).toBeGreaterThan(0)
    expect(after?.snapshotBytes).toBeGreaterThan(0)
  })

  test('gives what the log begins after, and null before that', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    for (let count = 0; count < 4; count++) {
      await open.append(5)
      await open.snapshot()
      open.storage.roll()
    }
    await open.append(5)
    await open.storage.purge(2)

    const oldest = 15n
    expect(await find(open, oldest)).toBe(oldest)
    expect(await find(open, oldest + 1n)).toBe(oldest + 1n)
    expect(await find(open, oldest - 1n)).toBeNull()
    await expect(open.storage.readLog(0, Number(oldest), 1000)).resolves.not.toBeNull()
  })

  test('after an installation only its zxid is known', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(5)
    const writer = open.storage.beginInstall(7, 9, 7)
    await writer.write(Buffer.from('state'))
    await writer.finish({ zxidHi: 7, zxidLo: 9, digestHi: 0, digestLo: 0, nodeCount: 1, sessionCount: 0 })

    expect(await find(open, 0x7_0000_0009n)).toBe(0x7_0000_0009n)
    expect(await find(open, 0x8_0000_0000n)).toBe(0x7_0000_0009n)
    expect(await find(open, 3n)).toBeNull()
  })

  test('an empty log has 0', async () => {
    directory = new DataDirectory()

    expect(await find(await directory.open(), 5n)).toBe(0n)
  })
})

describe('a snapshot that is still being written when the log is cut off', () => {
  test('never counts, though its zxid is reached again by other transactions', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)
    const writer = open.storage.beginSnapshot(0, 10)
    await writer.write(Buffer.from('of the old history'))

    const truncated = open.storage.truncate(0, 5)
    const finished = writer.finish({
      zxidHi: 0,
      zxidLo: 10,
      digestHi: 0,
      digestLo: 0,
      nodeCount: 1,
      sessionCount: 0
    })
    await expect(finished).rejects.toThrow('of a history that was cut off')
    await truncated
    open.nextZxid = 6n
    await open.append(10)
    await open.close()

    const again = await directory.open()
    expect(again.recoveredSnapshot).toBeNull()
    expect(again.recoveredZxids).toHaveLength(15)
  })
})
