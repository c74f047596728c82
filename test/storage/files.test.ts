import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import { DataDirectory } from './support/data-directory.ts'
import { zxidRange } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

/** Runs one query on a file that no storage has open. */
function query(path: string, sql: string): unknown[] {
  const connection = new Connection(path, { readonly: true })
  try {
    return connection.prepare(sql).all()
  } finally {
    connection.close()
  }
}

describe('the files', () => {
  test('are the catalogue, a segment named by its first zxid, and snapshots named by theirs', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    open.nextZxid = 0x2_0000_00abn
    await open.append(3)
    await open.snapshot()
    await open.close()

    expect(directory.files()).toEqual(['log.2000000ab.db', 'snapshot.2000000ad.db', 'state.db'])
  })

  test('of the log go to dataLogDir, when that is another directory', async () => {
    directory = new DataDirectory()
    const dataLogDir = join(directory.path, 'log')
    const open = await directory.open({ dataLogDir })
    await open.append(3)
    await open.snapshot()
    await open.close()

    expect(directory.files()).toEqual(['snapshot.3.db', 'state.db'])
    expect(existsSync(join(dataLogDir, 'version-2', 'log.1.db'))).toBe(true)
    expect((await directory.open({ dataLogDir })).storage.sizes().logDirBytes).toBeGreaterThan(0)
  })

  test('have the tables that the storage notes say', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(2)
    await open.append(3)
    await open.snapshot()
    await open.close()

    const rows = query(directory.file('log.1.db'), 'SELECT first_zxid, last_zxid, prev_zxid, txn_count FROM batch')
    const state = query(directory.file('state.db'), "SELECT key, value FROM state WHERE key <> 'check' ORDER BY key")
    const snapshots = query(directory.file('state.db'), 'SELECT zxid, end_zxid, file, is_base FROM snapshot')
    const segments = query(directory.file('state.db'), 'SELECT first_zxid, last_zxid, file, closed FROM segment')
    const chunks = query(directory.file('snapshot.5.db'), 'SELECT number, body FROM chunk')

    expect(rows).toEqual([
      { first_zxid: 1, last_zxid: 2, prev_zxid: 0, txn_count: 2 },
      { first_zxid: 3, last_zxid: 5, prev_zxid: 2, txn_count: 3 }
    ])
    expect(state).toEqual([
      { key: 'accepted_epoch', value: null },
      { key: 'clean_shutdown', value: 1 },
      { key: 'current_epoch', value: null },
      { key: 'doomed', value: '[]' },
      { key: 'format', value: 2 },
      { key: 'log_floor', value: 5 },
      { key: 'pending_truncate', value: null }
    ])
    expect(snapshots).toEqual([{ zxid: 5, end_zxid: 5, file: 'snapshot.5.db', is_base: 0 }])
    expect(segments).toEqual([{ first_zxid: 1, last_zxid: null, file: 'log.1.db', closed: 0 }])
    expect(chunks).toEqual([{ number: 0, body: Buffer.from('state at 5') }])
  })

  test('beside ours are left alone, those that we left unfinished are removed', async () => {
    directory = new DataDirectory()
    mkdirSync(directory.folder, { recursive: true })
    const others = ['log.1', 'snapshot.0', 'acceptedEpoch', 'notes.db', 'log.1.index.db', 'logs.1.db']
    const litter = [
      'snapshot.7.db.tmp',
      'snapshot.7.db.tmp-journal',
      'log.next.db.tmp',
      'log.9.db-wal',
      'snapshot.9.db-shm'
    ]
    for (const name of [...others, ...litter]) writeFileSync(directory.file(name), 'x')

    await (await directory.open()).close()

    expect(directory.files()).toEqual([...others, 'state.db'].sort())
  })
})

describe('a segment', () => {
  test('is followed by a new one after roll, and is then closed: no -wal, rollback mode, in the catalogue', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)
    open.storage.roll()
    await open.append(5)
    await open.append(5)
    await open.close()

    expect(directory.files()).toEqual(['log.1.db', 'log.b.db', 'state.db'])
    expect(query(directory.file('log.1.db'), 'PRAGMA journal_mode')).toEqual([{ journal_mode: 'delete' }])
    expect(query(directory.file('state.db'), 'SELECT first_zxid, last_zxid, bytes, closed FROM segment')).toEqual([
      { first_zxid: 1, last_zxid: 10, bytes: statSync(directory.file('log.1.db')).size, closed: 1 },
      { first_zxid: 11, last_zxid: null, bytes: null, closed: 0 }
    ])
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 20n))
  })

  test('that is closed can be read by anybody while the server runs', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)
    open.storage.roll()
    await open.append(1)
    // The old segment is closed when no batch waits.
    while (existsSync(`${directory.file('log.1.db')}-wal`)) await new Promise((resolve) => setTimeout(resolve, 5))

    expect(query(directory.file('log.1.db'), 'SELECT sum(txn_count) AS n FROM batch')).toEqual([{ n: 10 }])
  })

  test('is rolled by itself at its limits', async () => {
    directory = new DataDirectory({ rollBytesMax: 1_000_000_000, rollTxnCountMax: 100 })
    const byCount = await directory.open()
    for (let count = 0; count < 10; count++) await byCount.append(50)
    await byCount.close()
    const bySize = await directory.open({ rollBytesMax: 20_000, rollTxnCountMax: 1e9 })
    for (let count = 0; count < 10; count++) await bySize.append(1, 10_000)
    await bySize.close()

    expect(directory.files().filter((name) => name.startsWith('log.')).length).toBeGreaterThanOrEqual(8)
    expect((await directory.open()).recoveredZxids).toEqual(zxidRange(1n, 510n))
  })

  test('is not made when nothing comes after roll', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    open.storage.roll()
    await open.append(1)
    open.storage.roll()
    open.storage.roll()
    await open.close()

    const again = await directory.open()

    expect(directory.files().filter((name) => /^log.*db$/.test(name))).toEqual(['log.1.db'])
    expect(again.recoveredZxids).toEqual([1n])
  })
})

describe('the -wal', () => {
  test('stays small while batches keep coming', async () => {
    directory = new DataDirectory({ tuning: { checkpointBytes: 200_000, checkpointBytesMax: 400_000 } })
    const open = await directory.open()
    for (let round = 0; round < 40; round++) {
      for (let count = 0; count < 5; count++) open.tryAppend(20, 1000)
      await open.allPersisted()
    }

    expect(statSync(`${directory.file('log.1.db')}-wal`).size).toBeLessThan(800_000)
    expect(open.storage.stats.checkpoints).toBeGreaterThan(3)
  })

  test('is gone after a clean shutdown', async () => {
    directory = new DataDirectory()
    const open = await directory.open()
    await open.append(10)
    await open.close()

    expect(directory.files()).toEqual(['log.1.db', 'state.db'])
    expect(readFileSync(directory.file('log.1.db')).subarray(0, 15).toString()).toBe('SQLite format 3')
  })
})
