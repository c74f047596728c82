import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { toHex } from '../../protocol/int64.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { adler32 } from './adler32.ts'
import { DamagedFileError } from './damaged-file-error.ts'

/**
 * A log file of Apache ZooKeeper: a header, `ZKLG`, int32 version 2, int64 dbid; then records:
 *
 * | size | field                                                      |
 * |------|------------------------------------------------------------|
 * | 8    | int64, Adler-32 of the transaction                         |
 * | 4    | int32, its length n                                        |
 * | n    | the transaction, which begins with its TxnHeader           |
 * | 1    | 0x42                                                       |
 *
 * and zeros up to where the file was extended to. It ends where a length is 0, where a part of a record is missing, or
 * where the 0x42 is: after a crash that is nothing unusual.
 */

/** One transaction; the bytes are valid until the next call. */
export interface LogRecord {
  readonly path: string
  /** Where its checksum is, from the beginning of the file. */
  readonly offset: number
  readonly zxidHi: number
  readonly zxidLo: number
  readonly body: Buffer
  /** As stored. */
  readonly checksum: bigint
  /** False only for a reader that is to go on at a wrong checksum. */
  readonly isChecksumRight: boolean
}

/**
 * Why a file ended: at its padding or exactly behind a record; within a record; at a record without the 0x42 behind it; or
 * before bytes that are not zero.
 */
export type LogEnd = 'clean' | 'torn' | 'no end mark' | 'not zero behind'

const HEADER = Buffer.from('5a4b4c4700000002', 'hex')
const HEADER_BYTES = 16
const RECORD_HEAD_BYTES = 12
const RECORD_END = 0x42
/** A TxnHeader, which every transaction has. */
const TXN_BYTES_MIN = 32
const ZXID_OFFSET = 12
const WINDOW_BYTES = 1 << 20
const ADVICE = 'restore the file from a backup, or empty the directory if an ensemble can bring this server up'
const ZEROS = Buffer.alloc(WINDOW_BYTES)

/** Reads one log file from its beginning. */
export class LogReader {
  readonly path: string
  readonly #handle: number
  readonly #fileBytes: number
  readonly #recordBytesMax: number
  readonly #goesOnAtWrongChecksum: boolean
  #window: Buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES)
  #windowStart = 0
  #windowBytes = 0
  #offset = 0
  #end: LogEnd | null = null

  /**
   * @param recordBytesMax a record that goes beyond the end of the file is a torn one, unless it claims to be longer than
   *   this: then its length is wrong
   * @param goesOnAtWrongChecksum for a tool that shows what is there
   * @throws DamagedFileError when it is no log; StorageError CANNOT_OPEN or IO_ERROR
   */
  constructor(path: string, recordBytesMax: number, goesOnAtWrongChecksum = false) {
    this.path = path
    this.#goesOnAtWrongChecksum = goesOnAtWrongChecksum
    this.#recordBytesMax = recordBytesMax
    try {
      this.#handle = openSync(path, 'r')
    } catch (error) {
      throw toStorageError(error, `opening ${path}`)
    }
    try {
      this.#fileBytes = fstatSync(this.#handle).size
      this.#readHeader()
    } catch (error) {
      this.close()
      throw toStorageError(error, `reading ${path}`)
    }
  }

  /** Where the file ends, once `next` has given null. */
  get offset(): number {
    return this.#offset
  }

  /** How it ends, once `next` has given null. */
  get end(): LogEnd {
    return this.#end ?? 'clean'
  }

