import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** How a server process ended. */
export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ServerProcessOptions {
  /** Holds `zoo.cfg`; data go to `data` in it unless the configuration says otherwise. */
  readonly folder: string
  /** Lines of zoo.cfg, beyond dataDir. */
  readonly config: Readonly<Record<string, string | number>>
  readonly env?: Readonly<Record<string, string>>
  /** Runs as this user; only root may ask for it. */
  readonly userId?: number
}

const START_TIMEOUT_MS = 60_000
const READY = 'zoonode is ready'

/** The compiled server; that of the build in `ZOONODE_HOME`, if it is set. */
export function serverProgram(): string {
  return join(process.env.ZOONODE_HOME ?? process.cwd(), 'dist', 'bin', 'zoonode.js')
}

/** One run of the server program as a process of its own, and what it says. */
export class ServerProcess {
  readonly ended: Promise<ProcessEnd>
  readonly startedMs = performance.now()
  readonly #child: ChildProcess
  #output = ''
  #errors = ''
  #end: ProcessEnd | null = null
  #told: () => void = () => undefined

  constructor({ folder, config, env, userId }: ServerProcessOptions) {
    const file = join(folder, 'zoo.cfg')
    mkdirSync(folder, { recursive: true })
    const settings = { dataDir: join(folder, 'data'), ...config }
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('')
    )
    this.#child = spawn(process.execPath, [serverProgram(), '--config', file], {
      cwd: folder,
      env: { ...process.env, SERVER_JVMFLAGS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(userId === undefined ? {} : { uid: userId, gid: userId })
    })
    const take = (text: string): void => {
      this.#output += text
      this.#told()
    }
    this.#child.stdout?.setEncoding('utf8').on('data', take)
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
      take(text)
    })
    // Whatever becomes of this process, the server must not outlive it.
    const killNow = (): void => void this.#child.kill('SIGKILL')
    process.once('exit', killNow)
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      // `close` comes when all that it said has been read, too.
      this.#child.once('close', (code, signal) => {
        process.off('exit', killNow)
        this.#end = { code, signal }
        this.#told()
        resolve(this.#end)
      })
    })
  }

  get isRunning(): boolean {
    return this.#end === null
  }

  /** All that it has said so far, standard output and errors. */
  get output(): string {
    return this.#output
  }

  /** What it has said on standard error. */
  get errors(): string {
    return this.#errors
  }

  /** @throws Error if it ends before, or is not ready in a minute */
  async ready(): Promise<void> {
    await this.said(READY)
  }

  /**
   * Waits until it has said something.
   *
   * @throws Error if it ends without it, or does not say it in time
   */
  async said(text: string, timeoutMs = START_TIMEOUT_MS): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs
    while (!this.#output.includes(text)) {
      if (this.#end !== null) throw new Error(`the server ended (${JSON.stringify(this.#end)}): ${this.#output}`)
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) throw new Error(`the server did not say "${text}" in ${timeoutMs} ms: ${this.#output}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs)
        this.#told = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** SIGKILL, and its end. */
  async kill(): Promise<ProcessEnd> {
    if (this.#end === null) this.#child.kill('SIGKILL')
    return this.ended
  }

  /** SIGTERM, and its end; SIGKILL if that does not come in time. */
  async stop(timeoutMs = 20_000): Promise<ProcessEnd> {
    if (this.#end === null) this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    const end = await this.ended
    clearTimeout(timer)
    return end
  }
}
