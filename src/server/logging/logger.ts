/**
 * Where messages for the operator go. The rest of the shell knows only this; winston is behind it in one file, and the
 * core logs nothing (it reports what happened through its outputs).
 *
 * perf: look at a boolean before building a message that may not be wanted, in anything that runs often:
 * `if (log.debugEnabled) log.debug(...)`. Nothing is logged per request unless debug or trace is on.
 */
export interface Logger {
  readonly infoEnabled: boolean
  readonly debugEnabled: boolean
  readonly traceEnabled: boolean
  /** Something failed and an operator should act. */
  error(message: string, cause?: unknown): void
  /** Something is wrong or unusual; the server goes on. */
  warn(message: string, cause?: unknown): void
  /** A step in the server's life: started, listening, snapshot taken. */
  info(message: string): void
  /** A client's mistake, a connection's life. */
  debug(message: string): void
  /** Each packet. */
  trace(message: string): void
  /** The same logger for a part of the server, which is named in each line. */
  child(component: string): Logger
}

/** A logger and the end of its life. */
export interface LogSystem {
  readonly root: Logger
  /** Resolves when all lines are written; later lines are lost. */
  close(): Promise<void>
}

/** Says nothing; for tests and tools. */
export const silentLogger: Logger = {
  infoEnabled: false,
  debugEnabled: false,
  traceEnabled: false,
  error: ignore,
  warn: ignore,
  info: ignore,
  debug: ignore,
  trace: ignore,
  child: () => silentLogger
}

function ignore(): void {
  // Meant to do nothing.
}
