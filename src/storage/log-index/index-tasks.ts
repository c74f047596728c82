import { dirname, join } from 'node:path'
import { highWord, lowWord } from '../../protocol/int64.ts'
import type { SegmentEntry } from '../catalogue-contents.ts'
import type { Connection } from '../connection.ts'
import { indexFileOf, runFileOf } from '../file-names.ts'
import { RowReader } from '../row-reader.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { EventCollector } from './event-collector.ts'
import { type IndexedSegment, SegmentIndex, writeIndex } from './index-file.ts'
import { type RunPart, writeRun } from './run-file.ts'

/** A segment with the file that its index is in, or will be. */
export interface SegmentPlan {
  readonly entry: SegmentEntry
  readonly segment: IndexedSegment
  readonly indexPath: string
}

/** A file to be made, of closed segments: as it is sent to a thread. */
export type IndexTask =
  | { readonly kind: 'index'; readonly logFolder: string; readonly plan: SegmentPlan }
  | { readonly kind: 'run'; readonly logFolder: string; readonly plans: readonly SegmentPlan[] }

/** @throws StorageError DAMAGED, CANNOT_OPEN, DISK_FULL, IO_ERROR; then the file is not there */
export function performTask(task: IndexTask): void {
  if (task.kind === 'index') buildIndex(task.logFolder, task.plan, null)
  else buildRun(task.logFolder, task.plans)
}

/** Bytes of segments that are read for it, for a progress bar. */
export function bytesOfTask(task: IndexTask): number {
  return task.kind === 'index' ? (task.plan.entry.bytes ?? 0) : 0
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

/** Where the totals of a run are. */
export function runPath(logFolder: string, plans: readonly SegmentPlan[]): string {
  return join(logFolder, runFileOf(plans[0]?.entry.file ?? ''))
}

function buildRun(logFolder: string, plans: readonly SegmentPlan[]): void {
  const path = runPath(logFolder, plans)
  try {
    const segments = plans.map(({ segment }) => segment)
    writeRun(logFolder, runFileOf(plans[0]?.entry.file ?? ''), segments, openOneByOne(plans))
  } catch (error) {
    throw toStorageError(error, `writing ${path}`)
  }
}

function* openOneByOne(plans: readonly SegmentPlan[]): Generator<RunPart> {
  for (const plan of plans) {
    const index = openWritten(plan)
    try {
      yield index
    } finally {
      index.close()
    }
  }
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
