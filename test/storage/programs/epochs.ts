import { openStorage } from '../../../src/storage/storage.ts'
import { storageOptions } from '../support/data-directory.ts'
import { collectZxids } from '../support/transactions.ts'

/**
 * Sets the accepted epoch several times without waiting in between, so that state.db-wal has as many commits in one go,
 * then kills itself. Argument: the data directory.
 */
const [dataDir = ''] = process.argv.slice(2)
const { storage, recovery } = await openStorage(storageOptions(dataDir))
await collectZxids(recovery.batches())
await Promise.all([1, 2, 3, 4, 5].map((epoch) => storage.setAcceptedEpoch(epoch)))
process.kill(process.pid, 'SIGKILL')
