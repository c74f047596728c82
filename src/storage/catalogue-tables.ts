import type { CatalogueContents, DoomedFile, SegmentEntry, SnapshotEntry } from './catalogue-contents.ts'
import { catalogueCheck } from './catalogue-contents.ts'
import type { Connection } from './connection.ts'
import { StorageError } from './storage-error.ts'

/** The tables of state.db and their rows. */

/**
 * 1: rows of the log are transactions as they are; 2: there may be coded ones as well (`row-coding.ts`). Written is the last;
 * a version that knows only earlier ones refuses it.
 */
const FORMAT = 2n
const KNOWN_FORMATS: readonly unknown[] = [1n, FORMAT]

const SCHEMA = `
CREATE TABLE state(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE segment(first_zxid INTEGER PRIMARY KEY, last_zxid INTEGER, file TEXT NOT NULL, bytes INTEGER,
                     closed INTEGER NOT NULL);
CREATE TABLE snapshot(zxid INTEGER PRIMARY KEY, end_zxid INTEGER NOT NULL, digest BLOB, bytes INTEGER,
                      file TEXT NOT NULL, is_base INTEGER NOT NULL);
`

type StateRow = [key: string, value: unknown]
type SegmentRow = [bigint, bigint | null, string, bigint | null, bigint]
type SnapshotRow = [bigint, bigint, Buffer | null, bigint, string, bigint]

export function createTables(connection: Connection): void {
  connection.exec(SCHEMA)
}

/** Tells whether the tables were ever made; a crash during the very first start can leave none. */
export function hasTables(connection: Connection): boolean {
  const row = connection.prepare<[], { n: number }>("SELECT count(*) AS n FROM sqlite_schema WHERE name='state'").get()
  return row?.n === 1
}

/** @throws StorageError DAMAGED when the checksum over all rows, or a row, is not right; CANNOT_OPEN when a later version wrote it */
export function readTables(connection: Connection, path: string): CatalogueContents {
  const state = new Map(connection.prepare<[], StateRow>('SELECT key, value FROM state').safeIntegers().raw().all())
  const format = state.get('format')
  if (typeof format === 'bigint' && format > FORMAT) throw tooNew(path, format)
  if (!KNOWN_FORMATS.includes(format)) throw damaged(path, `it has format ${String(format)}`)
  const contents: CatalogueContents = {
    acceptedEpoch: epochOf(state.get('accepted_epoch')),
    currentEpoch: epochOf(state.get('current_epoch')),
    cleanShutdown: state.get('clean_shutdown') === 1n,
    pendingTruncate: bigintOrNull(state.get('pending_truncate')),
    logFloor: bigintOrNull(state.get('log_floor')) ?? 0n,
    doomed: parseDoomed(state.get('doomed'), path),
    segments: connection
      .prepare<[], SegmentRow>('SELECT first_zxid, last_zxid, file, bytes, closed FROM segment ORDER BY first_zxid')
      .safeIntegers()
      .raw()
      .all()
      .map(segmentOf),
    snapshots: connection
      .prepare<[], SnapshotRow>('SELECT zxid, end_zxid, digest, bytes, file, is_base FROM snapshot ORDER BY zxid')
      .safeIntegers()
      .raw()
      .all()
      .map(snapshotOf)
  }
  if (state.get('check') !== BigInt(catalogueCheck(contents)))
    throw damaged(path, 'the checksum over its rows is wrong')
  return contents
}

/** Tells whether `writeTables` would make a later format of what there is. */
export function isOfEarlierFormat(connection: Connection): boolean {
  const row = connection
    .prepare<[], { value: unknown }>("SELECT value FROM state WHERE key = 'format'")
    .safeIntegers()
    .get()
  return row?.value !== FORMAT
}

