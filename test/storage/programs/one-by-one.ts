import { writeFileSync } from 'node:fs'
import { openStorage } from '../../../src/storage/storage.ts'
import { storageOptions } from '../support/data-directory.ts'
import { collectZxids, makeBatch } from '../support/transactions.ts'

/**
 * Appends one transaction after another, each when the one before is persisted, and writes a line for each. Arguments: the
 * data directory, how many, and optionally a file to make after the tenth and what to do then: `snapshot` takes one.
 */
const [dataDir = '', count = '10', marker = '', next = ''] = process.argv.slice(2)
const { storage, recovery } = await openStorage(storageOptions(dataDir))
await collectZxids(recovery.batches())

let zxid = 0
storage.onFatal((error) => {
  console.log(`fatal ${error.code} ${error.message}`)
  process.exit(3)
})
storage.onPersisted((sequence) => {
  console.log(`persisted ${sequence}`)
  if (sequence === 10 && marker !== '') writeFileSync(marker, '')
  if (sequence === 10 && next === 'snapshot') takeSnapshot()
  else if (zxid < Number(count)) appendNext()
  else finish()
})
appendNext()

function appendNext(): void {
  zxid++
  storage.append(zxid, makeBatch(BigInt(zxid), 1))
}

function finish(): void {
  console.log(`commits ${storage.stats.commits}`)
  // Closing properly would sync once more.
  process.kill(process.pid, 'SIGKILL')
}

function takeSnapshot(): void {
  const summary = { zxidHi: 0, zxidLo: 10, digestHi: 0, digestLo: 0, nodeCount: 0, sessionCount: 0 }
  const writer = storage.beginSnapshot(0, 10)
  writer.finish(summary).then(finish, (error: unknown) => console.log(String(error)))
}
