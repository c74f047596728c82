import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CatalogueContents } from './catalogue-contents.ts'
import { EMPTY_CATALOGUE } from './catalogue-contents.ts'
import { createTables, hasTables, isOfEarlierFormat, readTables, writeTables } from './catalogue-tables.ts'
import type { Connection } from './connection.ts'
import { syncDirectory } from './directory.ts'
import { STATE_FILE, walOf } from './file-names.ts'
import { STATE_PAGE_BYTES } from './page-sizes.ts'
import { checkpoint, openExclusive, openImmutable } from './sqlite-connection.ts'
import { StorageError, systemCode, toStorageError } from './storage-error.ts'
import { scanWal } from './wal-scan.ts'

/** So many changes are moved to the main file even when there is never time for it. */
const CHANGES_BEFORE_CHECKPOINT_MAX = 50

/**
 * state.db while it is open: the switch that decides which files count, and the lock of the data directory. Every change
 * is one synced transaction. It is closed last, since closing it lets another server in.
 */
export class Catalogue {
  readonly path: string
  readonly #connection: Connection
  #contents: CatalogueContents
  #changesSinceCheckpoint = 0

  private constructor(path: string, connection: Connection, contents: CatalogueContents) {
    this.path = path
    this.#connection = connection
    this.#contents = contents
  }

  /**
   * Locks and reads state.db in `folder`. One that is missing, or was not finished, is made if `mayCreate` does not throw.
   *
   * @throws StorageError LOCKED, DAMAGED or CANNOT_OPEN; what `mayCreate` throws
   */
  static open(folder: string, mayCreate: () => void): Catalogue {
    const path = join(folder, STATE_FILE)
    const isNew = !existsSync(path)
    if (isNew) mayCreate()
    const wal = scanWal(walOf(path))
    if (wal.verdict === 'damaged') throw damagedWal(path, folder, wal.badFrame, wal.badOffset)
    const connection = lock(path, folder, isNew)
    try {
      // The remains of a torn tail must not be taken for commits later; SQLite has the file open now, so it cuts.
      if (wal.verdict === 'torn') checkpoint(connection, 'TRUNCATE')
      if (hasTables(connection)) {
        const catalogue = new Catalogue(path, connection, readTables(connection, path))
        // From here on there may be rows that a version of the earlier format would misread.
        if (isOfEarlierFormat(connection)) catalogue.change(catalogue.contents)
        return catalogue
      }
      mayCreate()
      connection.exec('BEGIN IMMEDIATE')
      createTables(connection)
      writeTables(connection, null, EMPTY_CATALOGUE)
      connection.exec('COMMIT')
      syncDirectory(folder)
      checkpoint(connection, 'PASSIVE')
      return new Catalogue(path, connection, EMPTY_CATALOGUE)
    } catch (error) {
      connection.close()
      throw toStorageError(error, `opening ${path}`)
    }
  }

  get contents(): CatalogueContents {
    return this.#contents
  }

  /**
   * Makes `next` the contents, durably.
   *
   * @throws SQLite's error; nothing has changed then if it is one of a full disk
   */
  change(next: CatalogueContents): void {
    const connection = this.#connection
    try {
      connection.exec('BEGIN IMMEDIATE')
      writeTables(connection, this.#contents, next)
      connection.exec('COMMIT')
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK')
      throw error
    }
    this.#contents = next
    this.#changesSinceCheckpoint++
    if (this.#changesSinceCheckpoint >= CHANGES_BEFORE_CHECKPOINT_MAX) this.tidy()
  }

  /** Tells whether `tidy` has something to do. */
  isTidyDue(): boolean {
    return this.#changesSinceCheckpoint > 0
  }

  /**
   * Moves the -wal to the main file, so that the next change starts at its beginning and needs no more room: a purge must
   * be possible on a full disk.
   */
  tidy(): void {
    checkpoint(this.#connection, 'PASSIVE')
    this.#changesSinceCheckpoint = 0
  }

  /** Gives up the lock. */
  close(): void {
    this.#connection.close()
  }
}

function lock(path: string, folder: string, isNew: boolean): Connection {
  try {
    return openExclusive(path, 'FULL', isNew ? STATE_PAGE_BYTES : null)
  } catch (error) {
    if (systemCode(error).startsWith('SQLITE_BUSY')) throw locked(folder, error)
    throw toStorageError(error, `opening ${path}`)
  }
}

function locked(folder: string, cause: unknown): StorageError {
  return new StorageError(
    'LOCKED',
    `the data directory ${folder} is in use by another server; stop that one first, or set another dataDir`,
    { cause }
  )
}

/**
 * The scan ran without the lock: if another server holds it, what looked like damage was that server writing. A reader
 * finds that out and, unlike a writer, leaves the -wal as it is when it closes.
 */
function damagedWal(path: string, folder: string, frame: number, offset: number): StorageError {
  try {
    const reader = openImmutable(path)
    try {
      reader.exec('PRAGMA locking_mode = EXCLUSIVE')
      reader.prepare('SELECT count(*) FROM sqlite_schema').get()
    } finally {
      reader.close()
    }
  } catch (error) {
    if (systemCode(error).startsWith('SQLITE_BUSY')) return locked(folder, error)
  }
  return new StorageError(
    'DAMAGED',
    `${walOf(path)} is damaged: frame ${frame} at offset ${offset} is wrong but later commits are whole; ` +
      'restore the data directory from a backup'
  )
}
