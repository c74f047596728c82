import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerKind } from '../../interop/differential/servers.ts'
import { askFourLetterWord } from '../../interop/harness/four-letter-word.ts'
import { freePort } from '../../interop/harness/free-port.ts'
import { waitFor } from '../../interop/harness/wait-for.ts'
import { type LoadTarget, startLoad } from '../load-generator.ts'
import { type LaunchOptions, ServerProcess } from './server-process.ts'
import type { TlsFiles } from './tls-files.ts'

/** Default settings of both kinds, but for what the loads need: many connections from one address, and no further port. */
const SETTINGS = { maxClientCnxns: '0', 'admin.enableServer': 'false' }
/** The sample configuration's limits. */
const ENSEMBLE_SETTINGS = { tickTime: '2000', initLimit: '10', syncLimit: '5' }
const LOOPBACK = '127.0.0.1'
const ENSEMBLE_SIZE = 3
const START_TIMEOUT_SECONDS = 60

export interface ServersOptions extends LaunchOptions {
  /** The load generator. */
  readonly program: string
}

/** One server, or an ensemble, of one kind: what a row is measured on. */
export class ServersUnderLoad {
  readonly kind: ServerKind
  readonly servers: readonly ServerProcess[]
  readonly tls: boolean
  readonly #program: string
  readonly #folder: string

  private constructor(kind: ServerKind, servers: readonly ServerProcess[], tls: boolean, program: string, at: string) {
    this.kind = kind
    this.servers = servers
    this.tls = tls
    this.#program = program
    this.#folder = at
  }

  /** One server; nothing is started. */
  static async standalone(
    kind: ServerKind,
    options: ServersOptions,
    tls: TlsFiles | null = null
  ): Promise<ServersUnderLoad> {
    const port = await freePort()
    const folder = newFolder(kind)
    const own = tls === null ? plainPort(port) : { ...securePort(port), ...tlsSettings(kind, tls) }
    const server = new ServerProcess(kind, port, folder, { ...SETTINGS, ...own }, options)
    return new ServersUnderLoad(kind, [server], tls !== null, options.program, folder)
  }

  /** Three servers on the loopback interface; nothing is started. */
  static async ensemble(kind: ServerKind, options: ServersOptions): Promise<ServersUnderLoad> {
    const folder = newFolder(kind)
    const ids = Array.from({ length: ENSEMBLE_SIZE }, (_, index) => index + 1)
    const ports = new Map<string, number>()
    const port = async (name: string): Promise<number> => {
      for (;;) {
        const found = ports.get(name) ?? (await freePort())
        if (!ports.has(name) && [...ports.values()].includes(found)) continue
        ports.set(name, found)
        return found
      }
    }
    const members: Record<string, string> = {}
    for (const id of ids) {
      members[`server.${id}`] = `${LOOPBACK}:${await port(`quorum-${id}`)}:${await port(`election-${id}`)}`
    }
    const servers: ServerProcess[] = []
    for (const id of ids) {
      const clientPort = await port(`client-${id}`)
      const settings = { ...SETTINGS, ...ENSEMBLE_SETTINGS, ...members, ...plainPort(clientPort) }
      const server = new ServerProcess(kind, clientPort, join(folder, `server-${id}`), settings, options)
      writeFileSync(join(server.dataFolder, 'myid'), `${id}\n`)
      servers.push(server)
    }
    return new ServersUnderLoad(kind, servers, false, options.program, folder)
  }

  /** Starts those that do not run, and waits until all serve. @throws Error with the log of one that does not */
  async start(): Promise<void> {
    await Promise.all(this.servers.map((server) => (server.pid < 0 || server.ended !== null ? server.launch() : null)))
    await this.serving()
  }

  /** Waits until each server answers a read. @throws Error with the log of one that does not */
  async serving(): Promise<void> {
    await Promise.all(this.servers.map((server) => this.#knock(server)))
  }

  async #knock(server: ServerProcess): Promise<void> {
    const args = { workload: 'knock', port: server.port, seconds: START_TIMEOUT_SECONDS, tls: this.tls }
    const knock = startLoad(this.#program, args)
    const answered = knock.result.then(() => null)
    const died = server.exited().then(() => server.ended)
    const problem = await Promise.race([answered, died]).catch((error: unknown) => String(error))
    if (problem === null) return
    knock.kill()
    throw new Error(`${this.kind} does not serve: ${problem}: ${lastLines(server.log)}`)
  }

  get pids(): number[] {
    return this.servers.map((server) => server.pid)
  }

  /** Where clients of a row connect. */
  async target(which: 'all' | 'follower'): Promise<LoadTarget> {
    const chosen = which === 'follower' ? (await this.followers()).slice(0, 1) : this.servers
    return { ports: chosen.map((server) => server.port), pids: this.pids, tls: this.tls }
  }

  /** The server that says it leads; waits for one. */
  async leader(): Promise<ServerProcess> {
    return await waitFor(`a leader of the ${this.kind} servers`, START_TIMEOUT_SECONDS * 1000, async () => {
      for (const server of this.servers) if ((await modeOf(server)) === 'leader') return server
      return null
    })
  }

  async followers(): Promise<ServerProcess[]> {
    const leader = await this.leader()
    return this.servers.filter((server) => server !== leader)
  }

  /** Null while all live, else how one ended. */
  get failure(): string | null {
    const ended = this.servers.find((server) => server.ended !== null)
    return ended === undefined ? null : `${this.kind}: ${ended.ended}: ${lastLines(ended.log)}`
  }

  /** The last lines that each server printed. */
  get lastWords(): string {
    return this.servers.map((server) => lastLines(server.log)).join(' | ')
  }

  /** Ends the processes at once and removes their folder. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()))
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function newFolder(kind: ServerKind): string {
  return mkdtempSync(join(tmpdir(), `zk-bench-${kind}-`))
}

function plainPort(port: number): Record<string, string> {
  return { clientPort: String(port), clientPortAddress: LOOPBACK }
}

function securePort(port: number): Record<string, string> {
  return { secureClientPort: String(port), secureClientPortAddress: LOOPBACK }
}

async function modeOf(server: ServerProcess): Promise<string | null> {
  return /^Mode: (\w+)$/m.exec((await askFourLetterWord(server.port, 'srvr')) ?? '')?.[1] ?? null
}

/** Clients need no certificate, which Apache's server would ask for by default. */
function tlsSettings(kind: ServerKind, files: TlsFiles): Record<string, string> {
  return {
    'ssl.keyStore.location': files.keyStore,
    'ssl.trustStore.location': files.trustStore,
    'ssl.clientAuth': 'none',
    ...(kind === 'apache' ? { serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory' } : {})
  }
}

function lastLines(log: string): string {
  return log.trimEnd().split('\n').slice(-3).join(' | ')
}
