import type { ZooKeeper } from '../client/zookeeper.ts'

/** Where a command's text goes: a line each, the end of line is added. */
export interface Output {
  out(line: string): void
  err(line: string): void
  /** Without an end of line. */
  outRaw(text: string): void
}

/** What a command needs to run. */
export interface CommandContext {
  /** The client; it connects when this is first called. */
  client(): ZooKeeper
  readonly output: Output
  /** How the command is used: its name and its arguments. */
  readonly usage: string
  /** Name of the time zone in which times are shown. */
  zone(): string
}

/**
 * One command of the shell.
 *
 * @param words its name, then its arguments
 * @throws CliError, ZkError: told to the user
 */
export type RunCommand = (words: readonly string[], context: CommandContext) => Promise<void>
