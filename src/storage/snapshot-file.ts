import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Statement } from 'better-sqlite3'
import type { Connection } from './connection.ts'
import { fileBytes, removeDatabase, syncDirectory, syncFile } from './directory.ts'
import { showZxid, temporaryFile } from './file-names.ts'
import { openForBulkWrite, openImmutable } from './sqlite-connection.ts'
import { StorageError } from './storage-error.ts'

/**
 * A snapshot in a file of its own: the bytes of a snapshot stream in chunks, whose checksums continue each other, and a
 * summary that is written last. A summary that is there and right means that the snapshot is complete.
 */

const SCHEMA = `
CREATE TABLE chunk(number INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE summary(key TEXT PRIMARY KEY, value);
`
/** Large pages: a chunk is then a chain of five instead of some 65. */
const SNAPSHOT_PAGE_BYTES = 65_536
/** Bytes between two syncs: one sync of a whole snapshot would hold up the log's commits for its length. */
export const SNAPSHOT_SYNC_BYTES = 8 * 1024 * 1024

/** What a complete snapshot says of itself. */
export interface SnapshotSummaryFields {
  readonly zxid: bigint
  /** Tree digest at `zxid`, unsigned. */
  readonly digest: bigint
  readonly nodeCount: number
  readonly sessionCount: number
}

interface Totals extends SnapshotSummaryFields {
  readonly chunkCount: number
  readonly bodyBytes: number
  /** Of the last chunk, and so of all. */
  readonly crc: number
}

/** Writes one snapshot file. Only `finish` gives it its name; a crash before leaves a temporary file. */
export class SnapshotFileWriter {
  readonly #folder: string
  readonly #file: string
  readonly #temporary: string
  readonly #connection: Connection
  readonly #insert: Statement<[number, number, Uint8Array]>
  #chunkCount = 0
  #bodyBytes = 0
  #unsyncedBytes = 0
  #crc = 0

