import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import { DataDirectory } from './support/data-directory.ts'
import { makeBatch, zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

describe('a log', () => {
  test('that is new has nothing in it', async () => {
    directory = new DataDirectory()

    const { recovery, recoveredZxids } = await directory.open()

    expect(recovery).toMatchObject({ snapshot: null, lastZxidHi: 0, lastZxidLo: 0, currentEpoch: 0, acceptedEpoch: 0 })
    expect(recovery).toMatchObject({ wasCleanShutdown: true, isUninitialized: false })
    expect(recoveredZxids).toEqual([])
  })

  test('gives back what was appended, in order, after a clean shutdown', async () => {
    directory = new DataDirectory()
    const first = await directory.open()
    for (let count = 1; count <= 20; count++) await first.append(count)
    await first.close()

    const second = await directory.open()

    expect(second.recoveredZxids).toEqual(zxidRange(1n, 210n))
    expect(second.recovery.wasCleanShutdown).toBe(true)
  })

  test('goes on where it ended, over several restarts, clean and not', async () => {
    directory = new DataDirectory()
    for (let run = 0; run < 6; run++) {
      const open = await directory.open()
      await open.append(5)
      await open.append(1)
      if (run % 2 === 0) await open.close()
      else await open.abandon()
    }

    const last = await directory.open()

    expect(last.recoveredZxids).toEqual(zxidRange(1n, 36n))
    expect(last.recovery.wasCleanShutdown).toBe(false)
  })

  test('keeps zxids above 2^53 exactly', async () => {
    directory = new DataDirectory()
    const first = await directory.open()
    first.nextZxid = (0x7fff_fffen << 32n) | 0xffff_fff0n
    await first.append(16)
    first.nextZxid = (0x7fff_ffffn << 32n) | 1n
    await first.append(1)
    await first.close()

    const second = await directory.open()

    const lastOfEpoch = (0x7fff_fffen << 32n) | 0xffff_ffffn
    expect(second.recoveredZxids).toEqual([...zxidRange(lastOfEpoch - 15n, lastOfEpoch), (0x7fff_ffffn << 32n) | 1n])
  })

  test('reports persisted sequences in order and the last one for sure', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    for (let count = 0; count < 500; count++) open.tryAppend(3)
    await open.allPersisted()

    const inOrder = open.persisted.toSorted((one, other) => one - other)

    expect(open.persisted).toEqual(inOrder)
    expect(open.persisted.at(-1)).toBe(500)
  })

  test('commits all batches that are queued in one go', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append()
    const before = open.storage.stats
    // The first of these is taken at once or together with some others; while it is on its way, the rest gathers.
    for (let count = 0; count < 400; count++) open.tryAppend()

    await open.allPersisted()

    const { stats } = open.storage
    expect(stats.txns - before.txns).toBe(400)
    expect(stats.commits - before.commits).toBeLessThanOrEqual(20)
    expect(stats.queuedBatches).toBe(0)
  })
})

describe('append', () => {
  test('copies the body before it returns', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    const batch = makeBatch(1n, 3)

    open.storage.append(1, batch)
    batch.body.fill(0)
    await open.close()

    expect((await directory.open()).recoveredZxids).toEqual([1n, 2n, 3n])
  })

  test('refuses a batch when the ring is full, and takes it after the next persisted', async () => {
    directory = new DataDirectory({ tuning: { ringBytes: 65_536 } })
    const open = await directory.open()

    let refusals = 0
    for (let done = 0; done < 500; ) {
      if (open.tryAppend(10)) {
        done++
      } else {
        refusals++
        await open.allPersisted()
      }
    }
    await open.close()

    expect(refusals).toBeGreaterThan(0)
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 5000n))
  })

  test('takes bodies larger than a slot of the ring, in order with small ones', async () => {
    directory = new DataDirectory({ tuning: { ringBytes: 65_536 } })
    const open = await directory.open()
    for (const sizeBytes of [100, 300_000, 200, 5_000_000, 300, 1_048_500, 400]) open.tryAppend(1, sizeBytes)
    await open.allPersisted()
    await open.close()

    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 7n))
  })

  test('refuses a zxid that does not follow', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)

    expect(() => open.storage.append(100, makeBatch(10n, 1))).toThrow(RangeError)
  })

  test.each([
    { name: 'more transactions', txnCount: 5432, sizeBytes: 40, rowCount: 6 },
    { name: 'more bytes', txnCount: 70, sizeBytes: 50_000, rowCount: 4 },
    { name: 'a transaction of more bytes among others', txnCount: 3, sizeBytes: 2_000_000, rowCount: 3 }
  ])('makes several rows of $name than one may have', async ({ txnCount, sizeBytes, rowCount }) => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(txnCount, sizeBytes)
    await open.close()

    const connection = new Connection(directory.file('log.1.db'), { readonly: true })
    const rows = connection.prepare<[], { n: number }>('SELECT count(*) AS n FROM batch').get()
    connection.close()

    expect(rows).toEqual({ n: rowCount })
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, BigInt(txnCount)))
  })

  test('refuses a sequence that does not follow', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    open.storage.append(7, makeBatch(1n, 1))

    expect(() => open.storage.append(7, makeBatch(2n, 1))).toThrow(RangeError)
  })
})

describe('epochs', () => {
  test('are kept, and are those of the log where they were never set', async () => {
    directory = new DataDirectory()
    const first = await directory.open()
    first.nextZxid = (5n << 32n) | 1n
    await first.append()
    await first.close()
    const second = await directory.open()
    await second.storage.setAcceptedEpoch(7)
    await second.storage.setCurrentEpoch(6)
    await second.abandon()

    const third = await directory.open()

    expect(second.recovery).toMatchObject({ acceptedEpoch: 5, currentEpoch: 5 })
    expect(third.recovery).toMatchObject({ acceptedEpoch: 7, currentEpoch: 6 })
  })

  test('may be older than the log: a learner logs what it is sent before it has taken over all of it', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.storage.setCurrentEpoch(2)
    await open.storage.setAcceptedEpoch(3)
    open.nextZxid = (3n << 32n) | 1n
    await open.append()
    await open.close()

    expect((await directory.open()).recovery).toMatchObject({ acceptedEpoch: 3, currentEpoch: 2, lastZxidHi: 3 })
  })

  test('refuse a start when the log is of a later epoch than was accepted', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.storage.setAcceptedEpoch(2)
    open.nextZxid = (3n << 32n) | 1n
    await open.append()
    await open.close()

    expect(await directory.refusal()).toEqual({
      code: 'DAMAGED',
      message: 'the accepted epoch 2 is older than the last zxid, 0x300000001'
    })
  })
})

describe('closing', () => {
  test('writes what was appended first', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    for (let count = 0; count < 300; count++) open.tryAppend(2)

    await open.close()

    expect(open.persisted.at(-1)).toBe(300)
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 600n))
  })

  test('refuses what comes after it', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.close()

    await expect(open.storage.setCurrentEpoch(1)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(open.fatals).toEqual([])
  })
})

describe('an empty directory with db.autocreate=false', () => {
  test('is not initialized', async () => {
    directory = new DataDirectory({ dbAutocreate: false })

    expect((await directory.open()).recovery.isUninitialized).toBe(true)
  })
})
