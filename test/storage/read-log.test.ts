import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory } from './support/data-directory.ts'
import { splitTxns, zxidOf, zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

async function threeSegments(): Promise<OpenStorage> {
  directory = new DataDirectory()
  const open = await directory.open()
  for (let row = 0; row < 9; row++) {
    if (row % 3 === 0) open.storage.roll()
    await open.append(4)
  }
  return open
}

/** Reads on from a zxid to the end of the log. */
async function readAll(open: OpenStorage, after: bigint, bytesMax: number): Promise<bigint[]> {
  const zxids: bigint[] = []
  let position = Number(after)
  for (;;) {
    const batch = await open.storage.readLog(0, position, bytesMax)
    if (batch === null) return zxids
    zxids.push(...splitTxns(batch.body).map(zxidOf))
    position = batch.lastZxidLo
  }
}

describe('reading the log', () => {
  test.each([
    { after: 0n },
    { after: 1n },
    { after: 6n },
    { after: 12n },
    { after: 13n },
    { after: 24n },
    { after: 35n }
  ])('after $after gives all that follows, from closed segments and the active one', async ({ after }) => {
    const open = await threeSegments()

    expect(await readAll(open, after, 1)).toEqual(zxidRange(after + 1n, 36n))
    expect(await readAll(open, after, 1_000_000)).toEqual(zxidRange(after + 1n, 36n))
  })

  test('at its end gives nothing', async () => {
    const open = await threeSegments()

    expect(await open.storage.readLog(0, 36, 1000)).toBeNull()
    expect(await open.storage.readLog(9, 0, 1000)).toBeNull()
  })

  test('gives what was appended before it was asked for', async () => {
    const open = await threeSegments()
    open.tryAppend(3)

    expect((await open.storage.readLog(0, 36, 1000))?.txnCount).toBe(3)
  })

  test('of a part that was purged says so', async () => {
    const open = await threeSegments()
    await open.snapshot()
    await open.storage.purge(1)
    await open.append(1)

    await expect(open.storage.readLog(0, 5, 1000)).rejects.toMatchObject({ code: 'INCOMPLETE' })
    expect((await open.storage.readLog(0, 36, 1000))?.txnCount).toBe(1)
    expect(open.fatals).toEqual([])
  })
})

describe('installing a snapshot of a leader', () => {
  test('replaces log and snapshots, sets the epoch, and lets transactions follow', async () => {
    const open = await threeSegments()
    await open.snapshot()
    await open.storage.setAcceptedEpoch(7)
    const writer = open.storage.beginInstall(7, 100, 7)
    await writer.write(Buffer.from('the state of the leader'))
    await writer.finish({ zxidHi: 7, zxidLo: 100, digestHi: 1, digestLo: 2, nodeCount: 1, sessionCount: 0 })
    open.nextZxid = (7n << 32n) | 101n
    await open.append(3)
    await open.close()

    const again = await directory.open()

    expect(directory.files().filter((name) => name.endsWith('.db'))).toEqual([
      'log.700000065.db',
      'snapshot.700000064.db',
      'state.db'
    ])
    expect(again.recoveredSnapshot?.toString()).toBe('the state of the leader')
    expect(again.recoveredZxids).toEqual(zxidRange((7n << 32n) | 101n, (7n << 32n) | 103n))
    expect(again.recovery).toMatchObject({ currentEpoch: 7, acceptedEpoch: 7 })
  })

  test('that is not finished leaves all as it was', async () => {
    const open = await threeSegments()
    const writer = open.storage.beginInstall(7, 100, 7)
    await writer.write(Buffer.alloc(1_000_000))
    await open.abandon()

    const again = await directory.open()

    expect(again.recoveredZxids).toEqual(zxidRange(1n, 36n))
    expect(again.recovery.currentEpoch).toBe(0)
  })
})
