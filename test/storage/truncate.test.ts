import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { readTables, writeTables } from '../../src/storage/catalogue-tables.ts'
import { Connection } from '../../src/storage/connection.ts'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory } from './support/data-directory.ts'
import { collectZxids, zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

/** Segments 1-10, 11-20 and 21-30, in rows of five; snapshots as asked for. */
async function threeSegments(snapshotAt: readonly number[] = []): Promise<OpenStorage> {
  directory = new DataDirectory()
  const open = await directory.open()
  for (let row = 1; row <= 6; row++) {
    if (row % 2 === 1) open.storage.roll()
    await open.append(5)
    if (snapshotAt.includes(row * 5)) await open.snapshot()
  }
  return open
}

describe('truncating the log', () => {
  test.each([
    { name: 'within a row of the last segment', zxid: 28n },
    { name: 'at the end of a row', zxid: 25n },
    { name: 'within a row of a closed segment', zxid: 13n },
    { name: 'at the end of a closed segment', zxid: 20n },
    { name: 'at the first transaction', zxid: 1n },
    { name: 'at its end', zxid: 30n },
    { name: 'beyond its end', zxid: 99n }
  ])('$name leaves what comes before, now and after a restart', async ({ zxid }) => {
    const open = await threeSegments()
    const last = zxid > 30n ? 30n : zxid

    await open.storage.truncate(0, Number(zxid))
    const now = await collectZxids((await open.storage.reload()).batches())
    await open.abandon()

    expect(now).toEqual(zxidRange(1n, last))
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, last))
  })

  test('lets other transactions follow', async () => {
    const open = await threeSegments()
    await open.storage.truncate(0, 13)
    open.nextZxid = (1n << 32n) | 1n
    await open.append(4)
    open.storage.roll()
    await open.append(4)
    await open.close()

    const expected = [...zxidRange(1n, 13n), ...zxidRange((1n << 32n) | 1n, (1n << 32n) | 8n)]
    expect((await directory.open()).recoveredZxids).toEqual(expected)
  })

  test('takes away the snapshots that contain what is cut off', async () => {
    const open = await threeSegments([10, 20, 30])
    await open.storage.truncate(0, 15)
    await open.close()
    const files = directory.files()

    const again = await directory.open()

    expect(files).toEqual(['log.1.db', 'log.b.db', 'snapshot.a.db', 'state.db'])
    expect(again.recovery.snapshot?.zxidLo).toBe(10)
    expect(again.recoveredZxids).toEqual(zxidRange(11n, 15n))
  })

  test('is refused behind the oldest snapshot when the log before is gone, and changes nothing', async () => {
    const open = await threeSegments([10, 20])
    await open.storage.purge(1)

    await expect(open.storage.truncate(0, 15)).rejects.toMatchObject({ code: 'INCOMPLETE' })
    await open.append(1)
    await open.close()

    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(21n, 31n))
  })

  test.each([{ zxid: 13n }, { zxid: 20n }, { zxid: 28n }])(
    'to $zxid is done again at the next start, when it was interrupted',
    async ({ zxid }) => {
      const open = await threeSegments()
      await open.close()
      markPendingTruncate(directory.file('state.db'), zxid)

      const again = await directory.open()
      await again.append(2)
      await again.close()

      expect(again.recoveredZxids).toEqual(zxidRange(1n, zxid))
      expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, zxid + 2n))
    }
  )

  test('that was done but for its last step is done again', async () => {
    const open = await threeSegments()
    await open.storage.truncate(0, 13)
    await open.close()
    markPendingTruncate(directory.file('state.db'), 13n)

    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 13n))
  })
})

/** As a crash between the two halves of a truncation leaves it. */
function markPendingTruncate(path: string, zxid: bigint): void {
  const connection = new Connection(path)
  const contents = readTables(connection, path)
  writeTables(connection, contents, { ...contents, pendingTruncate: zxid, logFloor: zxid })
  connection.close()
}
