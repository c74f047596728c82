import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { JuteError, JuteReader } from 'jute-ts'
import { toBigInt } from '../../protocol/int64.ts'
import { decodeTxn } from '../../protocol/txn.ts'
import { TxnFormatError } from '../../protocol/txn-format-error.ts'
import { segmentFile } from '../file-names.ts'
import { RowCoder } from '../row-coding.ts'
import { SegmentFileWriter } from '../segment-file.ts'
import { type RowPart, rowCrc } from '../txn-row.ts'
import { sumOfFile } from './backup-directory.ts'
import type { BackupLog, LastTxn } from './backup-manifest.ts'

/** Bytes of transactions after which a new file is begun. */
const FILE_BYTES_MAX = 1024 ** 3
const LENGTH_BYTES = 4
/** In a TxnHeader. */
const ZXID_OFFSET = 12
const TIME_OFFSET = 20

interface OpenFile {
  readonly file: string
  readonly writer: SegmentFileWriter
  readonly firstZxid: bigint
  readonly firstTimeMs: number
  crc: number
  bytes: number
  txnCount: number
}

/** Writes rows of the log into segments of a backup. */
export class BackupLogWriter {
  readonly #folder: string
  readonly #coder = new RowCoder()
  readonly #logs: BackupLog[] = []
  #open: OpenFile | null = null
  #lastZxid: bigint
  #last: { readonly txn: Buffer; readonly timeMs: number } | null = null

  /** @param afterZxid of the transaction that the first row follows */
  constructor(folder: string, afterZxid: bigint) {
    this.#folder = folder
    this.#lastZxid = afterZxid
  }

  get lastZxid(): bigint {
    return this.#lastZxid
  }

  /** Errors are SQLite's. */
  add({ body, txnCount, firstZxid, lastZxid }: RowPart): void {
    if (this.#open !== null && this.#open.bytes >= FILE_BYTES_MAX) this.#close()
    const { first, last } = endsOf(body)
    const open = this.#open ?? this.#begin(firstZxid, timeOf(first))
    const coded = this.#coder.encode(body)
    const stored = Buffer.from(coded.buffer, coded.byteOffset, coded.length)
    const crc = rowCrc(open.crc, firstZxid, lastZxid, this.#lastZxid, txnCount, stored)
    open.writer.add({ firstZxid, lastZxid, prevZxid: this.#lastZxid, txnCount, crc, stored })
    open.crc = crc
    open.bytes += stored.length
    open.txnCount += txnCount
    this.#lastZxid = lastZxid
    this.#last = { txn: Buffer.from(last), timeMs: timeOf(last) }
  }

  /** All files are on the disk when this returns. */
  finish(): { readonly logs: readonly BackupLog[]; readonly lastTxn: LastTxn | null } {
    this.#close()
    return { logs: this.#logs, lastTxn: this.#last === null ? null : lastTxnOf(this.#last.txn) }
  }

  abandon(): void {
    this.#open?.writer.abandon()
    this.#open = null
  }

  #begin(firstZxid: bigint, firstTimeMs: number): OpenFile {
    const file = segmentFile(firstZxid)
    const writer = new SegmentFileWriter(join(this.#folder, file))
    this.#open = { file, writer, firstZxid, firstTimeMs, crc: 0, bytes: 0, txnCount: 0 }
    return this.#open
  }

  #close(): void {
    if (this.#open === null) return
    const { file, writer, firstZxid, firstTimeMs, txnCount } = this.#open
    this.#open = null
    writer.finish()
    const lastTimeMs = this.#last?.timeMs ?? firstTimeMs
    const sum = sumOfFile(join(this.#folder, file))
    this.#logs.push({ file, ...sum, firstZxid, lastZxid: this.#lastZxid, txnCount, firstTimeMs, lastTimeMs })
  }
}

/** What is kept of a transaction to know it again. */
export function lastTxnOf(txn: Uint8Array): LastTxn {
  const bytes = Buffer.from(txn.buffer, txn.byteOffset, txn.length)
  return { zxid: bytes.readBigInt64BE(ZXID_OFFSET), crc: crc32(bytes), digest: recordedDigest(bytes) }
}

/** A transaction that cannot be read is backed up all the same. */
function recordedDigest(bytes: Buffer): bigint | null {
  try {
    const { digest } = decodeTxn(new JuteReader(bytes, Number.MAX_SAFE_INTEGER))
    return digest === null ? null : BigInt.asUintN(64, toBigInt(digest.treeDigestHi, digest.treeDigestLo))
  } catch (error) {
    if (error instanceof JuteError || error instanceof TxnFormatError) return null
    throw error
  }
}

/** The first and the last transaction of a row. */
export function endsOf(row: Uint8Array): { readonly first: Uint8Array; readonly last: Uint8Array } {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  const first = row.subarray(LENGTH_BYTES, LENGTH_BYTES + view.getInt32(0))
  let last = first
  for (let at = 0; at < row.length; ) {
    const end = at + LENGTH_BYTES + view.getInt32(at)
    last = row.subarray(at + LENGTH_BYTES, end)
    at = end
  }
  return { first, last }
}

export function timeOf(txn: Uint8Array): number {
  return Number(new DataView(txn.buffer, txn.byteOffset, txn.byteLength).getBigInt64(TIME_OFFSET))
}
