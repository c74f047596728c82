import { closeSync, copyFileSync, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { Statement } from 'better-sqlite3'
import type { Connection } from './connection.ts'
import { walOf } from './file-names.ts'
import { SEGMENT_SCHEMA } from './log-segment.ts'
import type { Say } from './open-log-store.ts'
import { LARGE_PAGE_BYTES } from './page-sizes.ts'
import { decodeRow } from './row-coding.ts'
import { openExclusive, openForBulkWrite, openImmutable } from './sqlite-connection.ts'
import { StorageError, systemCode, toStorageError } from './storage-error.ts'
import { rowCrc } from './txn-row.ts'
import { cutTornTail, scanWal } from './wal-scan.ts'

/** One segment of the log by itself, for tools: `log.HEX.db`. The server's own ways to a segment go by its catalogue. */

/** A row as it stands in a segment. */
export interface StoredRow {
  readonly firstZxid: bigint
  readonly lastZxid: bigint
  readonly prevZxid: bigint
  readonly txnCount: number
  readonly crc: number
  /** Transactions, coded or not. */
  readonly stored: Buffer
}

export interface SegmentRow extends StoredRow {
  /** Whether `crc` is the right one, given the one stored in the row before. */
  readonly isChecksumRight: boolean
  /** Transactions, each behind its length. */
  readonly body: Buffer
}

type Row = [firstZxid: bigint, lastZxid: bigint, prevZxid: bigint, txnCount: bigint, crc: bigint, stored: Buffer]

const BEFORE_ALL = -(2n ** 63n)
const SQLITE_MAGIC = 'SQLite format 3\0'
/** Where the header says which journal the file is for: 1 rollback, 2 a write-ahead log. */
const READ_VERSION_OFFSET = 19
const READ_VERSION_WAL = 2

/** Tells whether a file is one of SQLite's. Errors are those of the system. */
export function isSqliteFile(path: string): boolean {
  return headOf(path).toString('latin1', 0, SQLITE_MAGIC.length) === SQLITE_MAGIC
}

function headOf(path: string): Buffer {
  const head = Buffer.alloc(100)
  const handle = openSync(path, 'r')
  try {
    return head.subarray(0, readSync(handle, head, 0, head.length, 0))
  } finally {
    closeSync(handle)
  }
}

/**
 * Reads a segment, and changes nothing: of one that was still appended to, which has a -wal or is meant for one, a copy
 * is read, since SQLite would put the original in order.
 */
export class SegmentFile {
  readonly #path: string
  readonly #connection: Connection
  readonly #copyFolder: string | null

  private constructor(path: string, connection: Connection, copyFolder: string | null) {
    this.#path = path
    this.#connection = connection
    this.#copyFolder = copyFolder
  }

  /** @throws StorageError LOCKED while a server appends to it; DAMAGED when it is no segment; CANNOT_OPEN, IO_ERROR */
  static open(path: string, say: Say): SegmentFile {
    try {
      const isForWal = headOf(path)[READ_VERSION_OFFSET] === READ_VERSION_WAL
      assertNotInUse(path)
      if (!isForWal) return new SegmentFile(path, openImmutable(path), null)
      return SegmentFile.#openCopy(path, say)
    } catch (error) {
      throw toStorageError(error, `opening ${path}`)
    }
  }

  static #openCopy(path: string, say: Say): SegmentFile {
    const folder = mkdtempSync(join(tmpdir(), 'zoonode-segment-'))
    try {
      const copy = join(folder, basename(path))
      copyFileSync(path, copy)
      if (existsSync(walOf(path))) {
        copyFileSync(walOf(path), walOf(copy))
        checkWal(path, walOf(copy), say)
      }
      return new SegmentFile(path, openExclusive(copy, 'OFF', null), folder)
    } catch (error) {
      rmSync(folder, { recursive: true, force: true })
      throw error
    }
  }

  /** All rows in their order. @throws StorageError DAMAGED where SQLite cannot read on, or a row not be decoded; IO_ERROR */
  *rows(): Generator<SegmentRow> {
    const nextRow = this.#prepare()
    let position = BEFORE_ALL
    let seed = 0
    for (;;) {
      const row = this.#nextOf(nextRow, position)
      if (row === undefined) return
      const [firstZxid, lastZxid, prevZxid, count, storedCrc, stored] = row
      const txnCount = Number(count)
      const crc = Number(storedCrc)
      const isChecksumRight = rowCrc(seed, firstZxid, lastZxid, prevZxid, txnCount, stored) === crc
      seed = crc
      position = firstZxid
      const body = decodeRow(stored, this.#path, firstZxid)
      yield { firstZxid, lastZxid, prevZxid, txnCount, crc, stored, isChecksumRight, body }
    }
  }

  close(): void {
    this.#connection.close()
    if (this.#copyFolder !== null) rmSync(this.#copyFolder, { recursive: true, force: true })
  }

  #prepare(): Statement<[bigint], Row> {
    try {
      return this.#connection
        .prepare<[bigint], Row>(
          'SELECT first_zxid, last_zxid, prev_zxid, txn_count, crc, body FROM batch WHERE first_zxid > ? ORDER BY first_zxid LIMIT 1'
        )
        .safeIntegers()
        .raw()
    } catch (error) {
      throw new StorageError('DAMAGED', `${this.#path} is no segment of a log: ${String(error)}`, { cause: error })
    }
  }

  /** One at a time, so that a reader may stop anywhere. */
  #nextOf(nextRow: Statement<[bigint], Row>, position: bigint): Row | undefined {
    try {
      return nextRow.get(position)
    } catch (error) {
      throw toStorageError(error, `reading ${this.#path}`)
    }
  }
}

