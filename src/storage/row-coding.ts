import { showZxid } from './file-names.ts'
import { decodeBlock, SnappyBlockEncoder, SnappyError } from './snappy-block.ts'
import { StorageError } from './storage-error.ts'
import { ROW_BODY_BYTES_MAX } from './txn-row.ts'

/**
 * How the body of a row stands in the `batch` table: as it is, or coded.
 *
 * | size | coded body                                                                                |
 * |------|-------------------------------------------------------------------------------------------|
 * | 4    | int32, -1: no transaction has such a length, so no other body begins so                   |
 * | n    | one block of raw Snappy (`snappy-block.ts`), whose plain bytes are at most those of a row |
 *
 * A row's checksum is that of the bytes that are stored. Directories with coded rows have format 2 in state.db.
 */

const MARK_BYTES = 4
const SNAPPY_MARK = -1
/** Smaller ones share their page with others anyway, and what two or three transactions have in common is little. */
const CODED_BYTES_MIN = 512
/**
 * A row stays as it is where coding spares less of it: headers and paths alone, around values at random, are a fifth, which spares a
 * row of twenty sets no page.
 */
const SPARED_PART_MIN = 1 / 4
/** After a row that stayed as it is one is not even tried, after a second one in a row three, then seven, up to so many. */
const UNTRIED_ROWS_MAX = 63

/** Codes rows, one after the other. What does not compress costs a few tries only. */
export class RowCoder {
  readonly #encoder = new SnappyBlockEncoder()
  #untriedRows = 0
  #untriedRowsLeft = 0

  /**
   * The bytes to store for a row of plain transactions: coded, or `body` itself where that spares too little.
   *
   * @returns what the next call writes over, if it is not `body`
   */
  encode(body: Uint8Array): Uint8Array {
    if (body.length < CODED_BYTES_MIN || body.length > ROW_BODY_BYTES_MAX) return body
    if (this.#untriedRowsLeft > 0) {
      this.#untriedRowsLeft--
      return body
    }
    const coded = this.#encoder.encode(body, MARK_BYTES)
    if (coded.length > body.length * (1 - SPARED_PART_MIN)) {
      this.#untriedRows = Math.min(2 * this.#untriedRows + 1, UNTRIED_ROWS_MAX)
      this.#untriedRowsLeft = this.#untriedRows
      return body
    }
    this.#untriedRows = 0
    coded.writeInt32BE(SNAPPY_MARK)
    return coded
  }
}

/**
 * The plain transactions of a stored row: `stored` itself where it is not coded. What is decoded shares no memory with others.
 *
 * @param path      of the segment, for the message of an error
 * @param firstZxid of the row, likewise
 * @throws StorageError DAMAGED
 */
export function decodeRow(stored: Buffer, path: string, firstZxid: bigint): Buffer {
  const mark = stored.length < MARK_BYTES ? 0 : stored.readInt32BE()
  if (mark >= 0) return stored
  if (mark !== SNAPPY_MARK) throw damaged(path, firstZxid, `this version knows no coding ${mark}`)
  try {
    return decodeBlock(stored.subarray(MARK_BYTES), ROW_BODY_BYTES_MAX)
  } catch (error) {
    if (error instanceof SnappyError) throw damaged(path, firstZxid, error.message, error)
    throw error
  }
}

function damaged(path: string, firstZxid: bigint, what: string, cause?: unknown): StorageError {
  return new StorageError(
    'DAMAGED',
    `${path} is damaged: the transactions from ${showZxid(firstZxid)} on cannot be decoded: ${what}; ` +
      'restore the data directory from a backup',
    { cause }
  )
}
