import { renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../connection.ts'
import { removeDatabase, syncFile } from '../directory.ts'
import { temporaryFile } from '../file-names.ts'
import { LARGE_PAGE_BYTES } from '../page-sizes.ts'
import { openForBulkWrite } from '../sqlite-connection.ts'

/**
 * Writes a database in one transaction, and gives it its name when it is whole and on the disk: what is found under the
 * name is never half of one. The name itself may be lost in a power cut; then it is made again.
 *
 * Errors are SQLite's and the system's; then nothing is left behind.
 */
export function writeWhole(folder: string, file: string, fill: (connection: Connection) => void): void {
  const temporary = temporaryFile(file, process.pid)
  const path = join(folder, temporary)
  removeDatabase(folder, temporary)
  const connection = openForBulkWrite(path, LARGE_PAGE_BYTES)
  try {
    // Synced below, once.
    connection.exec('PRAGMA synchronous = OFF')
    connection.exec('BEGIN')
    fill(connection)
    connection.exec('COMMIT')
    connection.close()
    syncFile(path)
    renameSync(path, join(folder, file))
  } catch (error) {
    connection.close()
    removeDatabase(folder, temporary)
    throw error
  }
}
