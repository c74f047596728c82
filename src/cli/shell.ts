import { type ConnectionState, isFinal } from '../client/connection-state.ts'
import { ZkError } from '../client/errors.ts'
import type { ClientOptions } from '../client/options.ts'
import { ZooKeeper } from '../client/zookeeper.ts'
import { CliError, EXIT_COMMAND_NOT_FOUND, EXIT_FAILED } from './cli-error.ts'
import type { Output } from './command.ts'
import { splitLine } from './command-line.ts'
import { findCommand, shellUsage } from './command-table.ts'
import { eventText, promptState, stateText } from './event-text.ts'
import { failureText } from './failure-text.ts'
import { parseJavaInteger } from './number-argument.ts'

/** Commands that `history` shows before the present one. */
const HISTORY_SHOWN = 10
/** Lines kept for `redo`; older ones are forgotten. */
const HISTORY_COUNT_MAX = 10_000

/** How the shell connects. */
export interface ShellSettings {
  readonly clientOptions: ClientOptions
  /** How long to wait for each connection before going on; null for not at all. */
  readonly waitForConnectionMs: number | null
  /** Name of the time zone in which times are shown. */
  zone(): string
}

/**
 * The shell: runs one command after the other on one client, prints what its watches tell, and remembers the lines.
 *
 * What it prints, where, and its exit codes are those of upstream's shell.
 */
export class Shell {
  readonly #settings: ShellSettings
  readonly #output: Output
  readonly #history = new Map<number, string>()
  #client: ZooKeeper | null = null
  #host = ''
  #lineNumber = 0
  #printsWatches = true
  /** compat: of the same state in a row only the first is told, and at the start there is no connection. */
  #toldState: ConnectionState = 'disconnected'
  #exitCode = 0
  #isOver = false

  constructor(settings: ShellSettings, output: Output) {
    this.#settings = settings
    this.#output = output
  }

  /** That of the last command. */
  get exitCode(): number {
    return this.#exitCode
  }

  /** Whether `quit` has been given. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Null before the first connection is asked for. */
  get client(): ZooKeeper | null {
    return this.#client
  }

  get prompt(): string {
    return `[zk: ${this.#host}(${promptState(this.#client?.state ?? 'closed')}) ${this.#lineNumber}] `
  }

  /** Names the servers for the first command that needs one: nothing is connected before. */
  target(host: string): void {
    this.#host = host
  }

  /**
   * Connects to servers, ending the present session.
   *
   * @throws CliError if the connect string makes no sense, or there is no connection where it is to be waited for
   */
  async connect(host: string): Promise<void> {
    await this.#client?.close()
    this.#host = host
    const client = this.#open()
    const { waitForConnectionMs } = this.#settings
    if (waitForConnectionMs === null) return
    try {
      await client.connected(waitForConnectionMs)
    } catch (cause) {
      await client.close()
      throw new CliError(cause instanceof Error ? cause.message : String(cause), EXIT_FAILED, cause)
    }
  }

  /** Lets go of the session without ending it: upstream's shell, when it is done, does not. */
  abandon(): void {
    this.#printsWatches = false
    void this.#client?.close({ keepSession: true })
  }

  /** Runs one line of input and remembers it; an empty one is passed over. Never rejects. */
  async runLine(line: string): Promise<void> {
    if (line === '') return
    this.#remember(line)
    await this.run(splitLine(line))
    this.#lineNumber++
  }

  /** Runs a command given as words, tells why it failed, and notes the exit code. Never rejects. */
  async run(words: readonly string[]): Promise<void> {
    try {
      await this.#execute(words)
      if (!this.#isOver) this.#exitCode = 0
    } catch (error) {
      const failure = asCliError(error)
      this.#exitCode = failure.exitCode
      this.#output.err(failure.message)
    }
  }

  async #execute(words: readonly string[]): Promise<void> {
    const [name] = words
    if (name === undefined) {
      this.#output.err(shellUsage())
      throw new CliError('No command entered')
    }
    const command = findCommand(name)
    if (command === undefined) {
      this.#output.err(shellUsage())
      throw new CliError(`Command not found: Command not found ${name}`, EXIT_COMMAND_NOT_FOUND)
    }
    if (command.load === null) await this.#runOwn(name, words)
    if (this.#isOver) return
    if (this.#client !== null && isFinal(this.#client.state)) {
      this.#output.out('Not connected') // compat: also after history, and not a failure
      return
    }
    if (command.load === null) return
    const run = await command.load()
    const client = () => this.#client ?? this.#open()
    await run(words, { client, output: this.#output, usage: `${name} ${command.usage}`, zone: this.#settings.zone })
  }

  async #runOwn(name: string, words: readonly string[]): Promise<void> {
    switch (name) {
      case 'quit':
        await (this.#client ?? this.#open()).close()
        this.#isOver = true
        break
      case 'redo':
        if (words[1] !== undefined) await this.#redo(words[1])
        break
      case 'history':
        for (let number = Math.max(0, this.#lineNumber - HISTORY_SHOWN); number <= this.#lineNumber; number++) {
          this.#output.out(`${number} - ${this.#history.get(number) ?? 'null'}`)
        }
        break
      case 'printwatches':
        if (words[1] === undefined) this.#output.out(`printwatches is ${this.#printsWatches ? 'on' : 'off'}`)
        else this.#printsWatches = words[1] === 'on'
        break
      case 'connect':
        this.#client ??= this.#open()
        await this.connect(words[1] ?? this.#host)
        break
      default:
        throw new CliError(`the shell has no command ${name}`)
    }
  }

  /** compat: a redone command that fails is told, but `redo` itself has succeeded then. */
  async #redo(text: string): Promise<void> {
    const number = parseJavaInteger(text)
    if (number === null) throw new CliError(`redo needs the number of a line, not "${text}"`)
    const line = this.#history.get(number)
    if (number >= this.#lineNumber || line === undefined) throw new CliError('Command index out of range')
    const words = splitLine(line)
    if (words[0] === 'redo') throw new CliError('No redoing redos')
    this.#history.set(this.#lineNumber, line)
    await this.run(words)
  }

  #remember(line: string): void {
    this.#history.set(this.#lineNumber, line)
    this.#history.delete(this.#lineNumber - HISTORY_COUNT_MAX)
  }

  #open(): ZooKeeper {
    try {
      const client = new ZooKeeper(this.#host, this.#settings.clientOptions)
      client.on('state', (state) => this.#tellState(state))
      client.on('watch', (event) => this.#tell(eventText(event)))
      this.#client = client
      this.#toldState = 'disconnected'
      return client
    } catch (cause) {
      throw new CliError(cause instanceof Error ? cause.message : String(cause), EXIT_FAILED, cause)
    }
  }

  #tellState(state: ConnectionState): void {
    const text = stateText(state)
    if (text === null || state === this.#toldState) return
    this.#toldState = state
    this.#tell(text)
  }

  #tell(text: string): void {
    if (this.#printsWatches) this.#output.out(text)
  }
}

function asCliError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof ZkError) return new CliError(failureText(error), EXIT_FAILED, error)
  throw error
}
