/**
 * - `UNDERFLOW`: the bytes end before the record does. More bytes may complete it (see `tryDecode`).
 * - `UNREASONABLE_LENGTH`: a buffer or string declares a length that is negative or above the limit. No more bytes can help.
 * - `NESTED_TOO_DEEP`: records that hold records of their own kind do so more often than the limit. No more bytes can help.
 */
export type JuteErrorCode = 'UNDERFLOW' | 'UNREASONABLE_LENGTH' | 'NESTED_TOO_DEEP'

/** Thrown by readers for bytes that are not a record. */
export class JuteError extends Error {
  override readonly name = 'JuteError'
  readonly code: JuteErrorCode
  /** Where in the input the refused item begins, in bytes. */
  readonly offset: number
  /** The item, such as `CreateRequest.path`; empty if the caller of the reader did not name it. */
  readonly field: string

  constructor(code: JuteErrorCode, problem: string, offset: number, field: string) {
    super(`${field === '' ? 'Jute item' : field} at offset ${offset}: ${problem}`)
    this.code = code
    this.offset = offset
    this.field = field
  }
}
