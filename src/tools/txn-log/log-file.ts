import { accessSync, constants } from 'node:fs'
import { LogReader, type LogRecord } from '../../storage/apache-files/log-reader.ts'
import { LogWriter } from '../../storage/apache-files/log-writer.ts'
import {
  isSqliteFile,
  SegmentFile,
  SegmentFileWriter,
  type SegmentRow,
  type StoredRow
} from '../../storage/segment-file.ts'
import { StorageError } from '../../storage/storage-error.ts'
import { rowCrc, splitBody } from '../../storage/txn-row.ts'
import { ToolError } from '../tool-error.ts'

/** Log files of both servers, as the toolkit needs them: groups of transactions that share a checksum. */

export interface TxnGroup {
  /** One transaction in a file of Apache's; those of a row in one of ours. */
  readonly txns: readonly Uint8Array[]
  readonly isChecksumRight: boolean
  /** What it was read from, for the writer of the same kind. */
  readonly origin: SegmentRow | LogRecord
}

export interface LogFile {
  /** First line of a dump. */
  readonly title: string
  /** @throws StorageError, ToolError */
  groups(): Generator<TxnGroup>
  /** A new file of the same kind. @throws StorageError */
  copyTo(path: string): LogFileCopy
  close(): void
}

export interface LogFileCopy {
  /** Adds a group with the checksum that it has, or with the right one. */
  add(group: TxnGroup, checksum: 'as it is' | 'made right'): void
  /** Adds of a group what is not behind `zxid`. */
  addUpTo(group: TxnGroup, zxid: bigint): void
  finish(): void
  /** Closes; what there is of the file is worth nothing. */
  abandon(): void
}

const EXIT_UNEXPECTED = 1
const EXIT_INVALID = 2
/** What servers take unless told otherwise, `jute.maxbuffer` and the room beside it: a longer one beyond the end is no torn one. */
const RECORD_BYTES_MAX = 0xfffff + 0x100000
const ZXID_OFFSET = 12

/** @throws ToolError, StorageError */
export function openLogFile(path: string, warn: (message: string) => void): LogFile {
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new ToolError(`File doesn't exist or not readable: ${path}`, EXIT_UNEXPECTED, { cause: error })
  }
  if (isSqliteFile(path)) return new OurLogFile(path, warn)
  return new ApacheLogFile(path, warn)
}

export function zxidOf(txn: Uint8Array): bigint {
  return Buffer.from(txn.buffer, txn.byteOffset, txn.length).readBigInt64BE(ZXID_OFFSET)
}

function isRecord(origin: TxnGroup['origin']): origin is LogRecord {
  return 'checksum' in origin
}

class ApacheLogFile implements LogFile {
  readonly title = 'ZooKeeper Transactional Log File with dbid 0 txnlog format version 2'
  readonly #reader: LogReader
  readonly #warn: (message: string) => void

  constructor(path: string, warn: (message: string) => void) {
    this.#warn = warn
    try {
      this.#reader = new LogReader(path, RECORD_BYTES_MAX, true)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'DAMAGED') throw error
      throw new ToolError(`Invalid magic number for ${path.slice(path.lastIndexOf('/') + 1)}`, EXIT_INVALID, {
        cause: error
      })
    }
  }

  *groups(): Generator<TxnGroup> {
    const reader = this.#reader
    for (let record = reader.next(); record !== null; record = reader.next()) {
      yield { txns: [record.body], isChecksumRight: record.isChecksumRight, origin: record }
    }
    if (reader.end === 'torn') {
      this.#warn(
        `${reader.path} ends at offset ${reader.offset} with a transaction that is not whole, as after a crash`
      )
    }
    if (reader.end === 'not zero behind') {
      this.#warn(`${reader.path} ends at offset ${reader.offset}, but bytes that are not zero follow`)
    }
    if (reader.end === 'no end mark') throw new ToolError('Last transaction was partial.', EXIT_UNEXPECTED)
  }

  copyTo(path: string): LogFileCopy {
    return new ApacheLogFileCopy(new LogWriter(path))
  }

  close(): void {
    this.#reader.close()
  }
}

