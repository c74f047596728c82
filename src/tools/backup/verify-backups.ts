import { join } from 'node:path'
import type { BackupSeries } from '../../storage/backup/backup-directory.ts'
import { rowsUpTo, verifyFile } from '../../storage/backup/backup-reader.ts'
import { verifySnapshotFile } from '../../storage/snapshot-file.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'

export interface VerifiedSeries {
  readonly series: BackupSeries
  readonly txnCount: number
  /** Null: everything is as it was written. */
  readonly problem: string | null
}

/** Reads everything that series hold: checksums of files, of snapshots and of rows, and that nothing is missing between. */
export function verifySeries(series: BackupSeries, read: (bytes: number) => void): VerifiedSeries {
  let txnCount = 0
  try {
    for (const { folder, manifest } of series.backups) {
      for (const file of [...manifest.log, ...manifest.companions]) verifyFile(folder, file, read)
      const { snapshot } = manifest
      if (snapshot === null) continue
      verifyFile(folder, snapshot, read)
      verifySnapshot(join(folder, snapshot.file), snapshot.zxid)
    }
    for (const row of rowsUpTo(series, series.toZxid)) txnCount += row.txnCount
    return { series, txnCount, problem: null }
  } catch (error) {
    if (error instanceof StorageError) return { series, txnCount, problem: error.message }
    throw error
  }
}

export function bytesOf({ backups }: BackupSeries): number {
  return backups.reduce((sum, { manifest }) => {
    const files = [...manifest.log, ...manifest.companions, ...[manifest.snapshot ?? []].flat()]
    return sum + files.reduce((bytes, file) => bytes + file.bytes, 0)
  }, 0)
}

function verifySnapshot(path: string, zxid: bigint): void {
  try {
    verifySnapshotFile(path, zxid)
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}
