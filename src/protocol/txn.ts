import type { JuteReader, JuteWriter } from 'jute-ts'
import {
  decodeTxnDigest,
  decodeTxnHeader,
  encodeTxnDigest,
  encodeTxnHeader,
  TXN_DIGEST_SIZE_BYTES,
  type TxnDigest,
  type TxnHeader
} from './generated/txn.ts'
import { bodyType, type TxnBody } from './txn-body.ts'
import { TxnFormatError } from './txn-format-error.ts'
import { decodeTxnBody, encodeTxnBody } from './txn-record.ts'

/**
 * Transactions as they are logged, proposed and exported: TxnHeader, the record of its type, and optionally a digest.
 * The bytes are Apache's.
 */

export type { TxnBody } from './txn-body.ts'

/**
 * A transaction. `header.type` and `body` must agree (`bodyType(body)`).
 *
 * Buffers of a decoded one are views into the bytes that it was decoded from.
 */
export interface Txn {
  readonly header: TxnHeader
  readonly body: TxnBody
  /** Digest of the tree after the transaction; null where the sender left it out. */
  readonly digest: TxnDigest | null
}

/** `version` of a TxnDigest that was made as `core/tree/node-digest.ts` does. */
export const DIGEST_VERSION = 2

/**
 * Writes header, record and digest, without any length before them.
 * @throws TxnFormatError if header and body disagree, or a create's type and mode do
 */
export function encodeTxn(writer: JuteWriter, txn: Txn): void {
  const { header, body, digest } = txn
  if (header.type !== bodyType(body)) throw new TxnFormatError(`a ${body.kind} in a transaction of type ${header.type}`)
  encodeTxnHeader(writer, header)
  encodeTxnBody(writer, body)
  if (digest !== null) encodeTxnDigest(writer, digest)
}

/**
 * Reads one transaction, which must fill the reader exactly (from its offset to its end): the old formats can only be
 * told by where they end. Its `lengthMax` must allow for data of the size that servers accept (jute.maxbuffer).
 * @throws JuteError if the bytes end early; TxnFormatError on an unknown type, a null path or bytes left over
 */
export function decodeTxn(reader: JuteReader): Txn {
  const header = decodeTxnHeader(reader)
  const body = decodeTxnBody(reader, header.type)
  const digest = reader.remaining === TXN_DIGEST_SIZE_BYTES ? decodeTxnDigest(reader) : null
  if (reader.remaining !== 0)
    throw new TxnFormatError(`${reader.remaining} bytes after a transaction of type ${header.type}`)
  return { header, body, digest }
}
