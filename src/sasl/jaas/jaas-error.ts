/** Tells in one line what is wrong with a JAAS file. */
export class JaasError extends Error {
  /** Counted from 1; null if it is not about one line. */
  readonly line: number | null

  constructor(message: string, line: number | null = null) {
    super(line === null ? message : `line ${line}: ${message}`)
    this.name = 'JaasError'
    this.line = line
  }
}
