import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type ConfigKeys, writeConfig } from './member-files.ts'
import { RestartableServer } from './restartable-server.ts'
import { TEST_KEYS, temporaryDirectory } from './test-defaults.ts'

/** What a server for tests is started with. All of it can be left out. */
export interface ServerOptions {
  /** Port for clients; 0, the default, takes one that is free. */
  readonly port?: number
  /** Address that it listens on; 127.0.0.1 by default. */
  readonly host?: string
  /** Where its data are kept, also after {@link TestServer.stop}; by default they are temporary and removed there. */
  readonly dataDirectory?: string
  /** Keys of `zoo.cfg` with their values, which win over the defaults for tests. */
  readonly settings?: ConfigKeys
  /** Is given each line that the server logs. */
  readonly log?: (line: string) => void
  /** Time for the server to get ready, ms; 30,000 by default. */
  readonly startTimeoutMs?: number
}

/** A server that tests have to themselves. */
export interface TestServer extends AsyncDisposable {
  readonly host: string
  /** Port for clients; stays the same for as long as this server is not stopped. */
  readonly port: number
  /** `host:port`, as clients want it. */
  readonly connectString: string
  /** Port of the HTTP admin server; null where it is off, which it is by default. */
  readonly adminPort: number | null
  readonly dataDirectory: string
  /** Id of its process while it runs. */
  readonly pid: number | undefined
  readonly isRunning: boolean
  /** Ends its process as `kill -9` does. Sessions and data stay for {@link start}. */
  kill(): Promise<void>
  /** Starts it again after {@link kill}, on the same port and data. */
  start(): Promise<void>
  /** Ends it in order and starts it again, on the same port and data. */
  restart(): Promise<void>
  /** Lets the process stand still with its sockets open, as a machine that hangs; {@link resume} lets it go on. */
  suspend(): void
  resume(): void
  /** Ends it in order, and removes its data if they are temporary. Idempotent; nothing is left of it then, not a handle either. */
  stop(): Promise<void>
}

/**
 * Starts a server by itself in a process of its own, and resolves when it serves.
 *
 * Data that are temporary are not synced (`forceSync=no`), sessions may be short (`minSessionTimeout`), and the admin server is off; `settings`
 * changes that. A server whose starter ends without stopping it stops by itself.
 *
 * @throws ServerStartError with the last lines that it wrote
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const server = new StandaloneTestServer(options)
  try {
    await server.start()
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

class StandaloneTestServer implements TestServer {
  readonly host: string
  readonly dataDirectory: string
  readonly #temporary: string | null
  readonly #server: RestartableServer
  #port: number

  constructor(options: ServerOptions) {
    this.host = options.host ?? '127.0.0.1'
    this.#port = options.port ?? 0
    this.#temporary = options.dataDirectory === undefined ? temporaryDirectory() : null
    this.dataDirectory = options.dataDirectory ?? join(this.#temporary ?? '', 'data')
    // A configuration is no data: it goes where temporary data would.
    const folder = this.#temporary ?? join(this.dataDirectory, 'zoonode-test')
    mkdirSync(folder, { recursive: true })
    const keys = { ...TEST_KEYS, forceSync: this.#temporary === null ? 'yes' : 'no', ...options.settings }
    const configFile = (): string =>
      writeConfig(join(folder, 'zoo.cfg'), {
        ...keys,
        dataDir: this.dataDirectory,
        clientPort: this.#port,
        clientPortAddress: this.host
      })
    this.#server = new RestartableServer(configFile, this.#temporary, options)
  }

  get port(): number {
    return this.#port
  }

  get connectString(): string {
    return `${this.host}:${this.#port}`
  }

  get adminPort(): number | null {
    return this.#server.adminPort
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  get isRunning(): boolean {
    return this.#server.isRunning
  }

  async start(): Promise<void> {
    this.#port = await this.#server.start()
  }

  kill(): Promise<void> {
    return this.#server.end('kill')
  }

  async restart(): Promise<void> {
    await this.#server.end('stop')
    await this.start()
  }

  suspend(): void {
    this.#server.suspend()
  }

  resume(): void {
    this.#server.resume()
  }

  async stop(): Promise<void> {
    await this.#server.end('stop')
    if (this.#temporary !== null) rmSync(this.#temporary, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}