/** A reader that asks for the whole file finds out, and leaves no trace. Other errors of it mean nothing here. */
function assertNotInUse(path: string): void {
  const reader = openImmutable(path)
  try {
    reader.pragma('locking_mode = EXCLUSIVE')
    reader.prepare('SELECT count(*) FROM sqlite_schema').get()
  } catch (error) {
    if (!systemCode(error).startsWith('SQLITE_BUSY')) return
    throw new StorageError('LOCKED', `${path} is in use by a server; segments that it has closed can be read`, {
      cause: error
    })
  } finally {
    reader.close()
  }
}

function checkWal(path: string, wal: string, say: Say): void {
  const { verdict, badOffset, validBytes, fileBytes } = scanWal(wal)
  if (verdict === 'clean') return
  if (verdict === 'damaged') {
    throw new StorageError(
      'DAMAGED',
      `${walOf(path)} is damaged at offset ${badOffset}, but what follows is whole: not read, since SQLite would end there`
    )
  }
  say('warn', `${walOf(path)}: left out a torn tail of ${fileBytes - validBytes} bytes, never acknowledged`)
  cutTornTail(wal, validBytes)
}

/** Writes a segment file, as a closed one is. Errors are SQLite's. */
export class SegmentFileWriter {
  readonly #connection: Connection
  readonly #insert: Statement<[bigint, bigint, bigint, number, number, Uint8Array]>

  /** @throws StorageError CANNOT_OPEN when the file is there already */
  constructor(path: string) {
    if (existsSync(path)) throw new StorageError('CANNOT_OPEN', `${path} is there already`)
    this.#connection = openForBulkWrite(path, LARGE_PAGE_BYTES)
    this.#connection.exec(SEGMENT_SCHEMA)
    this.#connection.exec('BEGIN')
    this.#insert = this.#connection.prepare(
      'INSERT INTO batch(first_zxid, last_zxid, prev_zxid, txn_count, crc, body) VALUES (?, ?, ?, ?, ?, ?)'
    )
  }

  /** Adds a row with the checksum that it says. */
  add({ firstZxid, lastZxid, prevZxid, txnCount, crc, stored }: StoredRow): void {
    this.#insert.run(firstZxid, lastZxid, prevZxid, txnCount, crc, stored)
  }

  /** The file is on the disk when this returns. */
  finish(): void {
    this.#connection.exec('COMMIT')
    this.#connection.close()
  }

  /** Closes; what there is of the file is worth nothing. */
  abandon(): void {
    this.#connection.close()
  }
}
