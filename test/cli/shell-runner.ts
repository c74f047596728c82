import { PassThrough, Readable, Writable } from 'node:stream'
import { main } from '../../src/cli/main.ts'

/** What one run of the shell gave. */
export interface ShellRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the shell in this process. */
export async function runShell(
  args: readonly string[],
  input: string | Readable = '',
  env: NodeJS.ProcessEnv = {}
): Promise<ShellRun> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const texts = [collect(stdout), collect(stderr)]
  const stdin = typeof input === 'string' ? Readable.from([input]) : input
  const exitCode = await main(args, { stdin, stdout, stderr, env })
  stdout.end()
  stderr.end()
  const [out = '', err = ''] = await Promise.all(texts)
  return { exitCode, stdout: out, stderr: err }
}

async function collect(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

/** How long a test waits for the shell's prompt. */
const PROMPT_MS_MAX = 25_000
/** A prompt at the end, and perhaps the sequence that puts the cursor behind it. */
const PROMPT = /\(\w+\) \d+\] (.\[\d+G)?$/

/** A terminal with somebody who looks at it and types. */
export class FakeTerminal {
  readonly #stdin = Object.assign(new PassThrough(), { isTTY: true as const })
  /** What is on the screen, escape sequences included. */
  screen = ''
  #seen = 0

  /** Runs the shell until it ends, and answers its exit code. */
  run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
    const print = (done: () => void, text: string) => {
      this.screen += text
      done()
    }
    const write = (chunk: Buffer | string, _: BufferEncoding, done: () => void) => print(done, String(chunk))
    const stdout = Object.assign(new Writable({ write }), { isTTY: true as const, columns: 200 })
    const stderr = new Writable({ write })
    return main(args, { stdin: this.#stdin, stdout, stderr, env })
  }

  /** Waits for the next prompt. */
  async prompt(): Promise<void> {
    await this.shows(PROMPT)
  }

  /** Waits until what has appeared since the last wait matches. */
  async shows(pattern: RegExp): Promise<void> {
    const deadlineMs = performance.now() + PROMPT_MS_MAX
    while (!pattern.test(this.screen.slice(this.#seen))) {
      if (performance.now() > deadlineMs) {
        throw new Error(`${pattern} did not appear:\n${this.screen.slice(this.#seen)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    this.#seen = this.screen.length
  }

  /** Presses a key from time to time until what it is to show appears. */
  async pressUntil(key: string, pattern: RegExp): Promise<void> {
    const timer = setInterval(() => this.#stdin.write(key), 50)
    try {
      await this.shows(pattern)
    } finally {
      clearInterval(timer)
    }
  }

  /** @param options whether the terminal shows what is typed, as it does by itself unless the program edits lines */
  type(text: string, options: { readonly isEchoed: boolean } = { isEchoed: false }): void {
    if (options.isEchoed) this.screen += text
    this.#seen = this.screen.length
    this.#stdin.write(text)
  }
}
