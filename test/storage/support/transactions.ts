import { highWord, lowWord } from '../../../src/protocol/int64.ts'
import type { ReadBatch, TxnBatch } from '../../../src/storage/storage.ts'

/** Transactions whose bytes follow from their zxid, so that what is read back can be checked. */

const LENGTH_BYTES = 4
const HEADER_BYTES = 32

/** Size in bytes of the transaction at `zxid` where the test does not say: 32 to 287, mixed. */
export function usualSize(zxid: bigint): number {
  return HEADER_BYTES + Number((zxid * 2654435761n) & 0xffn)
}

/** From this size on the bytes of a transaction repeat nothing, so the rows of such are not coded; rows of smaller ones are. */
const NOISE_BYTES_MIN = 1000

/** TxnHeader (client id, cxid, zxid, time, type) and bytes that depend on the zxid. */
export function makeTxn(zxid: bigint, sizeBytes = usualSize(zxid)): Buffer {
  const txn = Buffer.alloc(Math.max(HEADER_BYTES, sizeBytes), Number(zxid & 0xffn))
  if (sizeBytes >= NOISE_BYTES_MIN) fillWithNoise(txn, Number(zxid & 0xffff_ffffn))
  txn.writeBigInt64BE(BigInt.asIntN(64, zxid * 3n), 0)
  txn.writeInt32BE(Number(zxid & 0xffffn), 8)
  txn.writeBigInt64BE(zxid, 12)
  txn.writeBigInt64BE(BigInt.asIntN(64, zxid * 7n), 20)
  return txn
}

/** Xorshift: the same bytes for the same seed. */
function fillWithNoise(bytes: Buffer, seed: number): void {
  let state = seed ^ 0x9e3779b9
  for (let at = 0; at < bytes.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes[at] = state
  }
}

export function makeBatch(firstZxid: bigint, txnCount: number, sizeBytes?: number): TxnBatch {
  const parts: Buffer[] = []
  for (let zxid = firstZxid; zxid < firstZxid + BigInt(txnCount); zxid++) {
    const txn = makeTxn(zxid, sizeBytes ?? usualSize(zxid))
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeInt32BE(txn.length)
    parts.push(length, txn)
  }
  const lastZxid = firstZxid + BigInt(txnCount) - 1n
  return {
    firstZxidHi: highWord(firstZxid),
    firstZxidLo: lowWord(firstZxid),
    lastZxidHi: highWord(lastZxid),
    lastZxidLo: lowWord(lastZxid),
    txnCount,
    body: Buffer.concat(parts)
  }
}

/** The transactions in a body. */
export function splitTxns(body: Uint8Array): Buffer[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const txns: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + LENGTH_BYTES + bytes.readInt32BE(at)
    txns.push(bytes.subarray(at + LENGTH_BYTES, end))
    at = end
  }
  return txns
}

export function zxidOf(txn: Buffer): bigint {
  return txn.readBigInt64BE(12)
}

/** Zxids of all transactions in what was read; throws when a transaction is not the one that was made for its zxid. */
export async function collectZxids(batches: AsyncIterable<ReadBatch>): Promise<bigint[]> {
  const zxids: bigint[] = []
  for await (const batch of batches) {
    for (const txn of splitTxns(batch.body)) {
      const zxid = zxidOf(txn)
      if (!makeTxn(zxid, txn.length).equals(txn)) throw new Error(`the transaction ${zxid} has changed`)
      zxids.push(zxid)
    }
  }
  return zxids
}

/** first, first + 1, ..., last. */
export function zxidRange(first: bigint, last: bigint): bigint[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index))
}
