import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endWithUs } from '../../interop/differential/end-with-us.ts'
import type { ServerKind } from '../../interop/differential/servers.ts'
import { mavenClassPath } from '../../interop/harness/java.ts'

/** What a server is started with, beyond the settings that both kinds read. */
export interface LaunchOptions {
  readonly projectRoot: string
  /** Options of Node.js, before the program. */
  readonly nodeOptions?: readonly string[]
  /** Options of the JVM. */
  readonly javaOptions?: readonly string[]
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Both get the heap that Apache's scripts, and ours, give to a server; ours bounds the young generation and glibc's heaps, too. */
const HEAP_MB = 1000
const SEMI_SPACE_MB = 4
const ENVIRONMENTS = { apache: {}, zoonode: { MALLOC_ARENA_MAX: '1' } } as const

/** One server of either kind: a process in a folder of its own, started as often as wanted on the same data. */
export class ServerProcess {
  readonly kind: ServerKind
  readonly port: number
  readonly folder: string
  readonly #options: LaunchOptions
  #child: ChildProcess | null = null
  #ended: string | null = null
  #exit: Promise<void> = Promise.resolve()

  /** Writes `zoo.cfg`; the folder holds configuration, data and log. */
  constructor(
    kind: ServerKind,
    port: number,
    folder: string,
    settings: Readonly<Record<string, string>>,
    options: LaunchOptions
  ) {
    this.kind = kind
    this.port = port
    this.folder = folder
    this.#options = options
    mkdirSync(this.dataFolder, { recursive: true })
    const keys = { dataDir: this.dataFolder, ...settings }
    writeFileSync(
      join(folder, 'zoo.cfg'),
      Object.entries(keys)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('')
    )
  }

  get dataFolder(): string {
    return join(this.folder, 'data')
  }

  get pid(): number {
    return this.#child?.pid ?? -1
  }

  /** Null while the process lives, else how it ended. */
  get ended(): string | null {
    return this.#ended
  }

  /** Standard output and error so far. */
  get log(): string {
    const path = join(this.folder, 'log')
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }

  /** Starts the process. @returns when, in nanoseconds of the monotonic clock */
  async launch(): Promise<bigint> {
    const [program, ...args] = await this.#command()
    const logFile = openSync(join(this.folder, 'log'), 'a')
    const startedNs = process.hrtime.bigint()
    const child = spawn(program ?? '', args, {
      cwd: this.folder,
      env: { ...environmentOfServers(), ...ENVIRONMENTS[this.kind], ...this.#options.environment },
      stdio: ['ignore', logFile, logFile]
    })
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
    return startedNs
  }

  /** Ends the process at once; its data stay. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#exit
  }

  /** Waits for the end of a process that somebody else has killed. */
  async exited(): Promise<void> {
    await this.#exit
  }

  async #command(): Promise<string[]> {
    const config = join(this.folder, 'zoo.cfg')
    if (this.kind === 'zoonode') {
      const main = join(process.env.ZOONODE_HOME ?? this.#options.projectRoot, 'dist/bin/zoonode.js')
      const heap = [`--max-old-space-size=${HEAP_MB}`, `--max-semi-space-size=${SEMI_SPACE_MB}`]
      return [process.execPath, ...(this.#options.nodeOptions ?? []), ...heap, main, '--config', config]
    }
    return [
      'java',
      `-Xmx${HEAP_MB}m`,
      ...(this.#options.javaOptions ?? []),
      '-Djava.net.preferIPv4Stack=true',
      '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
      '-cp',
      await apacheClassPath(),
      'org.apache.zookeeper.server.quorum.QuorumPeerMain',
      config
    ]
  }
}

/** Class path of Apache ZooKeeper 3.9.5: the jars in ZOOKEEPER_LIB, or those that Maven brings. */
async function apacheClassPath(): Promise<string> {
  const folder = process.env.ZOOKEEPER_LIB
  return folder === undefined ? await mavenClassPath('java') : join(folder, '*')
}

/** What a machine sets for all Java and Node programs is none of a server's defaults: certificates to trust take each start of Node 50 ms. */
function environmentOfServers(): NodeJS.ProcessEnv {
  const ofAllPrograms = [
    'NODE_OPTIONS',
    'NODE_EXTRA_CA_CERTS',
    'JAVA_TOOL_OPTIONS',
    'JDK_JAVA_OPTIONS',
    '_JAVA_OPTIONS'
  ]
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ofAllPrograms.includes(name)))
}
