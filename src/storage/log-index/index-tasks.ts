import { dirname } from 'node:path'
import { highWord, lowWord } from '../../protocol/int64.ts'
import type { SegmentEntry } from '../catalogue-contents.ts'
import type { Connection } from '../connection.ts'
import { indexFileOf } from '../file-names.ts'
import { RowReader } from '../row-reader.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { EventCollector } from './event-collector.ts'
import { type IndexedSegment, SegmentIndex, writeIndex } from './index-file.ts'

/** A segment with the file that its index is in, or will be. */
export interface SegmentPlan {
  readonly entry: SegmentEntry
  readonly segment: IndexedSegment
  readonly indexPath: string
}

/** An index of a closed segment to be made: as it is sent to a thread. */
export interface IndexTask {
  readonly logFolder: string
  readonly plan: SegmentPlan
}

/**
 * Reads a segment, with all its checks, and writes its index.
 *
 * @param connection to the segment, where it must not be opened a second time
 * @throws StorageError as `performTask`
 */
export function buildIndex(
  logFolder: string,
  { entry, segment, indexPath }: SegmentPlan,
  connection: Connection | null
): void {
  const events = collect(logFolder, entry, connection)
  try {
    writeIndex(dirname(indexPath), indexFileOf(entry.file), segment, events)
  } catch (error) {
    throw toStorageError(error, `writing ${indexPath}`)
  }
}

/** Opens an index that there is. Null where it is not of this segment. @throws StorageError */
export function openIndex({ indexPath, segment }: SegmentPlan): SegmentIndex | null {
  try {
    return SegmentIndex.open(indexPath, segment)
  } catch (error) {
    throw toStorageError(error, `opening ${indexPath}`)
  }
}

/** @throws StorageError DAMAGED where it is not there */
export function openWritten(plan: SegmentPlan): SegmentIndex {
  const index = openIndex(plan)
  if (index === null) throw new StorageError('DAMAGED', `${plan.indexPath} was written, but is not what was written`)
  return index
}

function collect(logFolder: string, entry: SegmentEntry, connection: Connection | null): EventCollector {
  const { firstZxid } = entry
  const events = new EventCollector(highWord(firstZxid), lowWord(firstZxid))
  const rows = new RowReader(logFolder, [entry], () => connection, firstZxid - 1n)
  try {
    for (let row = rows.next(); row !== null; row = rows.next()) {
      events.addRow(Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength))
    }
    return events
  } finally {
    rows.close()
  }
}
