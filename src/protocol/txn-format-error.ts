/** Bytes that are not a transaction, or a transaction that has no bytes. */
export class TxnFormatError extends Error {
  override readonly name = 'TxnFormatError'
  readonly code = 'TXN_FORMAT'
}
