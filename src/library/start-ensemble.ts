import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from './free-ports.ts'
import { type ConfigKeys, type MemberPlace, writeMemberFiles } from './member-files.ts'
import { RestartableServer } from './restartable-server.ts'
import { ServerStartError } from './server-process.ts'
import { TEST_KEYS, temporaryDirectory } from './test-defaults.ts'

const START_TIMEOUT_MS = 60_000
const ANSWER_TIMEOUT_MS = 2000
const PROBE_EVERY_MS = 10
const PORTS_EACH = 3
/** Between finding free ports and listening there, another program can take one. */
const ATTEMPTS_MAX = 3

export type ServingMode = 'leader' | 'follower' | 'observer'

/** What an ensemble for tests is started with. All of it can be left out. */
export interface EnsembleOptions {
  /** How many servers take part in votes; 3 by default. */
  readonly participants?: number
  /** How many follow without a vote; 0 by default. */
  readonly observers?: number
  /** Keys of `zoo.cfg` with their values, for all of them; they win over the defaults for tests. */
  readonly settings?: ConfigKeys
  /** Is given each line that a server logs. */
  readonly log?: (line: string, serverId: number) => void
  /** Time for all servers to get ready and find a leader, ms; 60,000 by default. */
  readonly startTimeoutMs?: number
}

/** One server of an ensemble. */
export interface TestMember {
  /** Its `myid`: 1, 2, 3 … */
  readonly id: number
  readonly role: MemberPlace['role']
  readonly host: string
  readonly port: number
  readonly connectString: string
  readonly adminPort: number | null
  readonly pid: number | undefined
  readonly isRunning: boolean
  /** What it is now; null while it looks for a leader or does not run. */
  mode(): Promise<ServingMode | null>
  /** Ends its process as `kill -9` does. */
  kill(): Promise<void>
  /** Ends it in order, as for maintenance; data stay. */
  shutDown(): Promise<void>
  /** Starts it again, on the same ports and data. Whether it serves is {@link mode}'s to say. */
  start(): Promise<void>
  /** Lets the process stand still with its sockets open; {@link resume} lets it go on. */
  suspend(): void
  resume(): void
}

/** Servers that make one ensemble, each in a process of its own. */
export interface TestEnsemble extends AsyncDisposable {
  readonly members: readonly TestMember[]
  /** `host:port` of all members, as clients want it. */
  readonly connectString: string
  /** Waits until there is a leader that serves. */
  leader(timeoutMs?: number): Promise<TestMember>
  /** Waits until every member that runs serves. */
  ready(timeoutMs?: number): Promise<void>
  /** Ends all members and removes their data. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts an ensemble on this machine, each server in a process of its own on ports that are free, and resolves when all of them serve.
 *
 * @throws ServerStartError with the last lines of the server that is to blame
 */
export async function startEnsemble(options: EnsembleOptions = {}): Promise<TestEnsemble> {
  for (let attempt = 1; ; attempt++) {
    const ensemble = await LocalEnsemble.on(options)
    try {
      await ensemble.start()
      return ensemble
    } catch (error) {
      await ensemble.stop()
      const isTaken = error instanceof ServerStartError && error.lastLines.some((line) => line.includes(' is in use'))
      if (!isTaken || attempt === ATTEMPTS_MAX) throw error
    }
  }
}

class LocalMember implements TestMember {
  readonly #place: MemberPlace
  readonly #server: RestartableServer

  constructor(place: MemberPlace, server: RestartableServer) {
    this.#place = place
    this.#server = server
  }

  get id(): number {
    return this.#place.id
  }

  get role(): MemberPlace['role'] {
    return this.#place.role
  }

  get host(): string {
    return this.#place.host
  }

  get port(): number {
    return this.#place.clientPort
  }

  get connectString(): string {
    return `${this.host}:${this.port}`
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

  async mode(): Promise<ServingMode | null> {
    if (!this.isRunning) return null
    const mode = /^Mode: (leader|follower|observer)$/m.exec(await ask(this.host, this.port, 'srvr'))?.[1]
    return mode === undefined ? null : (mode as ServingMode) // the pattern admits nothing else
  }

  kill(): Promise<void> {
    return this.#server.end('kill')
  }

  shutDown(): Promise<void> {
    return this.#server.end('stop')
  }

  async start(): Promise<void> {
    await this.#server.start()
  }

  suspend(): void {
    this.#server.suspend()
  }

  resume(): void {
    this.#server.resume()
  }
}

class LocalEnsemble implements TestEnsemble {
  readonly members: readonly LocalMember[]
  readonly #directory: string
  readonly #startTimeoutMs: number

  static async on(options: EnsembleOptions): Promise<LocalEnsemble> {
    const host = '127.0.0.1'
    const { participants = 3, observers = 0 } = options
    const ports = await freePorts((participants + observers) * PORTS_EACH, host)
    const places = Array.from({ length: participants + observers }, (_, index): MemberPlace => {
      const [clientPort = 0, quorumPort = 0, electionPort = 0] = ports.slice(index * PORTS_EACH)
      const role = index < participants ? 'participant' : 'observer'
      return { id: index + 1, role, host, clientPort, quorumPort, electionPort }
    })
    return new LocalEnsemble(places, options)
  }

  private constructor(places: readonly MemberPlace[], options: EnsembleOptions) {
    this.#directory = temporaryDirectory()
    this.#startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS
    const keys = { ...TEST_KEYS, forceSync: 'no', ...options.settings }
    const { log, startTimeoutMs } = options
    this.members = places.map((place) => {
      const folder = join(this.#directory, `server-${place.id}`)
      const configFile = writeMemberFiles(folder, place, places, keys)
      const logLine = log === undefined ? undefined : (line: string): void => log(line, place.id)
      // The file is not written again: a reconfiguration may have changed it.
      return new LocalMember(
        place,
        new RestartableServer(() => configFile, this.#directory, { log: logLine, startTimeoutMs })
      )
    })
  }

  get connectString(): string {
    return this.members.map((member) => member.connectString).join(',')
  }

  async start(): Promise<void> {
    await Promise.all(this.members.map((member) => member.start()))
    await this.ready(this.#startTimeoutMs)
  }

  leader(timeoutMs = START_TIMEOUT_MS): Promise<TestMember> {
    return until('a leader', timeoutMs, async () => {
      const modes = await Promise.all(this.members.map((member) => member.mode()))
      return this.members[modes.indexOf('leader')] ?? null
    })
  }

  async ready(timeoutMs = START_TIMEOUT_MS): Promise<void> {
    await until('all servers to serve', timeoutMs, async () => {
      const running = this.members.filter((member) => member.isRunning)
      const modes = await Promise.all(running.map((member) => member.mode()))
      return modes.includes('leader') && !modes.includes(null) ? true : null
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.shutDown()))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

async function until<T>(what: string, timeoutMs: number, probe: () => Promise<T | null>): Promise<T> {
  const endMs = performance.now() + timeoutMs
  for (;;) {
    const found = await probe()
    if (found !== null) return found
    if (performance.now() > endMs) throw new ServerStartError(`waited ${timeoutMs} ms for ${what} in vain`, [])
    await delay(PROBE_EVERY_MS)
  }
}

/** @returns the answer to a four-letter word; the empty text from a server that gives none */
function ask(host: string, port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host)
    let answer = ''
    socket.setEncoding('utf8')
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy())
    socket.on('connect', () => socket.write(word))
    socket.on('data', (text: string) => {
      answer += text
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => resolve(answer))
  })
}
