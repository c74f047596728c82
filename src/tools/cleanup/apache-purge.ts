import { closeSync, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import {
  type ApacheLogFile,
  type ApacheSnapshotFile,
  findApacheFiles
} from '../../storage/apache-files/apache-directory.ts'
import { toStorageError } from '../../storage/storage-error.ts'

/** Removes old snapshots and logs of an Apache server that is not running, as its own `PurgeTxnLog` does. */

/** How a snapshot that is not packed ends: a text of one byte, `/`. */
const END_MARK = Buffer.from([0, 0, 0, 1, 0x2f])
const SIZE_MIN = 10
const PACKED_MAGIC = { gz: Buffer.from([0x1f, 0x8b]), snappy: Buffer.from('\x82SNAPPY\0', 'latin1') } as const

/**
 * @returns what is to be removed so that the newest `count` whole snapshots are left, and the logs that even the oldest of
 *          these needs. Nothing where no snapshot is whole.
 * @throws StorageError CANNOT_OPEN, IO_ERROR
 */
export function oldApacheFiles(dataDir: string, dataLogDir: string, count: number): string[] {
  const { snapshots, logs } = findApacheFiles(dataDir, dataLogDir)
  const kept = snapshots.filter(isWhole).slice(0, count)
  const oldest = kept.at(-1)?.zxid
  if (oldest === undefined) return []
  const firstLog = logs.filter(({ firstZxid }) => firstZxid <= oldest).at(-1)?.firstZxid ?? oldest
  return [
    ...logs.filter((log: ApacheLogFile) => log.firstZxid < firstLog).map(({ path }) => path),
    ...snapshots
      .filter(({ zxid }) => zxid < oldest)
      .reverse()
      .map(({ path }) => path)
  ]
}

/** @throws StorageError IO_ERROR */
export function removeFile(path: string): void {
  try {
    rmSync(path)
  } catch (error) {
    throw toStorageError(error, `removing ${path}`)
  }
}

/** As quick a look as upstream's: at the end of the file, or at the beginning of a packed one. */
function isWhole({ path, compression }: ApacheSnapshotFile): boolean {
  try {
    const handle = openSync(path, 'r')
    try {
      const { size } = fstatSync(handle)
      if (size < SIZE_MIN) return false
      const mark = compression === 'none' ? END_MARK : PACKED_MAGIC[compression]
      const bytes = Buffer.alloc(mark.length)
      readSync(handle, bytes, 0, bytes.length, compression === 'none' ? size - mark.length : 0)
      return bytes.equals(mark)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw toStorageError(error, `looking at ${path}`)
  }
}
