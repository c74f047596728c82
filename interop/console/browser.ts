import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { Page } from './page.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const COMMAND_TIMEOUT_MS = 30_000
const CLOSE_TIMEOUT_MS = 5_000

/** The program of a browser that is there; null without one. `INTEROP_CHROMIUM` names another, or none where it is empty. */
export function findBrowser(): string | null {
  const named = process.env.INTEROP_CHROMIUM
  if (named !== undefined) return named === '' ? null : named
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      const file = join(folder, name)
      if (isExecutable(file)) return file
    }
  }
  return null
}

/** Called with the parameters of each event of one page. */
export type EventListener = (method: string, parameters: Readonly<Record<string, unknown>>) => void

interface Waiter {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

/** A message of the DevTools protocol, as far as it is looked at. */
interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
  readonly sessionId?: string
}

/** A browser without a window, driven by the DevTools protocol over a pair of pipes: messages end with a zero byte. */
export class Browser {
  readonly #process: ChildProcess
  readonly #profile: string
  readonly #commands: Writable
  readonly #waiters = new Map<number, Waiter>()
  readonly #listeners = new Map<string, EventListener>()
  #lastId = 0
  #rest = ''

  private constructor(child: ChildProcess, profile: string) {
    this.#process = child
    this.#profile = profile
    // The pipes that `stdio` asks for.
    this.#commands = child.stdio[3] as Writable
    const answers = child.stdio[4] as Readable
    answers.setEncoding('utf8')
    answers.on('data', (text: string) => this.#take(text))
    this.#commands.on('error', () => this.#failAll('the browser has gone'))
    child.once('exit', () => this.#failAll('the browser has ended'))
  }

  static async launch(program: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'zoonode-browser-'))
    const child = spawn(
      program,
      [
        '--headless=new',
        '--remote-debugging-pipe',
        `--user-data-dir=${profile}`,
        // Containers run as root, without what the sandbox needs; only our own pages are shown.
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--disable-extensions',
        '--disable-background-networking',
        '--no-first-run',
        '--hide-scrollbars',
        '--lang=en-GB',
        'about:blank'
      ],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] }
    )
    const browser = new Browser(child, profile)
    await browser.send('Browser.getVersion')
    return browser
  }

  /** A page of its own, with cookies of its own. */
  async newPage(): Promise<Page> {
    const { browserContextId } = await this.send('Target.createBrowserContext')
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    return Page.open(this, String(sessionId), String(targetId))
  }

  /** @throws Error with what the browser says, or after a while */
  send(method: string, params: object = {}, sessionId?: string): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(id)
        reject(new Error(`${method}: no answer of the browser`))
      }, COMMAND_TIMEOUT_MS)
      this.#waiters.set(id, { resolve, reject, timer })
      this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  }

  listen(sessionId: string, listener: EventListener): void {
    this.#listeners.set(sessionId, listener)
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      // Asked to, it ends its helpers as well: those that outlive it still write into the folder.
      this.#commands.write(`${JSON.stringify({ id: ++this.#lastId, method: 'Browser.close' })}\0`)
      const timer = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_TIMEOUT_MS)
      await ended
      clearTimeout(timer)
    }
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  #take(text: string): void {
    const parts = (this.#rest + text).split('\0')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#handle(JSON.parse(part))
  }

  #handle({ id, method, params, result, error, sessionId }: Message): void {
    if (id === undefined) {
      if (method !== undefined && sessionId !== undefined) this.#listeners.get(sessionId)?.(method, params ?? {})
      return
    }
    const waiter = this.#waiters.get(id)
    if (waiter === undefined) return
    this.#waiters.delete(id)
    clearTimeout(waiter.timer)
    if (error === undefined) waiter.resolve(result ?? {})
    else waiter.reject(new Error(error.message))
  }

  #failAll(why: string): void {
    for (const { reject, timer } of this.#waiters.values()) {
      clearTimeout(timer)
      reject(new Error(why))
    }
    this.#waiters.clear()
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
