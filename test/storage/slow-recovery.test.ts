import { mkdirSync } from 'node:fs'
import { afterEach, expect, test } from '@jest/globals'
import type { LogStoreSettings } from '../../src/storage/log-store.ts'
import { openLogStore } from '../../src/storage/open-log-store.ts'
import { openStorage } from '../../src/storage/storage.ts'
import { DataDirectory, storageOptions } from './support/data-directory.ts'
import { makeBatch } from './support/transactions.ts'

const ROW_COUNT = 5
const ROW_BYTES = 700_000
/** For the log thread to do what it has put off, if it does so at all. */
const IDLE_MS = 200

let directory: DataDirectory

afterEach(() => directory.dispose())

/** Two segments that a kill left open, the first of several MiB. */
function leaveTwoOpen(folder: string): void {
  mkdirSync(folder, { recursive: true })
  const settings: LogStoreSettings = {
    dataFolder: folder,
    logFolder: folder,
    sync: 'OFF',
    rollBytesMax: 1e12,
    rollTxnCountMax: 1e9,
    checkpointBytes: 1e6,
    checkpointBytesMax: 1e9
  }
  const { store } = openLogStore(settings, true, new Float64Array(64), () => undefined)
  for (let zxid = 1n; zxid <= ROW_COUNT; zxid++) {
    if (zxid === BigInt(ROW_COUNT)) store.roll()
    store.beginGroup(zxid)
    store.addBatch(zxid, zxid, 1, makeBatch(zxid, 1, ROW_BYTES).body)
    store.commitGroup()
  }
  store.abandon()
}

test('a start that reads slowly reads the log to its end, also of segments that are still to be finished', async () => {
  directory = new DataDirectory()
  leaveTwoOpen(directory.folder)

  const { storage, recovery } = await openStorage(storageOptions(directory.path))
  let txnCount = 0
  for await (const batch of recovery.batches()) {
    txnCount += batch.txnCount
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  }
  await storage.flushAndClose(10_000)

  expect(txnCount).toBe(ROW_COUNT)
})
