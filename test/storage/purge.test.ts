import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { DoomedFile } from '../../src/storage/catalogue-contents.ts'
import { readTables, writeTables } from '../../src/storage/catalogue-tables.ts'
import { Connection } from '../../src/storage/connection.ts'
import type { OpenStorage } from './support/data-directory.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory
let open: OpenStorage

/** Segments 1-10, 11-20, ..., each with a snapshot at its end but the last: as a server that rolls with its snapshots. */
beforeEach(async () => {
  directory = new DataDirectory()
  open = await directory.open()
  for (let count = 0; count < 5; count++) {
    await open.append(9)
    await open.append(1)
    await open.snapshot()
    open.storage.roll()
  }
  await open.append(3)
  await open.append(3)
})

afterEach(() => directory.dispose())

describe('a purge', () => {
  test('keeps so many snapshots and the log from the oldest of them on', async () => {
    const { removed } = await open.storage.purge(3)

    expect(removed.toSorted()).toEqual(
      ['log.1.db', 'log.15.db', 'log.b.db', 'snapshot.14.db', 'snapshot.a.db'].toSorted()
    )
    expect(directory.files().filter((name) => name.endsWith('.db'))).toEqual([
      'log.1f.db',
      'log.29.db',
      'log.33.db',
      'snapshot.1e.db',
      'snapshot.28.db',
      'snapshot.32.db',
      'state.db'
    ])
  })

  test('leaves enough to start from each snapshot that it kept', async () => {
    await open.storage.purge(3)
    await open.close()
    writeFileSync(directory.file('snapshot.32.db'), 'damaged')
    writeFileSync(directory.file('snapshot.28.db'), 'damaged')

    const again = await directory.open()

    expect(again.recovery.snapshot?.zxidLo).toBe(30)
    expect(again.recoveredZxids).toEqual(zxidRange(31n, 56n))
  })

  test('removes nothing the second time, or when there are not so many snapshots', async () => {
    await open.storage.purge(3)

    expect(await open.storage.purge(3)).toEqual({ removed: [] })
    expect(await open.storage.purge(100)).toEqual({ removed: [] })
  })

  test('never removes the last snapshot', async () => {
    await open.storage.purge(0)
    await open.close()

    const again = await directory.open()

    expect(again.recovery.snapshot?.zxidLo).toBe(50)
    expect(again.recoveredZxids).toEqual(zxidRange(51n, 56n))
  })

  test('that was interrupted before the files were gone is finished at the next start', async () => {
    await open.storage.purge(2)
    await open.close()
    // As if the kill had come between the change of the catalogue and the removal.
    writeFileSync(directory.file('log.1.db'), 'still here')
    writeFileSync(directory.file('snapshot.a.db'), 'still here')
    doom(directory.file('state.db'), [
      { folder: 'log', file: 'log.1.db' },
      { folder: 'data', file: 'snapshot.a.db' }
    ])

    await directory.open()

    expect(directory.files()).not.toContain('log.1.db')
    expect(directory.files()).not.toContain('snapshot.a.db')
  })
})

/** Writes the list of files to remove, with the checksum that goes with it. */
function doom(path: string, doomed: readonly DoomedFile[]): void {
  const connection = new Connection(path)
  const contents = readTables(connection, path)
  writeTables(connection, contents, { ...contents, doomed })
  connection.close()
}
