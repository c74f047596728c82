import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'

export interface ChildOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Where standard output and error go. Appended to. */
  readonly logFile: string
  readonly cwd?: string
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** `piped` leaves standard input and output to the caller; only standard error goes to the log then. */
  readonly streams?: 'logged' | 'piped'
}

/** What became of a child: its exit code, or the signal that ended it. */
export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A started process, the leader of its own process group. */
export class Child {
  readonly process: ChildProcess
  readonly ended: Promise<ChildEnd>
  #end: ChildEnd | null = null

  constructor(child: ChildProcess) {
    this.process = child
    this.ended = new Promise((resolve) => {
      const finish = (end: ChildEnd) => {
        alive.delete(this)
        this.#end = end
        resolve(end)
      }
      child.once('exit', (code, signal) => finish({ code, signal }))
      child.once('error', () => finish({ code: 127, signal: null }))
    })
  }

  get isRunning(): boolean {
    return this.#end === null
  }

  /** Signals this process alone. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.process.kill(signal)
  }

  /** Kills this process and all that it started and that stayed in its process group, also when the process itself has ended. */
  killGroup(): void {
    const pid = this.process.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}

const alive = new Set<Child>()

export function startChild(options: ChildOptions): Child {
  const log = openSync(options.logFile, 'a')
  const piped = options.streams === 'piped'
  const child = new Child(
    spawn(options.command, options.args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: piped ? ['pipe', 'pipe', log] : ['ignore', log, log],
      detached: true
    })
  )
  closeSync(log)
  alive.add(child)
  return child
}

/** Kills whatever is still running; for the end of the harness itself, however it comes. */
export function killAllChildren(): void {
  for (const child of alive) child.killGroup()
}

/**
 * Runs a command to its end.
 *
 * @throws Error with the last lines of the log, when the command fails or is not done after `timeoutMs`
 */
export async function runCommand(options: ChildOptions, timeoutMs: number): Promise<void> {
  const child = startChild(options)
  let late = false
  const timer = setTimeout(() => {
    late = true
    child.killGroup()
  }, timeoutMs)
  const end = await child.ended
  clearTimeout(timer)
  if (end.code === 0) return
  const outcome = late ? `not done after ${timeoutMs} ms` : `ended with ${end.signal ?? `exit code ${end.code}`}`
  throw new Error(`${options.command} ${options.args.join(' ')}: ${outcome}\n${lastLines(options.logFile, 30)}`)
}

/** Returns the last `count` lines of a text file, or nothing if it cannot be read. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
  } catch {
    return ''
  }
}
