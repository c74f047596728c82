import { writeSync } from 'node:fs'
import { openStorage } from '../../../src/storage/storage.ts'
import { collectBytes, storageOptions } from '../support/data-directory.ts'
import { collectZxids, makeBatch } from '../support/transactions.ts'

/**
 * Appends at full speed for ever, with rolls and snapshots, and writes each zxid up to which all is persisted as a line.
 * It is meant to be killed. Argument: the data directory.
 */
const [dataDir = ''] = process.argv.slice(2)
const { storage, recovery } = await openStorage({ ...storageOptions(dataDir), rollTxnCountMax: 3000 })
if (recovery.snapshot !== null) await collectBytes(recovery.snapshot.chunks())
await collectZxids(recovery.batches())
let nextZxid = BigInt(recovery.lastZxidLo) + 1n

storage.onFatal((error) => {
  throw error
})
storage.onPersisted((zxid) => {
  writeSync(1, `${zxid}\n`)
  appendSome()
})
appendSome()
let isSnapshotRunning = false
setInterval(takeSnapshot, 60)

/** Keeps up to 300 batches in flight; a batch's sequence is its last zxid. */
function appendSome(): void {
  while (storage.stats.queuedBatches < 300) {
    const txnCount = 1 + Number(nextZxid % 5n)
    const lastZxid = nextZxid + BigInt(txnCount) - 1n
    if (!storage.append(Number(lastZxid), makeBatch(nextZxid, txnCount))) return
    nextZxid = lastZxid + 1n
  }
}

function takeSnapshot(): void {
  if (isSnapshotRunning) return
  isSnapshotRunning = true
  const zxidLo = Number(nextZxid - 1n)
  const writer = storage.beginSnapshot(0, zxidLo)
  const summary = { zxidHi: 0, zxidLo, digestHi: 0, digestLo: 0, nodeCount: 0, sessionCount: 0 }
  writer
    .write(Buffer.from(`state at ${zxidLo}`))
    .then(() => writer.finish(summary))
    .then(() => storage.purge(2))
    .then(() => {
      isSnapshotRunning = false
    })
    .catch((error: unknown) => {
      throw error
    })
}
