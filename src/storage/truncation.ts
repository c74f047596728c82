import type { CatalogueContents } from './catalogue-contents.ts'
import { lastKnownZxid, withSegment } from './catalogue-contents.ts'
import { removeIndexes } from './directory.ts'
import { showZxid } from './file-names.ts'
import { LogSegment } from './log-segment.ts'
import type { LogStore } from './log-store.ts'
import { decodeRow } from './row-coding.ts'
import { StorageError } from './storage-error.ts'
import { rowCrc, splitBody } from './txn-row.ts'

type Row = [firstZxid: bigint, lastZxid: bigint, prevZxid: bigint, crc: bigint, stored: Buffer]

/**
 * Makes `zxid` the last transaction of the log (a leader's TRUNC): what comes after it goes, with the snapshots that
 * contain any of it. The intent is written first; a crash anywhere leaves it to the next start, which does it again.
 *
 * @throws StorageError INCOMPLETE when there is no snapshot at or before `zxid` to start from
 */
export function truncateLog(store: LogStore, zxid: bigint): void {
  const { contents } = store.catalogue
  const isBegun = contents.pendingTruncate !== null
  if (!isBegun && zxid >= store.lastZxid && contents.snapshots.every((entry) => entry.endZxid <= zxid)) return
  const laterSnapshots = contents.snapshots.filter((entry) => entry.endZxid > zxid)
  if (laterSnapshots.length === contents.snapshots.length && !reachesBackToZero(store)) {
    throw new StorageError(
      'INCOMPLETE',
      `the log cannot be cut back to ${showZxid(zxid)}: no snapshot is that old; this server must be brought up anew`
    )
  }
  store.drop([], laterSnapshots, (before) => ({
    ...before,
    pendingTruncate: zxid,
    logFloor: before.logFloor < zxid ? before.logFloor : zxid
  }))
  finishTruncation(store, zxid)
}

/** Tells whether the log alone is the whole history. */
function reachesBackToZero(store: LogStore): boolean {
  const reader = store.reader(0n)
  try {
    return reader.next() !== null || store.lastZxid === 0n
  } catch (error) {
    if (error instanceof StorageError && error.code === 'INCOMPLETE') return false
    throw error
  } finally {
    reader.close()
  }
}

/** The second half, from the mark on. Safe to repeat. Leaves the store with the log that remains. */
export function finishTruncation(store: LogStore, zxid: bigint): void {
  const { segments } = store.catalogue.contents
  const later = segments.filter(({ firstZxid }) => firstZxid > zxid)
  const last = segments.filter(({ firstZxid }) => firstZxid <= zxid).at(-1)
  // From here on the last segment may have a -wal again.
  const reopen = (contents: CatalogueContents): CatalogueContents =>
    last === undefined ? contents : withSegment(contents, { ...last, lastZxid: null, bytes: null, isClosed: false })
  store.drop(later, [], reopen)
  let segment: LogSegment | null = null
  if (last !== undefined) {
    store.release([last.file])
    segment = openCut(store, last.file, zxid)
  }
  store.resume(segment, segment?.tip()?.lastZxid ?? lastKnownZxid(store.catalogue.contents))
  store.catalogue.change({ ...store.catalogue.contents, pendingTruncate: null })
}

function openCut(store: LogStore, file: string, zxid: bigint): LogSegment {
  removeIndexes(store.settings.logFolder, file)
  const segment = LogSegment.open(store.settings.logFolder, file, store.settings.sync)
  try {
    cutRows(segment, zxid)
  } catch (error) {
    segment.rollback()
    segment.close()
    throw error
  }
  return segment
}

/** Removes the rows after `zxid`, and rewrites the one that contains it, in one transaction. What is left of that is not coded. */
function cutRows(segment: LogSegment, zxid: bigint): void {
  const { connection } = segment
  segment.begin()
  connection.prepare('DELETE FROM batch WHERE first_zxid > ?').run(zxid)
  const row = connection
    .prepare<[], Row>('SELECT first_zxid, last_zxid, prev_zxid, crc, body FROM batch ORDER BY first_zxid DESC LIMIT 1')
    .safeIntegers()
    .raw()
    .get()
  if (row !== undefined && row[1] > zxid) rewriteRow(segment, row, zxid)
  segment.commit()
}

function rewriteRow(segment: LogSegment, [firstZxid, , prevZxid, , stored]: Row, zxid: bigint): void {
  const { upTo } = splitBody(decodeRow(stored, segment.path, firstZxid), zxid)
  if (upTo === null) throw new StorageError('DAMAGED', `${segment.path}: no transaction ${showZxid(firstZxid)}`)
  const before = segment.connection
    .prepare<[bigint], { crc: number }>('SELECT crc FROM batch WHERE first_zxid < ? ORDER BY first_zxid DESC LIMIT 1')
    .get(firstZxid)
  const crc = rowCrc(before?.crc ?? 0, firstZxid, upTo.lastZxid, prevZxid, upTo.txnCount, upTo.body)
  segment.connection
    .prepare('UPDATE batch SET last_zxid = ?, txn_count = ?, crc = ?, body = ? WHERE first_zxid = ?')
    .run(upTo.lastZxid, upTo.txnCount, crc, upTo.body, firstZxid)
}
