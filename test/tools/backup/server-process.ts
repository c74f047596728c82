import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../../../interop/harness/free-port.ts'

const HOME = process.env.ZOONODE_HOME ?? join(__dirname, '..', '..', '..')
const PROGRAM = join(HOME, 'dist', 'bin', 'zoonode.js')
const READY = /clients on port (\d+)/
const START_MS_MAX = 60_000

/** A server in a process of its own, in a folder that is the caller's. */
export class ServerProcess {
  readonly dataDir: string
  readonly configFile: string
  readonly #folder: string
  readonly #config: Readonly<Record<string, string>>
  #child: ChildProcess | null = null
  #port = 0
  output = ''

  /** @param config lines of zoo.cfg, over the test's own */
  constructor(folder: string, config: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#config = config
    this.dataDir = join(folder, 'data')
    this.configFile = join(folder, 'zoo.cfg')
    mkdirSync(folder, { recursive: true })
  }

  get port(): number {
    return this.#port
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Starts it and waits until it listens. The port stays the same when it is started again. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const settings: Readonly<Record<string, string>> = {
      tickTime: '500',
      dataDir: this.dataDir,
      clientPort: String(this.#port),
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': 'false',
      ...this.#config
    }
    const text = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(this.configFile, text.join(''))
    await this.restart()
  }

  /** Starts it with the configuration file as it is. */
  async restart(): Promise<void> {
    this.output = ''
    const child = spawn(process.execPath, [PROGRAM, this.configFile], {
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe']
    })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`it did not start:\n${this.output}`)), START_MS_MAX)
      const read = (bytes: Buffer): void => {
        this.output += bytes.toString('utf8')
        const port = READY.exec(this.output)?.[1]
        if (port === undefined) return
        this.#port = Number(port)
        clearTimeout(timer)
        resolve()
      }
      child.stdout?.on('data', read)
      child.stderr?.on('data', read)
      child.once('exit', () => {
        clearTimeout(timer)
        reject(new Error(`it ended:\n${this.output}`))
      })
    })
  }

  /** As `kill -9`. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
}

/** The answer to a four-letter word. */
export function askWord(port: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(word))
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString('utf8')
    })
    socket.once('end', () => resolve(text))
    socket.once('error', reject)
  })
}
