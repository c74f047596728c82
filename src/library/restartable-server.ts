import { ServerProcess, ServerStartError } from './server-process.ts'

const START_TIMEOUT_MS = 30_000

/** What {@link RestartableServer} does with each of its processes. */
export interface ProcessOptions {
  readonly log?: ((line: string) => void) | undefined
  readonly startTimeoutMs?: number | undefined
}

/** What a server and a member of an ensemble have in common: a process that can be started again. */
export class RestartableServer {
  readonly #configFile: () => string
  readonly #temporaryDirectory: string | null
  readonly #options: ProcessOptions
  #process: ServerProcess | null = null
  #adminPort: number | null = null

  constructor(configFile: () => string, temporary: string | null, options: ProcessOptions) {
    this.#configFile = configFile
    this.#temporaryDirectory = temporary
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process?.isRunning ?? false
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#process?.pid : undefined
  }

  get adminPort(): number | null {
    return this.#adminPort
  }

  /**
   * @returns its port for clients
   * @throws ServerStartError
   */
  async start(): Promise<number> {
    if (this.isRunning) throw new Error('the server runs already')
    const started = new ServerProcess({
      configFile: this.#configFile(),
      temporaryDirectory: this.#temporaryDirectory,
      log: this.#options.log ?? (() => undefined)
    })
    this.#process = started
    const timeoutMs = this.#options.startTimeoutMs ?? START_TIMEOUT_MS
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const fail = (): void =>
        reject(new ServerStartError(`the server was not ready after ${timeoutMs} ms`, started.lastLines))
      timer = setTimeout(fail, timeoutMs)
    })
    try {
      const { clientPort, adminPort } = await Promise.race([started.ready, late])
      this.#adminPort = adminPort
      return clientPort
    } catch (error) {
      await started.kill()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  async end(how: 'stop' | 'kill'): Promise<void> {
    await this.#process?.[how]()
    this.#process = null
  }

  suspend(): void {
    this.#process?.suspend()
  }

  resume(): void {
    this.#process?.resume()
  }
}