  constructor(folder: string, file: string, attempt: number) {
    this.#folder = folder
    this.#file = file
    this.#temporary = temporaryFile(file, attempt)
    removeDatabase(folder, this.#temporary)
    this.#connection = openForBulkWrite(join(folder, this.#temporary), SNAPSHOT_PAGE_BYTES)
    try {
      this.#connection.exec(SCHEMA)
      this.#insert = this.#connection.prepare('INSERT INTO chunk(number, crc, body) VALUES (?, ?, ?)')
      this.#connection.exec('BEGIN')
    } catch (error) {
      this.abort()
      throw error
    }
  }

  write(body: Uint8Array): void {
    this.#crc = crc32(body, this.#crc)
    this.#insert.run(this.#chunkCount, this.#crc, body)
    this.#chunkCount++
    this.#bodyBytes += body.length
    this.#unsyncedBytes += body.length
    if (this.#unsyncedBytes < SNAPSHOT_SYNC_BYTES) return
    // Without a journal a commit is but a sync.
    this.#connection.exec('COMMIT')
    this.#connection.exec('BEGIN')
    this.#unsyncedBytes = 0
  }

  /** Writes the summary and gives the file its name, durably. Returns the size of the file in bytes. */
  finish(summary: SnapshotSummaryFields): number {
    const totals = { ...summary, chunkCount: this.#chunkCount, bodyBytes: this.#bodyBytes, crc: this.#crc }
    this.#connection.exec('COMMIT')
    this.#connection.exec('BEGIN')
    const put = this.#connection.prepare('INSERT INTO summary(key, value) VALUES (?, ?)')
    for (const [key, value] of summaryRows(totals)) put.run(key, value)
    this.#connection.exec('COMMIT')
    this.#connection.close()
    const temporary = join(this.#folder, this.#temporary)
    syncFile(temporary)
    renameSync(temporary, join(this.#folder, this.#file))
    syncDirectory(this.#folder)
    return fileBytes(join(this.#folder, this.#file))
  }

  /** Gives up; the file is removed. */
  abort(): void {
    this.#connection.close()
    removeDatabase(this.#folder, this.#temporary)
  }
}

/** Reads a snapshot file; every chunk is checked. */
export class SnapshotFileReader {
  readonly #path: string
  readonly #connection: Connection
  readonly #chunk: Statement<[number], [number, Buffer]>
  readonly #totals: Totals
  #number = 0
  #crc = 0
  #bodyBytes = 0

  private constructor(path: string, connection: Connection, totals: Totals) {
    this.#path = path
    this.#connection = connection
    this.#totals = totals
    this.#chunk = connection.prepare<[number], [number, Buffer]>('SELECT crc, body FROM chunk WHERE number = ?').raw()
  }

  /**
   * @throws StorageError INCOMPLETE when the file has no summary, DAMAGED when the summary is not right or not that of
   *         a snapshot at `zxid`; SQLite's errors
   */
  static open(path: string, zxid: bigint): SnapshotFileReader {
    const connection = openImmutable(path)
    try {
      const totals = readTotals(connection, path)
      if (totals.zxid !== zxid) throw damaged(path, `it is a snapshot at ${showZxid(totals.zxid)}`)
      return new SnapshotFileReader(path, connection, totals)
    } catch (error) {
      connection.close()
      throw error
    }
  }

  get summary(): SnapshotSummaryFields {
    return this.#totals
  }

  /**
   * The next chunk, or null behind the last.
   *
   * @throws StorageError DAMAGED; SQLite's errors
   */
  next(): Buffer | null {
    const { chunkCount, bodyBytes, crc } = this.#totals
    if (this.#number === chunkCount) {
      if (this.#crc !== crc || this.#bodyBytes !== bodyBytes) throw damaged(this.#path, 'its chunks are not all of it')
      return null
    }
    const row = this.#chunk.get(this.#number)
    if (row === undefined) throw damaged(this.#path, `chunk ${this.#number} of ${chunkCount} is missing`)
    const [storedCrc, body] = row
    this.#crc = crc32(body, this.#crc)
    if (this.#crc !== storedCrc) throw damaged(this.#path, `the checksum of chunk ${this.#number} is wrong`)
    this.#number++
    this.#bodyBytes += body.length
    return body
  }

  close(): void {
    this.#connection.close()
  }
}

/**
 * Reads a whole snapshot to see whether it is as it was written.
 *
 * @throws StorageError, SQLite's errors: not usable
 */
export function verifySnapshotFile(path: string, zxid: bigint): SnapshotSummaryFields {
  const reader = SnapshotFileReader.open(path, zxid)
  try {
    while (reader.next() !== null);
    return reader.summary
  } finally {
    reader.close()
  }
}

const SUMMARY_KEYS = ['zxid', 'digest', 'node_count', 'session_count', 'chunk_count', 'body_bytes', 'crc'] as const

function summaryRows(totals: Totals): [key: string, value: bigint][] {
  const values = [
    totals.zxid,
    BigInt.asIntN(64, totals.digest),
    BigInt(totals.nodeCount),
    BigInt(totals.sessionCount),
    BigInt(totals.chunkCount),
    BigInt(totals.bodyBytes),
    BigInt(totals.crc)
  ]
  const rows = SUMMARY_KEYS.map((key, index): [string, bigint] => [key, values[index] ?? 0n])
  return [...rows, ['check', BigInt(crc32(values.join(' ')))]]
}

function readTotals(connection: Connection, path: string): Totals {
  const rows = connection.prepare<[], [string, bigint]>('SELECT key, value FROM summary').safeIntegers().raw().all()
  if (rows.length === 0) throw new StorageError('INCOMPLETE', `${path} is not complete: it has no summary`)
  const byKey = new Map(rows)
  const values = SUMMARY_KEYS.map((key) => byKey.get(key) ?? 0n)
  if (byKey.get('check') !== BigInt(crc32(values.join(' '))))
    throw damaged(path, 'the checksum of its summary is wrong')
  const [zxid = 0n, digest = 0n, nodeCount, sessionCount, chunkCount, bodyBytes, crc] = values
  return {
    zxid,
    digest: BigInt.asUintN(64, digest),
    nodeCount: Number(nodeCount),
    sessionCount: Number(sessionCount),
    chunkCount: Number(chunkCount),
    bodyBytes: Number(bodyBytes),
    crc: Number(crc)
  }
}

function damaged(path: string, what: string): StorageError {
  return new StorageError('DAMAGED', `${path} is damaged: ${what}`)
}
