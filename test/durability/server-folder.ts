import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerProcess, type ServerProcessOptions } from '../../interop/faults/kill/server-process.ts'
import { freePort } from '../../interop/harness/free-port.ts'
import { connect, type ZooKeeper } from '../../src/client/index.ts'

const CONNECT_TIMEOUT_MS = 30_000

export type ServerSettings = Partial<Pick<ServerProcessOptions, 'config' | 'env' | 'userId'>>

/** A folder for servers and what they leave, with the clients and processes of one test, which all end with it. */
export class ServerFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'zoonode-durability-'))
  readonly #processes: ServerProcess[] = []
  readonly #clients: ZooKeeper[] = []
  #ports = new Map<ServerProcess, number>()

  get dataDir(): string {
    return join(this.path, 'data')
  }

  /** Starts a server on the folder's data directory (or another one) and a port of its own, without waiting. */
  async launch({ config = {}, ...more }: ServerSettings = {}): Promise<ServerProcess> {
    const clientPort = config.clientPort ?? (await freePort())
    const server = new ServerProcess({
      folder: join(this.path, `server-${this.#processes.length}`),
      config: {
        tickTime: 500,
        maxSessionTimeout: 60_000,
        dataDir: this.dataDir,
        clientPort,
        clientPortAddress: '127.0.0.1',
        'admin.enableServer': 'false',
        '4lw.commands.whitelist': '*',
        ...config
      },
      ...more
    })
    this.#processes.push(server)
    this.#ports.set(server, Number(clientPort))
    return server
  }

  /** The same, and waits until it serves. */
  async start(settings: ServerSettings = {}): Promise<ServerProcess> {
    const server = await this.launch(settings)
    await server.ready()
    return server
  }

  portOf(server: ServerProcess): number {
    return this.#ports.get(server) ?? 0
  }

  async connect(server: ServerProcess): Promise<ZooKeeper> {
    const client = await connect(`127.0.0.1:${this.portOf(server)}`, {
      sessionTimeoutMs: 60_000,
      connectTimeoutMs: CONNECT_TIMEOUT_MS
    })
    this.#clients.push(client)
    return client
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close({ keepSession: true })))
    await Promise.all(this.#processes.map((server) => server.kill()))
    rmSync(this.path, { recursive: true, force: true })
  }
}
