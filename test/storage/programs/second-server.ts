import { openStorage } from '../../../src/storage/storage.ts'
import { StorageError } from '../../../src/storage/storage-error.ts'
import { storageOptions } from '../support/data-directory.ts'

/** Tries to open the data directory, as a second server would; writes the code and the line of the refusal, or "opened". */
const [dataDir = '', dataLogDir = dataDir] = process.argv.slice(2)
try {
  const { storage } = await openStorage(storageOptions(dataDir, { dataLogDir }))
  console.log('opened')
  await storage.flushAndClose(5000)
} catch (error) {
  if (!(error instanceof StorageError)) throw error
  console.log(error.code)
  console.log(error.message)
}
