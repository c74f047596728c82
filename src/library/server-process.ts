import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../bin/library-server.js', import.meta.url))
/** Lines kept of what a server writes, for the message when it ends by itself. */
const LINES_KEPT = 20
/** How long a server may take to stop, ms, before it is killed: its own deadlines are shorter. */
const STOP_DEADLINE_MS = 30_000

/** Where a server listens, as it says when it is ready. */
export interface ServerPorts {
  readonly clientPort: number
  readonly adminPort: number | null
  readonly metricsPort: number | null
}

export interface ServerProcessOptions {
  readonly configFile: string
  /** Removed by the server itself when the process that started it is gone; null where its data belong to somebody. */
  readonly temporaryDirectory: string | null
  /** Is given each line that it logs. */
  readonly log: (line: string) => void
}

/** A server has ended while it was not to, or did not get ready in time. Its last lines are in the message. */
export class ServerStartError extends Error {
  override readonly name = 'ServerStartError'
  readonly lastLines: readonly string[]

  constructor(problem: string, lastLines: readonly string[]) {
    super([problem, ...lastLines].join('\n  '))
    this.lastLines = lastLines
  }
}

/** One run of a server in a process of its own. */
export class ServerProcess {
  readonly ready: Promise<ServerPorts>
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly #lines: string[] = []
  #hasEnded = false

  constructor(options: ServerProcessOptions) {
    const removes = options.temporaryDirectory === null ? [] : ['--remove', options.temporaryDirectory]
    this.#child = spawn(process.execPath, [PROGRAM, ...removes, '--config', options.configFile], {
      // What the test runner was given for itself, such as an inspector's port, is not for servers.
      env: { ...process.env, NODE_OPTIONS: '', SERVER_JVMFLAGS: '', JVMFLAGS: '' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A Ctrl-C is for the test runner, whose end the server notices.
      detached: true
    })
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#hasEnded = true
        resolve()
      }
      // Not `exit`: the last lines may still be in the pipes then.
      this.#child.once('close', end)
      this.#child.once('error', end)
    })
    this.#readLines(options.log)
    this.ready = this.#whenReady()
    // Whoever waits for it sees it; nobody has to.
    this.ready.catch(() => undefined)
  }

  get isRunning(): boolean {
    return !this.#hasEnded
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get lastLines(): readonly string[] {
    return this.#lines
  }

  /** As a service manager ends it: resolves when the process is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#keepCaller(true)
    this.#signal('SIGTERM')
    // One that stands still would not hear it.
    this.#signal('SIGCONT')
    const timer = setTimeout(() => this.#signal('SIGKILL'), STOP_DEADLINE_MS)
    await this.#ended
    clearTimeout(timer)
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#keepCaller(true)
    this.#signal('SIGKILL')
    await this.#ended
  }

  /** Lets it stand still, with its sockets open, and go on. */
  suspend(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  #signal(signal: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#child.kill(signal)
  }

  #readLines(log: (line: string) => void): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', (line) => {
        this.#lines.push(line)
        if (this.#lines.length > LINES_KEPT) this.#lines.shift()
        log(line)
      })
    }
  }

  #whenReady(): Promise<ServerPorts> {
    return new Promise((resolve, reject) => {
      this.#child.on('message', (message) => {
        const ports = portsOf(message)
        if (ports === null) return
        // A test that forgets to stop its server ends all the same, and the server with it.
        this.#keepCaller(false)
        resolve(ports)
      })
      this.#child.once('error', (error) => reject(new ServerStartError(`the server cannot run: ${error.message}`, [])))
      this.#child.once('close', (code, signal) => {
        reject(new ServerStartError(`the server ended with ${signal ?? `code ${code}`}`, this.#lines))
      })
    })
  }

  /** Whether this process stays for as long as the server's. */
  #keepCaller(keeps: boolean): void {
    const { channel, stdout, stderr } = this.#child
    const handles: unknown[] = [this.#child, channel, stdout, stderr]
    for (const handle of handles) {
      const { ref, unref } = (handle ?? {}) as { ref?: () => void; unref?: () => void } // pipes have both, their types do not say so
      if (keeps) ref?.call(handle)
      else unref?.call(handle)
    }
  }
}

/** Of the message that `bin/serve.ts` sends to who started it. */
function portsOf(message: unknown): ServerPorts | null {
  if (typeof message !== 'object' || message === null || !('clientPort' in message)) return null
  return message as ServerPorts // our own server's
}