  /**
   * The next transaction, or null at the end.
   *
   * @throws DamagedFileError: a checksum or a length is wrong; StorageError IO_ERROR
   */
  next(): LogRecord | null {
    if (this.#end !== null) return null
    try {
      return this.#readRecord()
    } catch (error) {
      throw toStorageError(error, `reading ${this.path}`)
    }
  }

  close(): void {
    closeSync(this.#handle)
  }

  /** A file that a full disk or a crash has kept from getting its header has no transactions. */
  #readHeader(): void {
    if (this.#fileBytes < HEADER_BYTES) {
      this.#end = this.#fileBytes === 0 ? 'clean' : 'torn'
      return
    }
    if (!this.#bytesAt(0, HEADER.length).equals(HEADER)) {
      throw new DamagedFileError(this.path, `it begins like no transaction log; ${ADVICE}`)
    }
    this.#offset = HEADER_BYTES
  }

  #readRecord(): LogRecord | null {
    const offset = this.#offset
    const left = this.#fileBytes - offset
    if (left < RECORD_HEAD_BYTES) return this.#ends(left === 0 || this.#isZeroFrom(offset) ? 'clean' : 'torn')
    const head = this.#bytesAt(offset, RECORD_HEAD_BYTES)
    const checksum = head.readBigInt64BE(0)
    const length = head.readInt32BE(8)
    if (length === 0) return this.#ends(this.#isZeroFrom(offset) ? 'clean' : 'not zero behind')
    if (length < 0) throw damagedRecord(this.path, offset, `its length is ${length}`)
    const size = RECORD_HEAD_BYTES + length + 1
    if (size > left) {
      if (length > this.#recordBytesMax) throw damagedRecord(this.path, offset, `its length is ${length}`)
      return this.#ends('torn')
    }
    const record = this.#bytesAt(offset, size)
    if (record[size - 1] !== RECORD_END) return this.#ends('no end mark')
    const body = record.subarray(RECORD_HEAD_BYTES, size - 1)
    const isChecksumRight = checksum === BigInt(adler32(body))
    if (!isChecksumRight && !this.#goesOnAtWrongChecksum)
      throw damagedRecord(this.path, offset, `its checksum is wrong${claimedZxid(body)}`)
    if (length < TXN_BYTES_MIN) throw damagedRecord(this.path, offset, 'it is too short for a transaction')
    this.#offset = offset + size
    return {
      path: this.path,
      offset,
      zxidHi: body.readInt32BE(ZXID_OFFSET),
      zxidLo: body.readInt32BE(ZXID_OFFSET + 4),
      body,
      checksum,
      isChecksumRight
    }
  }

  #ends(end: LogEnd): null {
    this.#end = end
    return null
  }

  #isZeroFrom(offset: number): boolean {
    for (let at = offset; at < this.#fileBytes; at += WINDOW_BYTES) {
      const length = Math.min(WINDOW_BYTES, this.#fileBytes - at)
      if (!this.#bytesAt(at, length).equals(ZEROS.subarray(0, length))) return false
    }
    return true
  }

  /** Bytes of the file; the next call may change them. Callers ask for no more than there is. */
  #bytesAt(offset: number, length: number): Buffer {
    if (offset < this.#windowStart || offset + length > this.#windowStart + this.#windowBytes) {
      if (length > this.#window.length) this.#window = Buffer.allocUnsafeSlow(Math.max(length, 2 * WINDOW_BYTES))
      this.#windowStart = offset
      this.#windowBytes = readFully(this.#handle, this.#window, offset)
      if (this.#windowBytes < length)
        throw new StorageError('IO_ERROR', `${this.path} became shorter while it was read`)
    }
    const start = offset - this.#windowStart
    return this.#window.subarray(start, start + length)
  }
}

/** The error of something wrong in the record that begins at `offset`. */
export function damagedRecord(path: string, offset: number, problem: string, options?: ErrorOptions): DamagedFileError {
  return new DamagedFileError(path, `the record at offset ${offset}: ${problem}; ${ADVICE}`, options)
}

/** The zxid that a record with a wrong checksum names: a hint only. */
function claimedZxid(body: Buffer): string {
  if (body.length < TXN_BYTES_MIN) return ''
  return ` (as it stands, it is transaction 0x${toHex(body.readInt32BE(ZXID_OFFSET), body.readInt32BE(ZXID_OFFSET + 4))})`
}

/** Fills `buffer` from the file, up to the file's end. */
function readFully(handle: number, buffer: Buffer, position: number): number {
  let bytes = 0
  while (bytes < buffer.length) {
    const read = readSync(handle, buffer, bytes, buffer.length - bytes, position + bytes)
    if (read === 0) break
    bytes += read
  }
  return bytes
}
