import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../harness/free-port.ts'
import { endWithUs } from './end-with-us.ts'
import { RawConnection } from './wire/raw-connection.ts'
import { frame, WireWriter } from './wire/wire-writer.ts'

/** Which program to start. */
export type ServerKind = 'apache' | 'zoonode'

/** Keys of zoo.cfg beyond dataDir and clientPort; for Apache each is given as a system property too. */
export type Settings = Readonly<Record<string, string>>

/** A started server in a folder of its own, removed at `stop`. */
export interface RunningServer {
  readonly kind: ServerKind
  readonly port: number
  readonly folder: string
  readonly pid: number
  /** Null while the process lives, else how it ended. */
  exited(): string | null
  /** Standard output and error so far. */
  log(): string
  /** Kills the process and starts it again on its data; comes back when it serves. */
  restart(): Promise<void>
  /** Ends the process at once and removes its folder. */
  stop(): Promise<void>
}

export interface StartOptions {
  readonly projectRoot: string
  readonly settings: Settings
  /** JVM options instead of those for a quick start. */
  readonly javaOptions?: readonly string[]
  /** Where the data folder is made; memory-backed if the system has such a folder, so that the disk's speed does not count. */
  readonly parentFolder?: string
}

const START_TIMEOUT_MS = 60_000
const QUICK_START = ['-Xmx256m', '-Xms64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

/** Settings of the differential runs: nothing happens by itself, everything is allowed. */
export const DIFFERENTIAL_SETTINGS: Settings = {
  tickTime: '2000',
  maxSessionTimeout: '10000000',
  maxClientCnxns: '0',
  extendedTypesEnabled: 'true',
  'DigestAuthenticationProvider.superDigest': 'super:xQJmxLMiHGwaqBvst5y6rkB6HQs=',
  'znode.container.checkIntervalMs': '100000000',
  '4lw.commands.whitelist': '*',
  'admin.enableServer': 'false'
}

/**
 * Starts a standalone server on a free port and waits until it serves.
 *
 * @throws Error with the server's output when it does not come up
 */
export async function startServer(kind: ServerKind, options: StartOptions): Promise<RunningServer> {
  const port = await freePort()
  const parent = options.parentFolder ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir())
  const folder = mkdtempSync(join(parent, `zk-${kind}-`))
  const config = join(folder, 'zoo.cfg')
  const keys = {
    dataDir: join(folder, 'data'),
    clientPort: String(port),
    clientPortAddress: '127.0.0.1',
    // Ours only: what a wrong password does to a session's owner is compared, too.
    ...(kind === 'zoonode' ? { 'session.wrongPasswordClosesOwner': 'true' } : {}),
    ...options.settings
  }
  writeFileSync(
    config,
    Object.entries(keys)
      .map(([key, value]) => `${key}=${value}\n`)
      .join('')
  )
  const server = new ServerProcess(kind, port, folder, await commandLine(kind, options, config))
  server.launch()
  try {
    await waitUntilServing(server)
  } catch (error) {
    const text = server.log()
    await server.stop()
    throw new Error(`${kind} did not start: ${String(error)}\n${text}`)
  }
  return server
}

async function commandLine(kind: ServerKind, options: StartOptions, config: string): Promise<string[]> {
  if (kind === 'zoonode') return [process.execPath, zoonodeMain(options.projectRoot), '--config', config]
  const properties = Object.entries(options.settings).map(([key, value]) =>
    key.startsWith('znode.container.') || key === 'jute.maxbuffer' ? `-D${key}=${value}` : `-Dzookeeper.${key}=${value}`
  )
  return [
    'java',
    ...(options.javaOptions ?? QUICK_START),
    '-Djava.net.preferIPv4Stack=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    ...properties,
    '-cp',
    await apacheClassPath(),
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    config
  ]
}

/** The program of zoonode: that of the build in ZOONODE_HOME, or what `npm run build` made. */
function zoonodeMain(projectRoot: string): string {
  return join(process.env.ZOONODE_HOME ?? projectRoot, 'dist/bin/zoonode.js')
}

/** Class path of Apache ZooKeeper 3.9.5: the jars in ZOOKEEPER_LIB, or those that Maven brings for the interop suites. */
async function apacheClassPath(): Promise<string> {
  const folder = process.env.ZOOKEEPER_LIB
  if (folder !== undefined) return join(folder, '*')
  // Only when it is needed: the harness is written as an ES module, which Jest does not load.
  const { mavenClassPath } = await import('../harness/java.ts')
  return await mavenClassPath('java')
}

/** Compiles zoonode if a source is newer than what is there. @throws Error if it does not compile */
export function buildZoonode(projectRoot: string): void {
  if (process.env.ZOONODE_HOME !== undefined) return
  const built = spawnSync(process.execPath, [join(projectRoot, 'scripts/build.mjs')], { stdio: 'inherit' })
  if (built.status !== 0) throw new Error('zoonode does not compile')
}

class ServerProcess implements RunningServer {
  readonly kind: ServerKind
  readonly port: number
  readonly folder: string
  readonly #command: readonly string[]
  #child: ChildProcess | null = null
  #ended: string | null = null
  #exit: Promise<void> = Promise.resolve()

  constructor(kind: ServerKind, port: number, folder: string, command: readonly string[]) {
    this.kind = kind
    this.port = port
    this.folder = folder
    this.#command = command
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  launch(): void {
    const [program, ...args] = this.#command
    const logFile = openSync(join(this.folder, 'log'), 'a')
    const child = spawn(program ?? '', args, { cwd: this.folder, stdio: ['ignore', logFile, logFile] })
    closeSync(logFile)
    endWithUs(child)
    this.#child = child
    this.#ended = null
    this.#exit = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#ended = String(error)
        resolve()
      })
      child.on('exit', (code, signal) => {
        this.#ended ??= `exit ${code ?? signal}`
        resolve()
      })
    })
  }

  exited(): string | null {
    return this.#ended
  }

  log(): string {
    const path = join(this.folder, 'log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  async restart(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exit
    this.launch()
    await waitUntilServing(this)
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exit
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function waitUntilServing(server: RunningServer): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const ended = server.exited()
    if (ended !== null) throw new Error(ended)
    if (await serves(server.port)) return
    if (performance.now() > deadline) throw new Error(`not serving after ${START_TIMEOUT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

/** True if the server answers a handshake; resuming a session that does not exist leaves no trace in it. */
async function serves(port: number): Promise<boolean> {
  const connection = await RawConnection.open(port).catch(() => null)
  if (connection === null) return false
  const resume = new WireWriter().int(0).long(0n).int(10_000).long(0x1234n).blob({ fill: 16 }).byte(0).take()
  connection.send(frame(resume))
  const result = await connection.waitUntil((frames) => frames.length > 0, 2000)
  connection.drop()
  return result === 'frames'
}
