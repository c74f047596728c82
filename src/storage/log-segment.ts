import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from './connection.ts'
import { fileBytes, removeDatabase, syncDirectory } from './directory.ts'
import { NEXT_SEGMENT_FILE, segmentFile, walOf } from './file-names.ts'
import type { SyncMode } from './sqlite-connection.ts'
import { checkpoint, leaveWalMode, openExclusive } from './sqlite-connection.ts'
import { StorageError, toStorageError } from './storage-error.ts'

/** Of a segment; what its columns are, `txn-row.ts` and `row-coding.ts` say. */
export const SEGMENT_SCHEMA = `
CREATE TABLE batch(first_zxid INTEGER PRIMARY KEY, last_zxid INTEGER NOT NULL, prev_zxid INTEGER NOT NULL,
                   txn_count INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);
`

/** Where the chain of a segment's rows has come to. */
export interface RowTip {
  readonly lastZxid: bigint
  readonly crc: number
}

/**
 * A segment of the log that is open in this thread's one connection to it: the active one, or an older one on its way to
 * being closed.
 */
export class LogSegment {
  readonly path: string
  readonly file: string
  readonly connection: Connection
  readonly pageBytes: number
  #walBytes: number
  readonly #begin
  readonly #commit
  readonly #rollback
  readonly #insert

  private constructor(folder: string, file: string, connection: Connection) {
    this.file = file
    this.path = join(folder, file)
    this.connection = connection
    this.pageBytes = Number(connection.pragma('page_size', { simple: true }))
    this.#walBytes = fileBytes(walOf(this.path))
    this.#begin = connection.prepare('BEGIN IMMEDIATE')
    this.#commit = connection.prepare('COMMIT')
    this.#rollback = connection.prepare('ROLLBACK')
    this.#insert = connection.prepare<[bigint, bigint, bigint, number, number, Uint8Array]>(
      'INSERT INTO batch(first_zxid, last_zxid, prev_zxid, txn_count, crc, body) VALUES (?, ?, ?, ?, ?, ?)'
    )
  }

  /** Opens a segment. Its -wal must have been scanned, if it has one. */
  static open(folder: string, file: string, sync: SyncMode): LogSegment {
    const connection = openExclusive(join(folder, file), sync, null)
    try {
      return new LogSegment(folder, file, connection)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  /**
   * Makes the next segment under a temporary name, whole and synced, or not at all; `adopt` gives it its name.
   *
   * @throws SqliteError, or StorageError DISK_FULL when there is no room for it
   */
  static prepare(folder: string, pageBytes: number): void {
    removeDatabase(folder, NEXT_SEGMENT_FILE)
    try {
      LogSegment.#make(join(folder, NEXT_SEGMENT_FILE), pageBytes)
    } catch (error) {
      removeDatabase(folder, NEXT_SEGMENT_FILE)
      throw error
    }
  }

  static #make(path: string, pageBytes: number): void {
    const connection = openExclusive(path, 'FULL', pageBytes)
    try {
      connection.exec(SEGMENT_SCHEMA)
    } finally {
      connection.close()
    }
    // Closing says nothing of a checkpoint that there was no room for; the -wal stays then, and a renamed file would be without it.
    if (fileBytes(walOf(path)) === 0) return
    throw new StorageError('DISK_FULL', `making ${path}: its pages do not go to the file; make room on the disk`)
  }

  /**
   * Gives the prepared segment (made now, with this size of pages, if there is none) the name of its first zxid, durably. It counts only when it
   * is in the catalogue.
   *
   * @throws StorageError LOCKED or DAMAGED when there is a file of that name with transactions in it: it is none of ours
   */
  static adopt(folder: string, firstZxid: bigint, pageBytes: number): string {
    const file = segmentFile(firstZxid)
    const path = join(folder, file)
    if (existsSync(path)) LogSegment.#assertEmpty(path)
    if (!existsSync(join(folder, NEXT_SEGMENT_FILE))) LogSegment.prepare(folder, pageBytes)
    removeDatabase(folder, file)
    renameSync(join(folder, NEXT_SEGMENT_FILE), path)
    syncDirectory(folder)
    return file
  }

  /** An attempt that a full disk ended leaves an empty file; another server's log must not be taken for one. */
  static #assertEmpty(path: string): void {
    try {
      const connection = openExclusive(path, 'FULL', null)
      try {
        if (connection.prepare('SELECT 1 FROM batch LIMIT 1').get() === undefined) return
      } finally {
        connection.close()
      }
    } catch (error) {
      throw toStorageError(error, `opening ${path}, which this server's log does not know`)
    }
    throw new StorageError(
      'DAMAGED',
      `${path} holds transactions that this server's log does not know; does another server use the same dataLogDir?`
    )
  }

  /** Bytes of pages in the -wal, as far as this connection knows; an estimate between two checkpoints. */
  get walBytes(): number {
    return this.#walBytes
  }

  begin(): void {
    this.#begin.run()
  }

  insert(
    firstZxid: bigint,
    lastZxid: bigint,
    prevZxid: bigint,
    txnCount: number,
    crc: number,
    stored: Uint8Array
  ): void {
    this.#insert.run(firstZxid, lastZxid, prevZxid, txnCount, crc, stored)
    // A leaf, its parent and the first page now and then, and the pages of a long body.
    this.#walBytes += stored.length + 2 * this.pageBytes
  }

  commit(): void {
    this.#commit.run()
  }

  rollback(): void {
    if (this.connection.inTransaction) this.#rollback.run()
  }

  /** Moves the committed pages to the main file; the next commit starts at the beginning of the -wal again. */
  checkpoint(): void {
    const { walPages, movedPages } = checkpoint(this.connection, 'PASSIVE')
    this.#walBytes = (walPages - movedPages) * this.pageBytes
  }

  /** The last row, or null when there is none. */
  tip(): RowTip | null {
    const row = this.connection
      .prepare<[], [bigint, bigint]>('SELECT last_zxid, crc FROM batch ORDER BY first_zxid DESC LIMIT 1')
      .safeIntegers()
      .raw()
      .get()
    return row === undefined ? null : { lastZxid: row[0], crc: Number(row[1]) }
  }

  /**
   * Makes the file one that nobody needs this connection for: no -wal, rollback mode, its name's removal synced. Safe to
   * repeat.
   */
  finish(): void {
    this.#syncFromHere()
    leaveWalMode(this.connection)
    this.connection.close()
    syncDirectory(join(this.path, '..'))
  }

  /** Closes the connection; what is in the -wal goes to the main file first. */
  close(): void {
    this.#syncFromHere()
    this.connection.close()
  }

  /** With forceSync=no commits are not synced, but a file that is put away is: the catalogue will count on it. */
  #syncFromHere(): void {
    this.connection.exec('PRAGMA synchronous = FULL')
  }
}
