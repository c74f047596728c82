import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { JuteReader } from 'jute-ts'
import { highWord, lowWord } from '../../protocol/int64.ts'
import { decodeTxn } from '../../protocol/txn.ts'
import type { LiveStore } from '../backup/live-store.ts'
import type { SegmentEntry } from '../catalogue-contents.ts'
import type { Connection } from '../connection.ts'
import { removeDatabase } from '../directory.ts'
import { indexFileOf } from '../file-names.ts'
import { RowReader } from '../row-reader.ts'
import { openImmutable } from '../sqlite-connection.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { EventCollector } from './event-collector.ts'
import { type IndexedSegment, SegmentIndex, writeIndex } from './index-file.ts'

/** Of transactions that were indexed, and of how many bytes of segments. */
export type IndexProgress = (bytes: number, bytesTotal: number) => void

const LENGTH_BYTES = 4

/**
 * The log of a data directory with an index for each of its segments: those of closed segments stay beside them, that of
 * the one in use is made each time, in a scratch folder.
 */
export class IndexedLog {
  readonly indexes: readonly SegmentIndex[]
  readonly #scratchFiles: readonly string[]
  readonly #scratch: string

  private constructor(indexes: readonly SegmentIndex[], scratch: string, scratchFiles: readonly string[]) {
    this.indexes = indexes
    this.#scratch = scratch
    this.#scratchFiles = scratchFiles
  }

  /**
   * Opens all indexes, oldest first, and makes those that are not there.
   *
   * @throws StorageError DAMAGED, CANNOT_OPEN, DISK_FULL, IO_ERROR
   */
  static open(store: LiveStore, scratch: string, progress: IndexProgress): IndexedLog {
    const { segments } = store.contents
    const missing = new Set(segments.filter((entry) => !existsSync(indexPath(store, entry, scratch))))
    const bytesTotal = [...missing].reduce((sum, entry) => sum + (entry.bytes ?? 0), 0)
    const indexes: SegmentIndex[] = []
    const scratchFiles: string[] = []
    let bytes = 0
    try {
      for (const entry of segments) {
        const segment = endOf(store, entry)
        if (segment === null) continue
        if (!entry.isClosed) scratchFiles.push(indexFileOf(entry.file))
        const path = indexPath(store, entry, scratch)
        const known = existsSync(path) ? openIndex(path, segment) : null
        indexes.push(known ?? build(store, entry, segment, path))
        if (missing.has(entry)) bytes += entry.bytes ?? 0
        if (known === null) progress(bytes, bytesTotal)
      }
      return new IndexedLog(indexes, scratch, scratchFiles)
    } catch (error) {
      for (const index of indexes) index.close()
      throw error
    }
  }

  close(): void {
    for (const index of this.indexes) index.close()
    for (const file of this.#scratchFiles) removeDatabase(this.#scratch, file)
  }
}

function indexPath(store: LiveStore, { file, isClosed }: SegmentEntry, scratch: string): string {
  return join(isClosed ? store.logFolder : scratch, indexFileOf(file))
}

function openIndex(path: string, segment: IndexedSegment): SegmentIndex | null {
  try {
    return SegmentIndex.open(path, segment)
  } catch (error) {
    throw toStorageError(error, `opening ${path}`)
  }
}

/** Null of a segment without transactions. */
function endOf(store: LiveStore, { file, firstZxid }: SegmentEntry): IndexedSegment | null {
  const path = join(store.logFolder, file)
  try {
    const known = store.connectionOf(file)
    const connection: Connection = known ?? openImmutable(path)
    try {
      const row = connection
        .prepare<[], [bigint, bigint]>('SELECT last_zxid, crc FROM batch ORDER BY first_zxid DESC LIMIT 1')
        .safeIntegers()
        .raw()
        .get()
      return row === undefined ? null : { firstZxid, lastZxid: row[0], crc: Number(row[1]) }
    } finally {
      if (known === null) connection.close()
    }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}

function build(store: LiveStore, entry: SegmentEntry, segment: IndexedSegment, path: string): SegmentIndex {
  const events = collect(store, entry)
  const folder = join(path, '..')
  try {
    writeIndex(folder, indexFileOf(entry.file), segment, events)
  } catch (error) {
    throw toStorageError(error, `writing ${path}`)
  }
  const index = openIndex(path, segment)
  if (index === null) throw new StorageError('DAMAGED', `${path} was written, but is not what was written`)
  return index
}

function collect(store: LiveStore, entry: SegmentEntry): EventCollector {
  const { firstZxid } = entry
  const events = new EventCollector(highWord(firstZxid), lowWord(firstZxid))
  const reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  const rows = new RowReader(store.logFolder, [entry], (file) => store.connectionOf(file), firstZxid - 1n)
  try {
    for (let row = rows.next(); row !== null; row = rows.next()) {
      const body = Buffer.from(row.body.buffer, row.body.byteOffset, row.body.byteLength)
      for (let at = 0; at < body.length; ) {
        const end = at + LENGTH_BYTES + body.readInt32BE(at)
        events.add(decodeTxn(reader.reset(body, at + LENGTH_BYTES, end)))
        at = end
      }
    }
    return events
  } finally {
    rows.close()
  }
}
