/** Where something was configured, as told to the operator: a file with a line, an option, a variable. */
export interface Origin {
  /** Path of the file as given, or a description such as `SERVER_JVMFLAGS` or `command line`. */
  readonly source: string
  /** From 1; null where there are no lines. */
  readonly line: number | null
}

export function describeOrigin(origin: Origin): string {
  return origin.line === null ? origin.source : `${origin.source}:${origin.line}`
}

/** The configuration cannot be used; the server does not start. The message is one line for the operator. */
export class ConfigError extends Error {
  readonly code = 'BAD_CONFIG'
  /** null where no place can be named, such as a key that is missing. */
  readonly origin: Origin | null
  /** Key or property at fault; null where it is not one key. */
  readonly key: string | null

  constructor(message: string, origin: Origin | null = null, key: string | null = null, options?: ErrorOptions) {
    super(origin === null ? message : `${describeOrigin(origin)}: ${message}`, options)
    this.name = 'ConfigError'
    this.origin = origin
    this.key = key
  }
}

/** Something about the configuration that an operator should see in the log; the server starts. */
export interface ConfigNotice {
  readonly level: 'info' | 'warn'
  /** With its origin, one line. */
  readonly message: string
}
