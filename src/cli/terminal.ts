import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { Output } from './command.ts'
import { complete } from './completion.ts'
import type { HistoryFile } from './history-file.ts'
import type { Shell } from './shell.ts'
import { streamOutput } from './stream-output.ts'

/** Lines that may be typed ahead of the commands. */
const LINES_AHEAD_MAX = 1_000
/** How long the first prompt waits for the connection, so that it can show it. */
const FIRST_PROMPT_MS_MAX = 1_000
/** Exit code of a program that is interrupted, as shells have it. */
const EXIT_INTERRUPTED = 130

/** A terminal as Node gives it. */
export interface TerminalStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
  /** False for a terminal that can only print lines: no editing, no completion. */
  readonly canEdit: boolean
}

/** The shell at a terminal: prompt, line editing, completion, history; what watches tell is printed above the prompt. */
export class Terminal {
  readonly output: Output
  readonly #streams: TerminalStreams
  readonly #history: HistoryFile
  readonly #ahead: string[] = []
  #lines: Interface | null = null
  /** Whether the user is at the prompt, and no command is running. */
  #isPrompting = false
  #isClosed = false
  #wake: () => void = () => undefined

  constructor(streams: TerminalStreams, history: HistoryFile) {
    const plain = streamOutput(streams.stdout, streams.stderr)
    this.#streams = streams
    this.#history = history
    this.output = {
      out: (line) => this.#printAbovePrompt(() => plain.out(line)),
      err: (line) => this.#printAbovePrompt(() => plain.err(line)),
      outRaw: (text) => plain.outRaw(text)
    }
  }

  /** Runs commands until `quit` or the end of the input; the session is ended in any case. */
  async run(shell: Shell): Promise<void> {
    await shell.client?.connected(FIRST_PROMPT_MS_MAX).catch(() => undefined)
    const lines = this.#open(shell)
    while (!shell.isOver) {
      const line = await this.#nextLine(lines, shell.prompt)
      if (line === null) {
        await shell.client?.close()
        break
      }
      this.#history.append(line)
      await shell.runLine(line)
    }
    lines.close()
  }

  #open(shell: Shell): Interface {
    const { stdin: input, stdout: output, canEdit: terminal } = this.#streams
    const lines = createInterface({
      input,
      output,
      terminal,
      history: this.#history.load().reverse(), // readline has the latest first
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
        complete(line, shell.client).then(
          (result) => done(null, result),
          (error: Error) => done(error, [[], line])
        )
      }
    })
    lines.on('line', (line) => {
      this.#ahead.push(line)
      if (this.#ahead.length >= LINES_AHEAD_MAX) lines.pause()
      this.#wake()
    })
    lines.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
    lines.on('SIGINT', () => this.#interrupt(lines, shell))
    this.#lines = lines
    return lines
  }

  /** The next line, or null at the end of the input. */
  async #nextLine(lines: Interface, prompt: string): Promise<string | null> {
    if (this.#ahead.length === 0 && !this.#isClosed) {
      lines.resume()
      lines.setPrompt(prompt)
      lines.prompt()
      this.#isPrompting = true
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#isPrompting = false
    }
    return this.#ahead.shift() ?? null
  }

  /** At the prompt: drops what has been typed. While a command runs: ends the shell, as nothing else can stop it. */
  #interrupt(lines: Interface, shell: Shell): void {
    if (!this.#isPrompting) {
      shell.abandon()
      this.#streams.stdout.write('\n', () => process.exit(EXIT_INTERRUPTED))
      return
    }
    this.#streams.stdout.write('^C\n')
    lines.write(null, { ctrl: true, name: 'e' })
    lines.write(null, { ctrl: true, name: 'u' })
    lines.prompt()
  }

  #printAbovePrompt(print: () => void): void {
    if (!this.#isPrompting || this.#lines === null || !this.#streams.canEdit) {
      print()
      return
    }
    cursorTo(this.#streams.stdout, 0)
    clearLine(this.#streams.stdout, 0)
    print()
    this.#lines.prompt(true)
  }
}
