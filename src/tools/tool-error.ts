/** What a tool cannot do, in one line for the operator, and the exit code that goes with it. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly code = 'TOOL'
  readonly exitCode: number

  constructor(message: string, exitCode: number, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
