/** No address of the election port can be bound, however often it was tried: the server can take part in no election. */
export class ElectionPortError extends Error {
  override readonly name = 'ElectionPortError'
  readonly code = 'NO_ELECTION_PORT'
  /** The system's. */
  override readonly cause: Error

  constructor(cause: Error) {
    super(`the election port cannot be opened: ${cause.message}`)
    this.cause = cause
  }
}