class ApacheLogFileCopy implements LogFileCopy {
  readonly #writer: LogWriter

  constructor(writer: LogWriter) {
    this.#writer = writer
  }

  add({ origin }: TxnGroup, checksum: 'as it is' | 'made right'): void {
    if (!isRecord(origin)) throw new TypeError('a row of a segment cannot go into a file of Apache’s')
    this.#writer.append(origin.body, checksum === 'as it is' ? origin.checksum : undefined)
  }

  addUpTo({ txns }: TxnGroup, zxid: bigint): void {
    for (const txn of txns) if (zxidOf(txn) <= zxid) this.#writer.append(txn)
  }

  finish(): void {
    this.#writer.finish()
  }

  abandon(): void {
    this.#writer.abandon()
  }
}

class OurLogFile implements LogFile {
  readonly title = 'ZooKeeper Transactional Log File with dbid 0 txnlog format version 2 (SQLite segment of zoonode)'
  readonly #path: string
  readonly #file: SegmentFile

  constructor(path: string, warn: (message: string) => void) {
    this.#path = path
    this.#file = SegmentFile.open(path, (_, message) => warn(message))
  }

  *groups(): Generator<TxnGroup> {
    for (const row of this.#file.rows()) {
      yield { txns: txnsOf(row, this.#path), isChecksumRight: row.isChecksumRight, origin: row }
    }
  }

  copyTo(path: string): LogFileCopy {
    return new OurLogFileCopy(new SegmentFileWriter(path))
  }

  close(): void {
    this.#file.close()
  }
}

function txnsOf({ body, firstZxid }: SegmentRow, path: string): Uint8Array[] {
  const txns: Uint8Array[] = []
  for (let at = 0; at < body.length; ) {
    const length = at + 4 > body.length ? -1 : body.readInt32BE(at)
    const end = at + 4 + length
    if (length < 0 || end > body.length) {
      throw new ToolError(`${path}: row 0x${firstZxid.toString(16)} is no sequence of transactions`, EXIT_UNEXPECTED)
    }
    txns.push(body.subarray(at + 4, end))
    at = end
  }
  return txns
}

/** A checksum continues from the one of the row before: one that is made right changes all that follow. */
class OurLogFileCopy implements LogFileCopy {
  readonly #writer: SegmentFileWriter
  #crc = 0

  constructor(writer: SegmentFileWriter) {
    this.#writer = writer
  }

  add({ origin, isChecksumRight }: TxnGroup, checksum: 'as it is' | 'made right'): void {
    if (isRecord(origin)) throw new TypeError('a record of Apache’s cannot go into a segment')
    const right = this.#crcOf(origin)
    const crc = isChecksumRight || checksum === 'made right' ? right : origin.crc
    this.#writer.add({ ...origin, crc })
    this.#crc = crc
  }

  addUpTo({ origin }: TxnGroup, zxid: bigint): void {
    if (isRecord(origin)) throw new TypeError('a record of Apache’s cannot go into a segment')
    const part = splitBody(origin.body, zxid).upTo
    if (part === null) return
    const { firstZxid, lastZxid, txnCount, body } = part
    const row = { ...origin, firstZxid, lastZxid, txnCount, stored: Buffer.from(body) }
    this.#crc = this.#crcOf(row)
    this.#writer.add({ ...row, crc: this.#crc })
  }

  finish(): void {
    this.#writer.finish()
  }

  abandon(): void {
    this.#writer.abandon()
  }

  #crcOf({ firstZxid, lastZxid, prevZxid, txnCount, stored }: StoredRow): number {
    return rowCrc(this.#crc, firstZxid, lastZxid, prevZxid, txnCount, stored)
  }
}
