import { mkdirSync, readFileSync } from 'node:fs'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Connection } from '../../src/storage/connection.ts'
import type { LogStore } from '../../src/storage/log-store.ts'
import { openLogStore } from '../../src/storage/open-log-store.ts'
import { DataDirectory } from './support/data-directory.ts'
import { makeBatch } from './support/transactions.ts'

jest.setTimeout(300_000)

let directory: DataDirectory

afterEach(() => directory.dispose())

/** As the header of the file tells it. */
function pageBytesOf(file: string): number {
  return readFileSync(directory.file(file)).readUInt16BE(16)
}

function openStore(): LogStore {
  mkdirSync(directory.folder, { recursive: true })
  const { store } = openLogStore(
    {
      dataFolder: directory.folder,
      logFolder: directory.folder,
      sync: 'OFF',
      rollBytesMax: 1e12,
      rollTxnCountMax: 1e9,
      checkpointBytes: 1e6,
      checkpointBytesMax: 2e6
    },
    true,
    new Float64Array(64),
    () => undefined
  )
  return store
}

function commit(store: LogStore, bodyBytes: number): void {
  const zxid = store.lastZxid + 1n
  store.beginGroup(zxid)
  store.addBatch(zxid, zxid, 1, makeBatch(zxid, 1, bodyBytes).body)
  store.commitGroup()
}

describe('the pages of a segment', () => {
  test.each([2048, 4096])('may be of %d bytes: the log goes on in it, and is read after a kill', async (pageBytes) => {
    directory = new DataDirectory()
    const first = await directory.open()
    for (let count = 0; count < 10; count++) await first.append(3)
    await first.close()
    const segment = new Connection(directory.file('log.1.db'))
    segment.exec(`PRAGMA journal_mode = DELETE; PRAGMA page_size = ${pageBytes}; VACUUM`)
    segment.close()

    const second = await directory.open()
    for (let count = 0; count < 5; count++) await second.append(3, 3000)
    await second.abandon()
    const third = await directory.open()

    expect(pageBytesOf('log.1.db')).toBe(pageBytes)
    expect(second.recoveredZxids).toHaveLength(30)
    expect(third.recoveredZxids).toEqual(Array.from({ length: 45 }, (_, index) => BigInt(index + 1)))
  })

  test('are small, until commits turn out to be large', () => {
    directory = new DataDirectory()
    const store = openStore()
    for (let count = 0; count < 300; count++) commit(store, 70_000)
    const last = `log.${(257).toString(16)}.db`
    store.close()

    expect(directory.files().filter((name) => name.endsWith('.db'))).toEqual(['log.1.db', last, 'state.db'])
    expect(pageBytesOf('log.1.db')).toBe(2048)
    expect(pageBytesOf(last)).toBe(4096)
  })

  test('are small again in the segment after one whose commits were small', () => {
    directory = new DataDirectory()
    const store = openStore()
    for (let count = 0; count < 257; count++) commit(store, 70_000)
    for (let count = 0; count < 100; count++) commit(store, 100)
    store.roll()
    commit(store, 100)
    store.close()

    expect(pageBytesOf(`log.${(258 + 100).toString(16)}.db`)).toBe(2048)
  })
})
