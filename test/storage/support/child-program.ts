import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** A program of `test/storage/programs` in a process of its own. */
export class ChildProgram {
  readonly #process: ChildProcess
  readonly #exit: Promise<number | NodeJS.Signals>
  #output = ''
  #errors = ''
  #lineWaiters: (() => void)[] = []

  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    const script = join(process.cwd(), 'test', 'storage', 'programs', name)
    const all = ['--import', 'tsx', script, ...args]
    this.#process = spawn(process.execPath, all, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process.stdout?.on('data', (bytes: Buffer) => {
      this.#output += bytes.toString()
      for (const wake of this.#lineWaiters.splice(0)) wake()
    })
    this.#process.stderr?.on('data', (bytes: Buffer) => {
      this.#errors += bytes.toString()
    })
    this.#exit = new Promise((resolve) => {
      // Not 'exit': the last lines may still be in the pipe then.
      this.#process.once('close', (code, signal) => {
        resolve(code ?? signal ?? 'SIGKILL')
        for (const wake of this.#lineWaiters.splice(0)) wake()
      })
    })
  }

  /** Whole lines that it has written so far. */
  get lines(): string[] {
    return this.#output.split('\n').slice(0, -1)
  }

  get errors(): string {
    return this.#errors
  }

  /** Waits until there are so many lines, or it has ended. */
  async untilLines(count: number): Promise<void> {
    while (this.lines.length < count && this.#process.exitCode === null && this.#process.signalCode === null) {
      await new Promise<void>((resolve) => this.#lineWaiters.push(resolve))
    }
  }

  /** Its exit code, or the signal that ended it; all its output has arrived by then. */
  ended(): Promise<number | NodeJS.Signals> {
    return this.#exit
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#exit
  }
}
