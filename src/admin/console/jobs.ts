import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { ZkError } from '../../client/errors.ts'
import { ConsoleError } from './console-error.ts'

/** Long work for a page: told line by line while it goes on, ended when the page goes, or asks for it. */
export interface Job {
  /** Tells how far it is. What is told last counts, and there need not be a line for each step. */
  tell(progress: Readonly<Record<string, unknown>>): void
  /** Aborted when nobody wants it any more: what is under way is finished, and nothing new begun. */
  readonly signal: AbortSignal
}

const JOBS_MAX_OF_KIND = 4
const TELL_MS = 200
/** A line comes at least so often, so that nothing between takes the connection for an idle one. */
const BEAT_MS = 5_000

/**
 * Jobs that are under way. An answer is a line of JSON for each thing that is told: first `{ job }`, by which it can be
 * stopped, then progress, at last `{ result }` or `{ error, message }`.
 */
export class Jobs {
  readonly #running = new Map<string, { readonly kind: string; readonly stop: AbortController }>()

  /**
   * Does the work, and answers with it.
   *
   * @throws ConsoleError where too many are under way, and whatever the work throws before it has told anything
   */
  async run(kind: string, response: ServerResponse, work: (job: Job) => Promise<unknown>): Promise<void> {
    const sameCount = [...this.#running.values()].filter((one) => one.kind === kind).length
    if (sameCount >= JOBS_MAX_OF_KIND) throw new ConsoleError(429, 'BUSY', 'others are at it already: try again')
    const id = randomBytes(18).toString('base64url')
    const stop = new AbortController()
    const lines = new Lines(response, id)
    this.#running.set(id, { kind, stop })
    const gone = (): void => stop.abort()
    response.once('close', gone)
    try {
      lines.end({ result: await work({ tell: (progress) => lines.tell(progress), signal: stop.signal }) })
    } catch (error) {
      if (!lines.hasBegun) throw error
      const code = error instanceof ZkError || error instanceof ConsoleError ? error.code : 'FAILED'
      lines.end({ error: code, message: error instanceof Error ? error.message : String(error) })
    } finally {
      this.#running.delete(id)
      lines.forget()
      response.removeListener('close', gone)
    }
  }

  /** Idempotent: it may have come to its end just now. */
  stop(id: string): void {
    this.#running.get(id)?.stop.abort()
  }

  close(): void {
    for (const { stop } of this.#running.values()) stop.abort()
  }
}

/** The answer of one job. */
class Lines {
  readonly #response: ServerResponse
  readonly #id: string
  #waiting: Readonly<Record<string, unknown>> | null = null
  #timer: NodeJS.Timeout | undefined
  #beat: NodeJS.Timeout | undefined
  hasBegun = false

  constructor(response: ServerResponse, id: string) {
    this.#response = response
    this.#id = id
  }

  tell(progress: Readonly<Record<string, unknown>>): void {
    this.#begin()
    this.#waiting = progress
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (this.#waiting !== null) this.#write(this.#waiting)
      this.#waiting = null
    }, TELL_MS)
  }

  end(last: Readonly<Record<string, unknown>>): void {
    this.#begin()
    this.forget()
    this.#response.end(`${JSON.stringify(last)}\n`)
  }

  forget(): void {
    clearTimeout(this.#timer)
    clearInterval(this.#beat)
  }

  #begin(): void {
    if (this.hasBegun) return
    this.hasBegun = true
    const headers = { 'Content-Type': 'application/x-ndjson; charset=utf-8', 'X-Accel-Buffering': 'no' }
    this.#response.writeHead(200, headers)
    this.#write({ job: this.#id })
    this.#beat = setInterval(() => this.#write({}), BEAT_MS)
  }

  /** A page that takes nothing misses lines, not the last one. */
  #write(line: Readonly<Record<string, unknown>>): void {
    if (!this.#response.writableNeedDrain) this.#response.write(`${JSON.stringify(line)}\n`)
  }
}
