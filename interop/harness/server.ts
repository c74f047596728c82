import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, lastLines, runCommand, startChild } from './child.ts'
import { askFourLetterWord } from './four-letter-word.ts'
import { freePort } from './free-port.ts'
import { mavenClassPath } from './java.ts'
import { cacheFolder, PROGRAMS, REPOSITORY } from './paths.ts'
import { waitFor } from './wait-for.ts'

export type ServerKind = 'apache' | 'zoonode'

export interface ServerSettings {
  /** Lines of zoo.cfg, over the harness's own. */
  readonly config?: Readonly<Record<string, string>>
  /** Java system properties that zoo.cfg cannot express; zoonode reads them from SERVER_JVMFLAGS. */
  readonly properties?: Readonly<Record<string, string>>
  /** Added to the environment of servers. */
  readonly environment?: Readonly<Record<string, string>>
  /** Classes for Apache's server, before its own. */
  readonly classPath?: string
}

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const BUILD_TIMEOUT_MS = 300_000
const START_ATTEMPT_COUNT_MAX = 3
const ZOONODE_PROGRAM = join(PROGRAMS, 'dist', 'bin', 'zoonode.js')

/** One standalone server, Apache's or ours, on its own data folder and port, that can be killed and started again on the same ones. */
export class Server {
  readonly kind: ServerKind
  readonly arrangement = 'standalone'
  readonly folder: string
  readonly logFile: string
  readonly #settings: ServerSettings
  #port = 0
  #child: Child | null = null

  /** @param folder a fresh folder for configuration, data and log */
  constructor(kind: ServerKind, folder: string, settings: ServerSettings) {
    this.kind = kind
    this.folder = folder
    this.logFile = join(folder, 'server.log')
    this.#settings = settings
    mkdirSync(join(folder, 'data'), { recursive: true })
  }

  get connectString(): string {
    return `127.0.0.1:${this.#port}`
  }

  get port(): number {
    return this.#port
  }

  /** Starts and waits until clients are served. The port is chosen at the first start and kept. */
  async start(): Promise<void> {
    const first = this.#port === 0
    for (let attempt = 1; ; attempt++) {
      if (first) this.#port = await freePort()
      this.#writeConfig()
      const child = await this.#launch()
      this.#child = child
      const isReady = await waitFor(`the ${this.kind} server to serve`, START_TIMEOUT_MS, async () => {
        if (!child.isRunning) return 'dead' as const
        const answer = await askFourLetterWord(this.#port, 'srvr')
        return answer?.includes('Mode: standalone') ? ('ready' as const) : null
      })
      if (isReady === 'ready') return
      // Another process may have taken the port between the probe and the start.
      if (first && attempt < START_ATTEMPT_COUNT_MAX) continue
      throw new Error(`the ${this.kind} server ended while starting:\n${lastLines(this.logFile, 20)}`)
    }
  }

  /** Ends the server as `kill -9` does and waits until the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.signal('SIGKILL')
    await child.ended
    this.#child = null
  }

  /** Asks the server to end (SIGTERM) and waits for it; kills it after {@link STOP_TIMEOUT_MS} and throws then. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.signal('SIGTERM')
    try {
      await waitFor(`the ${this.kind} server to stop`, STOP_TIMEOUT_MS, async () => (child.isRunning ? null : true))
    } finally {
      await this.kill()
    }
  }

  /** Whether the process that was started is there; false after kill, stop, or a death of its own. */
  get isRunning(): boolean {
    return this.#child?.isRunning ?? false
  }

  #writeConfig(): void {
    const config: Record<string, string> = {
      tickTime: '2000',
      dataDir: join(this.folder, 'data'),
      clientPort: String(this.#port),
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': 'false',
      '4lw.commands.whitelist': '*',
      // Ours only, and means nothing to Apache's: what a wrong password does to a session's owner is compared, too.
      'session.wrongPasswordClosesOwner': 'true',
      ...this.#settings.config
    }
    const text = Object.entries(config).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(join(this.folder, 'zoo.cfg'), text.join(''))
  }

  async #launch(): Promise<Child> {
    const config = join(this.folder, 'zoo.cfg')
    const properties = Object.entries(this.#settings.properties ?? {}).map(([key, value]) => `-D${key}=${value}`)
    if (this.kind === 'zoonode') {
      await buildZoonode()
      const env = { ...this.#settings.environment, SERVER_JVMFLAGS: properties.join(' ') }
      const args = [ZOONODE_PROGRAM, '--config', config]
      return startChild({ command: process.execPath, args, logFile: this.logFile, cwd: this.folder, env })
    }
    const classPath = [this.#settings.classPath ?? [], await mavenClassPath('java')].flat().join(':')
    const log = '-Dorg.slf4j.simpleLogger.showDateTime=true'
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const args = ['-Xmx512m', log, ...properties, '-cp', classPath, main, config]
    return startChild({ command: 'java', args, logFile: this.logFile, cwd: this.folder })
  }
}

let zoonodeBuild: Promise<void> | null = null

/** Brings the build of zoonode up to date, once in the life of this process; a build that `ZOONODE_HOME` names is left alone. */
export function buildZoonode(): Promise<void> {
  if (PROGRAMS !== REPOSITORY) return Promise.resolve()
  const logFile = join(cacheFolder('logs'), 'build.log')
  const args = [join('scripts', 'build.mjs')]
  zoonodeBuild ??= runCommand({ command: process.execPath, args, logFile, cwd: REPOSITORY }, BUILD_TIMEOUT_MS)
  return zoonodeBuild
}
