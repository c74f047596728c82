import { join } from 'node:path'
import { showZxid } from '../file-names.ts'
import { SegmentFile } from '../segment-file.ts'
import { SnapshotFileReader, type SnapshotSummaryFields } from '../snapshot-file.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { type RowPart, splitBody } from '../txn-row.ts'
import { type BackupSeries, type StoredBackup, sumOfFile } from './backup-directory.ts'
import { timeOf } from './backup-log-writer.ts'
import type { BackupFile, BackupSnapshot } from './backup-manifest.ts'

/** Reads what a series of backups holds, and believes nothing. */

const LENGTH_BYTES = 4

/** Of all that has to be read of a series up to a zxid. */
export function bytesUpTo(series: BackupSeries, zxid: bigint): number {
  const { snapshot } = series.full.manifest
  return logsUpTo(series, zxid).reduce((sum, { log }) => sum + log.bytes, snapshot?.bytes ?? 0)
}

/**
 * Compares the checksums of files with what was written.
 *
 * @throws StorageError DAMAGED, CANNOT_OPEN, IO_ERROR
 */
export function verifyFiles(series: BackupSeries, zxid: bigint, read: (bytes: number) => void): void {
  const { folder, manifest } = series.full
  if (manifest.snapshot !== null) verifyFile(folder, manifest.snapshot, read)
  for (const { backup, log } of logsUpTo(series, zxid)) verifyFile(backup.folder, log, read)
}

/** @throws StorageError DAMAGED, CANNOT_OPEN, IO_ERROR */
export function verifyFile(folder: string, file: BackupFile, read: (bytes: number) => void): void {
  const path = join(folder, file.file)
  let sum: { readonly bytes: number; readonly sha256: string }
  try {
    sum = sumOfFile(path, read)
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
  if (sum.bytes === file.bytes && sum.sha256 === file.sha256) return
  throw new StorageError('DAMAGED', `${path} is not what was backed up: its checksum is wrong`)
}

/** What the snapshot that a series begins with says of itself, and its bytes; null where there is none. */
export function snapshotOf({ full }: BackupSeries): OpenedSnapshot | null {
  const { snapshot } = full.manifest
  if (snapshot === null) return null
  const path = join(full.folder, snapshot.file)
  try {
    const reader = SnapshotFileReader.open(path, snapshot.zxid)
    return { snapshot, summary: reader.summary, chunks: () => chunksOf(reader, path) }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}

export interface OpenedSnapshot {
  readonly snapshot: BackupSnapshot
  readonly summary: SnapshotSummaryFields
  /** Once, to the end. @throws StorageError */
  chunks(): Generator<Uint8Array>
}

function* chunksOf(reader: SnapshotFileReader, path: string): Generator<Uint8Array> {
  try {
    for (let chunk = reader.next(); chunk !== null; chunk = reader.next()) yield chunk
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  } finally {
    reader.close()
  }
}

/**
 * The transactions of a series up to a zxid, itself included, row by row.
 *
 * @throws StorageError DAMAGED when a checksum is wrong or something is missing
 */
export function* rowsUpTo(series: BackupSeries, zxid: bigint): Generator<RowPart> {
  let before = series.full.manifest.fromZxid
  for (const { backup, log } of logsUpTo(series, zxid)) {
    const path = join(backup.folder, log.file)
    const file = SegmentFile.open(path, () => undefined)
    try {
      for (const row of file.rows()) {
        const { firstZxid, lastZxid, prevZxid, isChecksumRight } = row
        if (!isChecksumRight || prevZxid !== before) {
          const what = isChecksumRight ? `do not follow ${showZxid(before)}` : 'have a wrong checksum'
          throw new StorageError(
            'DAMAGED',
            `${path} is damaged: the transactions from ${showZxid(firstZxid)} on ${what}`
          )
        }
        before = lastZxid
        const part = lastZxid <= zxid ? row : splitBody(row.body, zxid).upTo
        if (part !== null) yield part
        if (lastZxid >= zxid) return
      }
    } finally {
      file.close()
    }
    if (before === log.lastZxid) continue
    throw new StorageError('DAMAGED', `${path} ends at ${showZxid(before)} instead of ${showZxid(log.lastZxid)}`)
  }
}

/** The last transaction before the first that is later than a time; where the series begins, if none is earlier. */
export function zxidAtTime(series: BackupSeries, timeMs: number): bigint {
  let found = series.full.manifest.fromZxid
  for (const { manifest, folder } of series.backups) {
    for (const log of manifest.log) {
      if (log.firstTimeMs > timeMs) return found
      if (log.lastTimeMs <= timeMs) {
        found = log.lastZxid
        continue
      }
      const file = SegmentFile.open(join(folder, log.file), () => undefined)
      try {
        for (const { body } of file.rows()) {
          for (const txn of txnsOf(body)) {
            if (timeOf(txn) > timeMs) return found
            found = new DataView(txn.buffer, txn.byteOffset, txn.byteLength).getBigInt64(12)
          }
        }
      } finally {
        file.close()
      }
    }
  }
  return found
}

export function* txnsOf(row: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  for (let at = 0; at < row.length; ) {
    const end = at + LENGTH_BYTES + view.getInt32(at)
    yield row.subarray(at + LENGTH_BYTES, end)
    at = end
  }
}

function logsUpTo({ backups }: BackupSeries, zxid: bigint) {
  return backups.flatMap((backup: StoredBackup) =>
    backup.manifest.log.filter(({ firstZxid }) => firstZxid <= zxid).map((log) => ({ backup, log }))
  )
}
