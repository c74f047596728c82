import { crc32 } from 'node:zlib'

/**
 * A row of the log's `batch` table: transactions in zxid order, each as int32 length and its bytes, and a checksum that
 * continues from the row before. In the table these bytes may be coded (`row-coding.ts`).
 *
 * Of the transactions themselves the storage knows one thing: they begin with Jute's TxnHeader, where the zxid stands
 * behind the client id (8 bytes) and the cxid (4 bytes).
 */

/** Most bytes of a row, unless it is one larger transaction alone. */
export const ROW_BODY_BYTES_MAX = 1024 * 1024
/** Most transactions of a row. */
export const ROW_TXN_COUNT_MAX = 1000

const LENGTH_BYTES = 4
const ZXID_OFFSET = 12

const checkedFields = new DataView(new ArrayBuffer(32))
const checkedFieldBytes = new Uint8Array(checkedFields.buffer)

/**
 * The checksum of a row: CRC-32 of its first, last and previous zxid and its transaction count (int64 little-endian
 * each) and of its body as it is stored, continued from `seed`, the checksum of the row before (0 for the first row of a
 * segment).
 */
export function rowCrc(
  seed: number,
  firstZxid: bigint,
  lastZxid: bigint,
  prevZxid: bigint,
  txnCount: number,
  stored: Uint8Array
): number {
  checkedFields.setBigInt64(0, firstZxid, true)
  checkedFields.setBigInt64(8, lastZxid, true)
  checkedFields.setBigInt64(16, prevZxid, true)
  checkedFields.setBigInt64(24, BigInt(txnCount), true)
  return crc32(stored, crc32(checkedFieldBytes, seed))
}

/** The part of a row's body that comes after a zxid, or up to it. */
export interface RowPart {
  readonly body: Uint8Array
  readonly txnCount: number
  readonly firstZxid: bigint
  readonly lastZxid: bigint
}

/**
 * Cuts the body of a row behind the transactions whose zxid is at most `zxid`.
 *
 * @returns the two parts; one of them is null when all transactions are in the other
 * @throws RangeError when the body is not a sequence of transactions
 */
export function splitBody(body: Uint8Array, zxid: bigint): { upTo: RowPart | null; after: RowPart | null } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let cut = 0
  let countBefore = 0
  let count = 0
  let firstBefore = 0n
  let lastBefore = 0n
  let firstAfter = 0n
  let last = 0n
  for (let at = 0; at < body.length; ) {
    last = zxidAt(view, at)
    const end = at + LENGTH_BYTES + view.getInt32(at)
    if (end > body.length) throw new RangeError(`a transaction ends at ${end}, beyond its row of ${body.length} bytes`)
    if (last <= zxid) {
      if (countBefore === 0) firstBefore = last
      lastBefore = last
      countBefore++
      cut = end
    } else if (count === countBefore) {
      firstAfter = last
    }
    count++
    at = end
  }
  const countAfter = count - countBefore
  return {
    upTo:
      countBefore === 0
        ? null
        : { body: body.subarray(0, cut), txnCount: countBefore, firstZxid: firstBefore, lastZxid: lastBefore },
    after:
      countAfter === 0
        ? null
        : { body: body.subarray(cut), txnCount: countAfter, firstZxid: firstAfter, lastZxid: last }
  }
}

/**
 * Cuts a body into parts that are no larger than a row may be, as few as possible.
 *
 * @throws RangeError when the body is not a sequence of transactions
 */
export function* partsOfRowSize(body: Uint8Array): Generator<RowPart> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  let start = 0
  let txnCount = 0
  let firstZxid = 0n
  let lastZxid = 0n
  for (let at = 0; at < body.length; ) {
    const zxid = zxidAt(view, at)
    const end = at + LENGTH_BYTES + view.getInt32(at)
    if (end > body.length) throw new RangeError(`a transaction ends at ${end}, beyond its body of ${body.length} bytes`)
    const isFull = txnCount === ROW_TXN_COUNT_MAX || end - start > ROW_BODY_BYTES_MAX
    if (isFull && txnCount > 0) {
      yield { body: body.subarray(start, at), txnCount, firstZxid, lastZxid }
      start = at
      txnCount = 0
    }
    if (txnCount === 0) firstZxid = zxid
    lastZxid = zxid
    txnCount++
    at = end
  }
  if (txnCount > 0) yield { body: body.subarray(start), txnCount, firstZxid, lastZxid }
}

function zxidAt(view: DataView, at: number): bigint {
  const zxidStart = at + LENGTH_BYTES + ZXID_OFFSET
  if (zxidStart + 8 > view.byteLength || view.getInt32(at) < ZXID_OFFSET + 8) {
    throw new RangeError(`no transaction header at ${at} of a row of ${view.byteLength} bytes`)
  }
  return view.getBigInt64(zxidStart)
}
