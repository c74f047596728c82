/** Exit code of a command that failed. */
export const EXIT_FAILED = 1
/** Exit code of a command that does not exist, as in POSIX shells. */
export const EXIT_COMMAND_NOT_FOUND = 127

/** A command failed; the message is what the user sees, on the error stream. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT_FAILED, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
  }
}

/**
 * The command line does not fit the command. compat: upstream shows the name of the library's exception, and scripts that look
 * at the text know it that way.
 */
export function parseError(
  kind: 'UnrecognizedOption' | 'MissingArgument' | 'MissingOption' | 'AlreadySelected',
  problem: string
): CliError {
  return new CliError(`org.apache.commons.cli.${kind}Exception: ${problem}`)
}
