import { highWord, lowWord } from '../protocol/int64.ts'
import type { ReadBatch } from './thread-messages.ts'
import type { RowPart } from './txn-row.ts'

/** Transactions of a row as they go to whoever reads the log. */
export function readBatchOf({ firstZxid, lastZxid, txnCount, body }: RowPart): ReadBatch {
  return {
    firstZxidHi: highWord(firstZxid),
    firstZxidLo: lowWord(firstZxid),
    lastZxidHi: highWord(lastZxid),
    lastZxidLo: lowWord(lastZxid),
    txnCount,
    body
  }
}
