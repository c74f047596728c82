import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, lastLines, startChild } from './child.ts'
import { askFourLetterWord } from './four-letter-word.ts'
import { mavenClassPath } from './java.ts'
import { PROGRAMS } from './paths.ts'
import { buildZoonode, type ServerKind, type ServerSettings } from './server.ts'
import { waitFor } from './wait-for.ts'

/** Where a member listens. */
export interface MemberAddress {
  readonly host: string
  readonly clientPort: number
  readonly quorumPort: number
  readonly electionPort: number
}

export interface MemberPlan {
  readonly sid: number
  readonly kind: ServerKind
  readonly role: 'participant' | 'observer'
}

/** What a member does with its data directory when another kind takes its place. */
export type DataMove =
  /** It stays where it is; zoonode imports what it finds of Apache's. */
  | 'keep'
  /** It is emptied: the member synchronises with the leader. */
  | 'clear'
  /** `bin/zkMigrate.sh export` makes Apache's directory out of it. */
  | 'export'

export type ServingMode = 'leader' | 'follower' | 'observer' | 'standalone'

const STOP_TIMEOUT_MS = 20_000
const EXPORT_TIMEOUT_MS = 60_000

/** One server of an ensemble: a process of either kind, on an address and a folder that stay its own. */
export class Member {
  readonly sid: number
  readonly role: MemberPlan['role']
  /** A reconfiguration may change it. */
  address: MemberAddress
  readonly folder: string
  readonly logFile: string
  /** The static part of the configuration that all members share, `server.N=` lines included. */
  readonly #config: string
  readonly #settings: ServerSettings
  /** Runs a command in the member's place, such as a network namespace. */
  readonly #prefix: readonly string[]
  #kind: ServerKind
  #child: Child | null = null

  constructor(
    plan: MemberPlan,
    address: MemberAddress,
    folder: string,
    config: string,
    settings: ServerSettings,
    prefix: readonly string[] = []
  ) {
    this.sid = plan.sid
    this.role = plan.role
    this.#kind = plan.kind
    this.address = address
    this.folder = folder
    this.logFile = join(folder, 'server.log')
    this.#config = config
    this.#settings = settings
    this.#prefix = prefix
    this.#makeDataFolder()
  }

  get kind(): ServerKind {
    return this.#kind
  }

  get connectString(): string {
    return `${this.address.host}:${this.address.clientPort}`
  }

  get dataFolder(): string {
    return join(this.folder, 'data')
  }

  /** Its `zoo.cfg`, written at the first start if it is not there. */
  get configFile(): string {
    return join(this.folder, 'zoo.cfg')
  }

  get isRunning(): boolean {
    return this.#child?.isRunning ?? false
  }

  /** Of its process; null if it was never started, or killed. */
  get pid(): number | null {
    return this.#child?.process.pid ?? null
  }

