import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Recovery, StorageOptions } from '../../../src/storage/storage.ts'
import { openStorage } from '../../../src/storage/storage.ts'
import { makeTxn, splitTxns, zxidOf } from '../../../test/storage/support/transactions.ts'
import { History, historyOfSnapshot } from './history.ts'
import type { Found } from './promises.ts'

/** Small limits, so that checkpoints, rolls and wraps of the ring happen often. */
export function workloadOptions(dataDir: string): StorageOptions {
  return {
    dataDir,
    dataLogDir: dataDir,
    forceSync: true,
    autocreate: true,
    trustEmptySnapshot: false,
    fsyncWarningThresholdMs: 600_000,
    rollBytesMax: 400_000,
    logger: { info: ignore, warn: ignore, error: ignore },
    workerUrl: pathToFileURL(join(process.cwd(), 'dist', 'storage', 'log-thread.js')),
    tuning: { ringBytes: 4 * 1024 * 1024, checkpointBytes: 40_000, checkpointBytesMax: 120_000 }
  }
}

/** All that a start finds, checked: contents must be those of their zxids. */
export async function findHistory(recovery: Recovery): Promise<Found> {
  let history = new History()
  let snapshotZxid = 0n
  if (recovery.snapshot !== null) {
    const chunks: Uint8Array[] = []
    for await (const chunk of recovery.snapshot.chunks()) chunks.push(chunk)
    history = historyOfSnapshot(Buffer.concat(chunks))
    snapshotZxid = (BigInt(recovery.snapshot.zxidHi) << 32n) | BigInt(recovery.snapshot.zxidLo >>> 0)
    if (history.lastZxid !== snapshotZxid) throw new Error(`the snapshot ${snapshotZxid} is of ${history}`)
  }
  for await (const batch of recovery.batches()) {
    for (const txn of splitTxns(batch.body)) {
      const zxid = zxidOf(txn)
      if (!makeTxn(zxid, txn.length).equals(txn)) throw new Error(`the transaction ${zxid} has changed`)
      history = history.with(zxid, zxid)
    }
  }
  return { history, snapshotZxid, acceptedEpoch: recovery.acceptedEpoch, currentEpoch: recovery.currentEpoch }
}

/** Opens the data directory of an image and says what is there; then appends to it, and opens it again. */
export async function openImage(dataDir: string): Promise<Found> {
  const { storage, recovery } = await openStorage(workloadOptions(dataDir))
  try {
    return await findHistory(recovery)
  } finally {
    await storage.abandon()
  }
}

function ignore(): void {
  // What is said at start is not looked at here.
}
