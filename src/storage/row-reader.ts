import { join } from 'node:path'
import type { Statement } from 'better-sqlite3'
import type { SegmentEntry } from './catalogue-contents.ts'
import type { Connection } from './connection.ts'
import { showZxid } from './file-names.ts'
import { decodeRow } from './row-coding.ts'
import { openImmutable } from './sqlite-connection.ts'
import { StorageError, toStorageError } from './storage-error.ts'
import type { RowPart } from './txn-row.ts'
import { rowCrc, splitBody } from './txn-row.ts'

type Row = [firstZxid: bigint, lastZxid: bigint, prevZxid: bigint, txnCount: bigint, crc: bigint, stored: Buffer]

const COLUMNS = 'first_zxid, last_zxid, prev_zxid, txn_count, crc, body'
const BEFORE_ALL = -(2n ** 63n)

/**
 * Reads the log after a zxid, in order, and believes nothing: every row must continue the checksum and name the last
 * zxid of the row before it, and a closed segment must end where the catalogue says. So a hole or a change anywhere is
 * found, whatever SQLite makes of the file.
 */
export class RowReader {
  readonly #folder: string
  readonly #segments: readonly SegmentEntry[]
  readonly #openConnection: (file: string) => Connection | null
  readonly #after: bigint
  #segmentIndex = 0
  #connection: Connection | null = null
  #nextRow: Statement<[bigint], Row> | null = null
  #isOwnConnection = false
  /** Rows up to this first_zxid have been read; null at the beginning of a segment. */
  #position: bigint | null = null
  #crc = 0
  /** Null while nothing before the next row is known. */
  #lastZxid: bigint | null

  /**
   * @param segments        all segments in zxid order
   * @param openConnection  the connection that this thread has to a file, if it has one: a file that is open here must
   *                        be read through it
   * @param after           transactions with a zxid up to this one are left out
   */
  constructor(
    folder: string,
    segments: readonly SegmentEntry[],
    openConnection: (file: string) => Connection | null,
    after: bigint
  ) {
    const firstIndex = segments.findIndex(({ lastZxid }) => lastZxid === null || lastZxid > after)
    this.#folder = folder
    this.#segments = firstIndex === -1 ? [] : segments.slice(firstIndex)
    this.#openConnection = openConnection
    this.#after = after
    this.#lastZxid = segments[firstIndex - 1]?.lastZxid ?? null
  }

  /**
   * The next transactions (at most one row), or null at the end of the log.
   *
   * @throws StorageError INCOMPLETE when the log begins after the zxid that reading was to start from; DAMAGED
   */
  next(): RowPart | null {
    for (let entry = this.#entry(); entry !== undefined; entry = this.#entry()) {
      const path = join(this.#folder, entry.file)
      try {
        const part = this.#nextOf(entry, path)
        if (part !== null) return part
      } catch (error) {
        throw toStorageError(error, `reading ${path}`)
      }
      this.close()
      this.#segmentIndex++
    }
    return null
  }

  /** Zxid of the last transaction read; null when nothing was, and nothing is known of what comes before. */
  get lastZxid(): bigint | null {
    return this.#lastZxid
  }

  close(): void {
    if (this.#isOwnConnection) this.#connection?.close()
    this.#connection = null
    this.#nextRow = null
    this.#isOwnConnection = false
    this.#position = null
    this.#crc = 0
  }

  #entry(): SegmentEntry | undefined {
    return this.#segments[this.#segmentIndex]
  }

  #nextOf(entry: SegmentEntry, path: string): RowPart | null {
    const nextRow = this.#nextRow ?? this.#open(entry, path)
    const row = nextRow.get(this.#position ?? BEFORE_ALL)
    if (row === undefined) {
      this.#checkEnd(entry, path)
      return null
    }
    this.#check(row, entry, path)
    const [firstZxid, lastZxid, , txnCount, crc, stored] = row
    const body = decodeRow(stored, path, firstZxid)
    this.#position = firstZxid
    this.#crc = Number(crc)
    this.#lastZxid = lastZxid
    if (firstZxid > this.#after) return { body, txnCount: Number(txnCount), firstZxid, lastZxid }
    return splitBody(body, this.#after).after
  }

  /** Opens a segment and goes to the last row of which nothing is wanted. */
  #open(entry: SegmentEntry, path: string): Statement<[bigint], Row> {
    const known = this.#openConnection(entry.file)
    const connection = known ?? openImmutable(path)
    this.#connection = connection
    this.#isOwnConnection = known === null
    let before = this.#rowUpTo(connection, this.#after)
    if (before !== null && before[1] > this.#after) before = this.#rowUpTo(connection, before[0] - 1n)
    if (before !== null) {
      this.#position = before[0]
      this.#crc = Number(before[4])
      this.#lastZxid = before[1]
    }
    this.#nextRow = connection
      .prepare<[bigint], Row>(`SELECT ${COLUMNS} FROM batch WHERE first_zxid > ? ORDER BY first_zxid LIMIT 1`)
      .safeIntegers()
      .raw()
    return this.#nextRow
  }

  #rowUpTo(connection: Connection, zxid: bigint): Row | null {
    const row = connection
      .prepare<[bigint], Row>(`SELECT ${COLUMNS} FROM batch WHERE first_zxid <= ? ORDER BY first_zxid DESC LIMIT 1`)
      .safeIntegers()
      .raw()
      .get(zxid)
    return row ?? null
  }

  #check(row: Row, entry: SegmentEntry, path: string): void {
    const [firstZxid, lastZxid, prevZxid, txnCount, crc, stored] = row
    const at = `the transactions from ${showZxid(firstZxid)} on`
    if (this.#position === null && firstZxid !== entry.firstZxid) {
      throw damaged(path, `it begins at ${showZxid(firstZxid)} instead of ${showZxid(entry.firstZxid)}`)
    }
    if (this.#lastZxid === null) {
      if (prevZxid > this.#after) throw this.#incomplete(path, firstZxid, prevZxid)
    } else if (prevZxid !== this.#lastZxid) {
      throw damaged(path, `${at} follow ${showZxid(prevZxid)}, but the log before ends at ${showZxid(this.#lastZxid)}`)
    }
    if (rowCrc(this.#crc, firstZxid, lastZxid, prevZxid, Number(txnCount), stored) !== Number(crc)) {
      throw damaged(path, `the checksum of ${at} is wrong`)
    }
  }

  #checkEnd(entry: SegmentEntry, path: string): void {
    if (entry.lastZxid === null || entry.lastZxid === this.#lastZxid) return
    const found = this.#lastZxid === null ? 'nowhere' : showZxid(this.#lastZxid)
    throw damaged(path, `it ends at ${found} instead of ${showZxid(entry.lastZxid)}`)
  }

  #incomplete(path: string, firstZxid: bigint, prevZxid: bigint): StorageError {
    return new StorageError(
      'INCOMPLETE',
      `the log begins with ${path} at ${showZxid(firstZxid)}, after ${showZxid(prevZxid)}; the transactions after ` +
        `${showZxid(this.#after)} are not there; restore the data directory from a backup`
    )
  }
}

function damaged(path: string, what: string): StorageError {
  return new StorageError('DAMAGED', `${path} is damaged: ${what}; restore the data directory from a backup`)
}