/** Writes what differs between `before` (null: everything) and `after`; inside the caller's transaction. */
export function writeTables(connection: Connection, before: CatalogueContents | null, after: CatalogueContents): void {
  const set = connection.prepare('INSERT OR REPLACE INTO state(key, value) VALUES (?, ?)')
  set.run('format', FORMAT)
  set.run('accepted_epoch', after.acceptedEpoch === null ? null : BigInt(after.acceptedEpoch))
  set.run('current_epoch', after.currentEpoch === null ? null : BigInt(after.currentEpoch))
  set.run('clean_shutdown', after.cleanShutdown ? 1n : 0n)
  set.run('pending_truncate', after.pendingTruncate)
  set.run('log_floor', after.logFloor)
  set.run('doomed', JSON.stringify(after.doomed.map(({ folder, file }) => [folder, file])))
  set.run('check', BigInt(catalogueCheck(after)))
  const dropSegment = connection.prepare('DELETE FROM segment WHERE first_zxid = ?')
  for (const entry of missingFrom(before?.segments ?? [], after.segments)) dropSegment.run(entry.firstZxid)
  const putSegment = connection.prepare('INSERT INTO segment VALUES (?, ?, ?, ?, ?)')
  for (const entry of missingFrom(after.segments, before?.segments ?? [])) {
    putSegment.run(entry.firstZxid, entry.lastZxid, entry.file, entry.bytes, entry.isClosed ? 1 : 0)
  }
  const dropSnapshot = connection.prepare('DELETE FROM snapshot WHERE zxid = ?')
  for (const entry of missingFrom(before?.snapshots ?? [], after.snapshots)) dropSnapshot.run(entry.zxid)
  const putSnapshot = connection.prepare('INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?)')
  for (const entry of missingFrom(after.snapshots, before?.snapshots ?? [])) {
    const digest = entry.digest === null ? null : digestBytes(entry.digest)
    putSnapshot.run(entry.zxid, entry.endZxid, digest, entry.bytes, entry.file, entry.isBase ? 1 : 0)
  }
}

/** Entries of `all` that are not, as the same object, in `others`; a changed entry is a new object. */
function missingFrom<T>(all: readonly T[], others: readonly T[]): T[] {
  const known = new Set(others)
  return all.filter((entry) => !known.has(entry))
}

function segmentOf([firstZxid, lastZxid, file, bytes, closed]: SegmentRow): SegmentEntry {
  return { firstZxid, lastZxid, file, bytes: bytes === null ? null : Number(bytes), isClosed: closed === 1n }
}

function snapshotOf([zxid, endZxid, digest, bytes, file, isBase]: SnapshotRow): SnapshotEntry {
  const digestValue = digest === null || digest.length !== 8 ? null : digest.readBigUInt64BE()
  return { zxid, endZxid, digest: digestValue, bytes: Number(bytes), file, isBase: isBase === 1n }
}

function digestBytes(digest: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, digest))
  return bytes
}

function bigintOrNull(value: unknown): bigint | null {
  return typeof value === 'bigint' ? value : null
}

function epochOf(value: unknown): number | null {
  return typeof value === 'bigint' ? Number(value) : null
}

function parseDoomed(value: unknown, path: string): DoomedFile[] {
  try {
    const rows: unknown = JSON.parse(String(value))
    if (Array.isArray(rows)) return rows.map((row) => doomedOf(row))
  } catch (error) {
    throw damaged(path, 'its list of files to remove cannot be read', error)
  }
  throw damaged(path, 'its list of files to remove is not a list')
}

function doomedOf(row: unknown): DoomedFile {
  const [folder, file]: unknown[] = Array.isArray(row) ? row : []
  if ((folder !== 'log' && folder !== 'data') || typeof file !== 'string') throw new TypeError('not a pair of texts')
  return { folder, file }
}

function tooNew(path: string, format: bigint): StorageError {
  return new StorageError(
    'CANNOT_OPEN',
    `${path} has format ${format}, this version knows formats up to ${FORMAT}: it was written by a later version; start that one`
  )
}

function damaged(path: string, what: string, cause?: unknown): StorageError {
  return new StorageError('DAMAGED', `${path} is damaged: ${what}; restore the data directory from a backup`, { cause })
}
