import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../interop/harness/free-port.ts'

const PROGRAM = join(__dirname, '..', '..', 'dist', 'bin', 'zoonode.js')
const READY = /clients on port (\d+)/
const START_MS_MAX = 60_000

/** A server of this project, in a process and a folder of its own, that can be stopped and started again. */
export class OwnServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'zoonode-client-test-'))
  readonly #config: Readonly<Record<string, string>>
  #child: ChildProcess | null = null
  #port = 0

  /** @param config lines of zoo.cfg, over short ticks and a port that is free */
  constructor(config: Readonly<Record<string, string>> = {}) {
    this.#config = config
  }

  get port(): number {
    return this.#port
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Starts it and waits until it serves. The port stays the same when it is started again. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort()
    const settings = {
      tickTime: '200',
      dataDir: join(this.#folder, 'data'),
      clientPort: String(this.#port),
      clientPortAddress: '127.0.0.1',
      extendedTypesEnabled: 'true',
      ...this.#config
    }
    const file = join(this.#folder, 'zoo.cfg')
    writeFileSync(
      file,
      Object.entries(settings)
        .map(([key, value]) => `${key}=${value}\n`)
        .join('')
    )
    const child = spawn(process.execPath, [PROGRAM, file], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#port = await readyPort(child)
  }

  /** Ends it as `kill -9` does. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** Ends it and removes its folder. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
}

function readyPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const fail = (problem: string) => reject(new Error(`${problem}:\n${text}`))
    const timer = setTimeout(() => fail(`the server did not start within ${START_MS_MAX} ms`), START_MS_MAX)
    const read = (chunk: Buffer) => {
      text += chunk.toString('utf8')
      const [, port] = READY.exec(text) ?? []
      if (port === undefined) return
      clearTimeout(timer)
      resolve(Number(port))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.once('exit', () => {
      clearTimeout(timer)
      fail('the server ended while starting')
    })
  })
}
