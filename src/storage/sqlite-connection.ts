import { Connection } from './connection.ts'
import { OWN_PAGE_SIZES } from './page-sizes.ts'
import { StorageError } from './storage-error.ts'

/** FULL: a commit is on the disk when it returns. OFF: only for forceSync=no. */
export type SyncMode = 'FULL' | 'OFF'

const SYNC_LEVEL = { OFF: 0, FULL: 2 } as const

/**
 * Of pages kept in memory, in KiB. The library's default is 16 MiB for each connection, and all that is written goes
 * through it: of a log that is only added to, and of a snapshot, nearly nothing is looked at again.
 */
const LOG_CACHE_KIB = 1024
const BULK_CACHE_KIB = 512

/**
 * Opens a database for this connection alone, with a write-ahead log; makes it, if `newPageBytes` says with which page size.
 *
 * EXCLUSIVE comes before the first access, so SQLite keeps the index of the -wal in its own memory (no -shm file) and
 * holds the lock on the main file until the connection is closed. `synchronous` is set and read back: builds differ in
 * its default, and in WAL mode NORMAL would lose acknowledged commits at a power cut. Checkpoints are the caller's.
 *
 * @throws an SqliteError with code SQLITE_BUSY while another connection, of any process, has the file
 */
export function openExclusive(path: string, sync: SyncMode, newPageBytes: number | null): Connection {
  const connection = new Connection(path, { timeout: 0, fileMustExist: newPageBytes === null })
  try {
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    if (newPageBytes !== null) connection.exec(`PRAGMA page_size = ${newPageBytes}`)
    connection.exec('PRAGMA journal_mode = WAL')
    connection.exec(`PRAGMA synchronous = ${sync}`)
    connection.exec('PRAGMA wal_autocheckpoint = 0')
    connection.exec(`PRAGMA cache_size = -${LOG_CACHE_KIB}`)
    assertPragma(connection, path, 'locking_mode', 'exclusive')
    assertPragma(connection, path, 'journal_mode', 'wal')
    assertPragma(connection, path, 'synchronous', SYNC_LEVEL[sync])
    assertPragma(connection, path, 'wal_autocheckpoint', 0)
    assertPragma(connection, path, 'page_size', ...(newPageBytes === null ? OWN_PAGE_SIZES : [newPageBytes]))
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Opens a file that nobody changes any more: a closed segment or a snapshot. Any thread or process may. */
export function openImmutable(path: string): Connection {
  return new Connection(path, { timeout: 0, readonly: true, fileMustExist: true })
}

/** Opens a new file for a single pass of writing without journal: a crash leaves litter, not a database. */
export function openForBulkWrite(path: string, pageBytes: number): Connection {
  const connection = new Connection(path, { timeout: 0 })
  try {
    // SQLite's defensive mode, which the library turns on, refuses to go without a journal.
    connection.unsafeMode(true)
    connection.exec('PRAGMA locking_mode = EXCLUSIVE')
    connection.exec(`PRAGMA page_size = ${pageBytes}`)
    connection.exec('PRAGMA journal_mode = OFF')
    connection.exec(`PRAGMA cache_size = -${BULK_CACHE_KIB}`)
    connection.exec('PRAGMA synchronous = FULL')
    assertPragma(connection, path, 'journal_mode', 'off')
    assertPragma(connection, path, 'synchronous', SYNC_LEVEL.FULL)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** Result of one checkpoint, in pages of the -wal. */
export interface CheckpointResult {
  readonly walPages: number
  readonly movedPages: number
}

/** Moves committed pages from the -wal to the main file; TRUNCATE also empties the -wal. */
export function checkpoint(connection: Connection, mode: 'PASSIVE' | 'TRUNCATE'): CheckpointResult {
  const [row] = connection.prepare<[], [number, number, number]>(`PRAGMA wal_checkpoint(${mode})`).raw().all()
  return { walPages: row?.[1] ?? 0, movedPages: row?.[2] ?? 0 }
}

/** Ends the -wal for good: all pages to the main file, -wal removed, header back to rollback mode. */
export function leaveWalMode(connection: Connection): void {
  connection.exec('PRAGMA journal_mode = DELETE')
  assertPragma(connection, connection.name, 'journal_mode', 'delete')
}

function assertPragma(connection: Connection, path: string, name: string, ...wanted: (string | number)[]): void {
  const found: unknown = connection.pragma(name, { simple: true })
  if (wanted.some((value) => value === found)) return
  throw new StorageError(
    'DAMAGED',
    `${path}: SQLite keeps ${name} = ${String(found)} where ${wanted.join(' or ')} was asked for: the file is damaged or not of this server; restore it from a backup`
  )
}
