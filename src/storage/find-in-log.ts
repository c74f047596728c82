import { join } from 'node:path'
import type { SegmentEntry } from './catalogue-contents.ts'
import type { LogStore } from './log-store.ts'
import { openImmutable } from './sqlite-connection.ts'
import { toStorageError } from './storage-error.ts'
import { splitBody } from './txn-row.ts'

/**
 * The greatest zxid that is not greater than the given one and is known to the log: that of a transaction in it, or the
 * one after which it begins. From what this gives, reading the log is possible.
 *
 * @returns null when the log does not go back so far
 * @throws StorageError DAMAGED when the transaction's row is not what was written
 */
export function findInLog(store: LogStore, zxid: bigint): bigint | null {
  if (zxid >= store.lastZxid) return store.lastZxid
  const { segments } = store.catalogue.contents
  for (const entry of segments.toReversed()) {
    if (entry.firstZxid > zxid) continue
    const found = findInSegment(store, entry, zxid)
    if (found !== null) return found
  }
  const [first] = segments
  const before = first === undefined ? null : predecessorOf(store, first)
  return before !== null && before <= zxid ? before : null
}

/** Bytes of the files that reading the log from this zxid on goes through, whole files as upstream counts them. */
export function logBytesFrom(store: LogStore, zxid: bigint): number {
  const { segments } = store.catalogue.contents
  let bytes = 0
  for (const [index, entry] of segments.entries()) {
    const next = segments[index + 1]
    if (next !== undefined && next.firstZxid <= zxid) continue
    bytes += entry.bytes ?? openBytes(store, entry)
  }
  return bytes
}

function openBytes(store: LogStore, { file }: SegmentEntry): number {
  const connection = store.connectionOf(file)
  const row = connection
    ?.prepare<[], [number]>('SELECT page_count * page_size FROM pragma_page_count, pragma_page_size')
    .raw()
    .get()
  return row?.[0] ?? 0
}

/** Looks for the row with the zxid, then reads it as every reader does: with its checksum and its place in the chain. */
function findInSegment(store: LogStore, entry: SegmentEntry, zxid: bigint): bigint | null {
  const firstOfRow = select(
    store,
    entry,
    'SELECT first_zxid FROM batch WHERE first_zxid <= ? ORDER BY first_zxid DESC LIMIT 1',
    zxid
  )
  if (firstOfRow === null) return null
  const reader = store.reader(firstOfRow - 1n)
  try {
    const row = reader.next()
    if (row === null || row.firstZxid > zxid) return null
    return row.lastZxid <= zxid ? row.lastZxid : (splitBody(row.body, zxid).upTo?.lastZxid ?? null)
  } finally {
    reader.close()
  }
}

/** Zxid of the transaction before the first one of a segment. */
function predecessorOf(store: LogStore, entry: SegmentEntry): bigint | null {
  return select(store, entry, 'SELECT prev_zxid FROM batch WHERE first_zxid = ?', entry.firstZxid)
}

/** The one number that a statement gives, from a segment that may be open here, or closed. */
function select(store: LogStore, entry: SegmentEntry, sql: string, zxid: bigint): bigint | null {
  const path = join(store.settings.logFolder, entry.file)
  try {
    const known = store.connectionOf(entry.file)
    const connection = known ?? openImmutable(path)
    try {
      const row = connection.prepare<[bigint], [bigint]>(sql).safeIntegers().raw().get(zxid)
      return row?.[0] ?? null
    } finally {
      if (known === null) connection.close()
    }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}
