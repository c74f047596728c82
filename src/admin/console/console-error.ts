/** A request that makes no sense, or cannot be granted. */
export class ConsoleError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}
