import type { Readable, Writable } from 'node:stream'
import { CliError, EXIT_FAILED } from './cli-error.ts'
import { clientOptions, readClientSettings } from './client-settings.ts'
import type { Output } from './command.ts'
import { readJvmFlags } from './jvm-flags.ts'
import { lines } from './lines.ts'
import { parseInt32 } from './number-argument.ts'
import { Shell, type ShellSettings } from './shell.ts'
import { parseStartOptions, type StartOptions } from './start-options.ts'
import { streamOutput } from './stream-output.ts'
import { timeZone } from './zone-name.ts'

/** The world of the shell: that of its process. */
export interface ShellProcess {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
  readonly env: NodeJS.ProcessEnv
}

/**
 * The shell, from its arguments to its exit code: runs the command that stands in the arguments, or reads commands from the
 * terminal, or from standard input if that is none.
 *
 * compat: without a terminal, and after a single command, the session is left to its timeout, not ended.
 */
export async function main(args: readonly string[], process: ShellProcess): Promise<number> {
  const output = streamOutput(process.stdout, process.stderr)
  const flags = readJvmFlags(process.env)
  if (flags.ignored.length > 0) {
    output.err(`zkCli: options of a Java machine have no effect here: ${flags.ignored.join(' ')}`)
  }
  const start = parseStartOptions(args)
  if (start.problem !== null) output.err(start.problem)
  output.out(`Connecting to ${start.server}`)
  try {
    const settings = await shellSettings(start, flags.properties, process.env)
    return start.command === null
      ? await readCommands(start, settings, process)
      : await runCommand(start, settings, start.command, output)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    output.err(error.message)
    return error.exitCode
  }
}

async function runCommand(
  start: StartOptions,
  settings: ShellSettings,
  command: readonly string[],
  output: Output
): Promise<number> {
  const shell = new Shell(settings, output)
  if (start.waitsForConnection) await shell.connect(start.server)
  else shell.target(start.server)
  await shell.run(command)
  shell.abandon()
  return shell.exitCode
}

async function readCommands(start: StartOptions, settings: ShellSettings, process: ShellProcess): Promise<number> {
  if (process.stdin.isTTY === true && process.stdout.isTTY === true) return runAtTerminal(start, settings, process)
  const output = streamOutput(process.stdout, process.stderr)
  const shell = new Shell(settings, output)
  await shell.connect(start.server)
  output.out('Welcome to ZooKeeper!\nJLine support is disabled')
  for await (const line of lines(process.stdin)) {
    await shell.runLine(line)
    if (shell.isOver) break
  }
  shell.abandon()
  return shell.exitCode
}

async function runAtTerminal(start: StartOptions, settings: ShellSettings, process: ShellProcess): Promise<number> {
  // Loaded here only: they are slow to load, and most runs of the shell are for one command.
  const [{ Terminal }, { HistoryFile, historyPath }] = await Promise.all([
    import('./terminal.ts'),
    import('./history-file.ts')
  ])
  const canEdit = process.env.TERM !== 'dumb'
  const { stdin, stdout, stderr, env } = process
  const terminal = new Terminal({ stdin, stdout, stderr, canEdit }, new HistoryFile(historyPath(env)))
  const shell = new Shell(settings, terminal.output)
  await shell.connect(start.server)
  terminal.output.out('Welcome to ZooKeeper!\nJLine support is enabled') // compat: so reads the greeting
  await terminal.run(shell)
  return shell.exitCode
}

async function shellSettings(
  start: StartOptions,
  properties: ReadonlyMap<string, string>,
  environment: NodeJS.ProcessEnv
): Promise<ShellSettings> {
  const sessionTimeoutMs = parseInt32(start.timeout)
  if (sessionTimeoutMs === null || sessionTimeoutMs < 1) {
    throw new CliError(`-timeout needs a number of milliseconds, not "${start.timeout}"`, EXIT_FAILED)
  }
  const options = await clientOptions(readClientSettings(start.clientConfiguration, properties))
  return {
    clientOptions: { ...options, sessionTimeoutMs, readOnly: start.readOnly },
    waitForConnectionMs: start.waitsForConnection ? sessionTimeoutMs : null,
    zone: () => timeZone(environment)
  }
}