  /** Resolves with the exit code of a process that ends by itself; null after a signal. @throws Error if none was started */
  async exitCode(): Promise<number | null> {
    if (this.#child === null) throw new Error(`${this.name} was not started`)
    return (await this.#child.ended).code
  }

  /** For messages: `zoonode 2`. */
  get name(): string {
    return `${this.#kind} ${this.sid}`
  }

  /** Starts the process; whether it serves is {@link mode}'s to say. */
  async start(): Promise<void> {
    if (this.isRunning) return
    this.#writeConfig()
    const file = this.configFile
    const properties = Object.entries(this.#settings.properties ?? {}).map(([key, value]) => `-D${key}=${value}`)
    const [command, args, env] = await this.#commandLine(file, properties)
    const [first, ...rest] = [...this.#prefix, command, ...args]
    if (first === undefined) throw new Error('there is no command')
    this.#child = startChild({
      command: first,
      args: rest,
      logFile: this.logFile,
      cwd: this.folder,
      env: { ...this.#settings.environment, ...env }
    })
  }

  /** Sets keys of its `zoo.cfg`, in force from the next start on; null takes one out. */
  configure(settings: Readonly<Record<string, string | null>>): void {
    this.#writeConfig()
    const isOther = (line: string): boolean => !Object.keys(settings).some((key) => line.startsWith(`${key}=`))
    const kept = readFileSync(this.configFile, 'utf8').split('\n').filter(isOther).join('\n')
    const lines = Object.entries(settings).flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}\n`]))
    writeFileSync(this.configFile, kept + lines.join(''))
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.killGroup()
    await child.ended
    this.#child = null
  }

  /** SIGTERM, and SIGKILL if that does not end it in time. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === null) return
    child.signal('SIGTERM')
    try {
      await waitFor(`${this.name} to stop`, STOP_TIMEOUT_MS, async () => (child.isRunning ? null : true))
    } finally {
      await this.kill()
    }
  }

  /** SIGSTOP: the process stands still, its sockets stay open. */
  pause(): void {
    this.#child?.signal('SIGSTOP')
  }

  resume(): void {
    this.#child?.signal('SIGCONT')
  }

  /** Makes a stopped member one of the other kind. It is not started. */
  async replaceBy(kind: ServerKind, data: DataMove): Promise<void> {
    if (this.isRunning) throw new Error(`${this.name} runs: it cannot be replaced`)
    if (data === 'clear') rmSync(this.dataFolder, { recursive: true, force: true })
    if (data === 'export') await this.#exportData()
    this.#kind = kind
    this.#makeDataFolder()
  }

  ask(word: string): Promise<string | null> {
    return askFourLetterWord(this.address.clientPort, word, this.address.host)
  }

  /** What it says of itself; null while it does not serve. */
  async mode(): Promise<ServingMode | null> {
    const answer = (await this.ask('srvr')) ?? ''
    const mode = /^Mode: (leader|follower|observer|standalone)$/m.exec(answer)?.[1]
    return mode === undefined ? null : (mode as ServingMode) // the pattern admits nothing else
  }

  /** Zxid of the last transaction in its tree; null while it does not serve. */
  async zxid(): Promise<bigint | null> {
    const hex = /^Zxid: 0x([0-9a-f]+)$/m.exec((await this.ask('srvr')) ?? '')?.[1]
    return hex === undefined ? null : BigInt(`0x${hex}`)
  }

  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : ''
  }

  lastLines(count: number): string {
    return lastLines(this.logFile, count)
  }

  /** Writes `myid`; for a data directory that somebody emptied. */
  writeId(): void {
    writeFileSync(join(this.dataFolder, 'myid'), `${this.sid}\n`)
  }

  /** What is there stays: a reconfiguration may have moved the membership out of it. */
  #writeConfig(): void {
    if (existsSync(this.configFile)) return
    const peerType = this.role === 'observer' ? 'peerType=observer\n' : ''
    const own = `dataDir=${this.dataFolder}\nclientPort=${this.address.clientPort}\nclientPortAddress=${this.address.host}\n`
    writeFileSync(this.configFile, `${this.#config}${own}${peerType}`)
  }

  #makeDataFolder(): void {
    mkdirSync(this.dataFolder, { recursive: true })
    this.writeId()
  }

  async #exportData(): Promise<void> {
    const exported = join(this.folder, 'exported')
    rmSync(exported, { recursive: true, force: true })
    const args = ['export', '--from', this.dataFolder, '--to', exported]
    const logFile = join(this.folder, 'export.log')
    const child = startChild({ command: join(PROGRAMS, 'bin', 'zkMigrate.sh'), args, logFile })
    const timer = setTimeout(() => child.killGroup(), EXPORT_TIMEOUT_MS)
    const { code } = await child.ended
    clearTimeout(timer)
    if (code !== 0) throw new Error(`zkMigrate.sh export ended with ${code}: ${lastLines(logFile, 5)}`)
    rmSync(this.dataFolder, { recursive: true, force: true })
    cpSync(exported, this.dataFolder, { recursive: true })
    rmSync(exported, { recursive: true, force: true })
  }

  async #commandLine(
    file: string,
    properties: readonly string[]
  ): Promise<[command: string, args: readonly string[], env: Record<string, string>]> {
    if (this.#kind === 'zoonode') {
      await buildZoonode()
      const args = [join(PROGRAMS, 'dist', 'bin', 'zoonode.js'), '--config', file]
      return [process.execPath, args, { SERVER_JVMFLAGS: properties.join(' ') }]
    }
    const classPath = await mavenClassPath('java')
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
    const args = [...jvm, '-Dorg.slf4j.simpleLogger.showDateTime=true', ...properties, '-cp', classPath, main, file]
    return ['java', args, {}]
  }
}
