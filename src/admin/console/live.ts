import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { ClientClosedError } from '../../client/errors.ts'
import type { WatchedEvent } from '../../client/watched-event.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'
import { isValidPath } from '../../protocol/path.ts'
import type { ActingClient } from './acting-client.ts'
import { ConsoleError } from './console-error.ts'
import { badRequest } from './route.ts'

const STREAMS_MAX = 64
const STREAMS_MAX_OF_ADDRESS = 24
const PATHS_MAX = 100
/** Changes are told together, at most so often; of a path that changes all the time, once in each. */
const TELL_MS = 250
const BEAT_MS = 10_000
/** Told to the browser: how long it waits before it comes again. */
const RETRY_MS = 3_000
const RETRIES_MS_MAX = 30_000
const RETRY_MS_MIN = 500

/**
 * Live updates: a stream of server-sent events for each page that is open and visible. The page says what it shows, a
 * persistent watch is set on each of those paths, and the paths that have changed are told. What became of them the page
 * asks by itself, with its own permissions.
 */
export class LiveStreams {
  readonly #streams = new Map<string, LiveStream>()

  get count(): number {
    return this.#streams.size
  }

  /** Keeps the response open until the page goes. @throws ConsoleError */
  open(response: ServerResponse, client: ActingClient, address: string): void {
    const sameCount = [...this.#streams.values()].filter((one) => one.address === address).length
    if (this.#streams.size >= STREAMS_MAX || sameCount >= STREAMS_MAX_OF_ADDRESS)
      throw new ConsoleError(503, 'BUSY', 'too many pages are open')
    const id = randomBytes(18).toString('base64url')
    const stream = new LiveStream(response, client, address)
    this.#streams.set(id, stream)
    response.once('close', () => {
      this.#streams.delete(id)
      stream.close()
    })
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    response.write(`retry: ${RETRY_MS}\nevent: hello\ndata: ${JSON.stringify({ id })}\n\n`)
  }

  /** Says what the page of a stream shows from now on. The id is known to that page alone. @throws ConsoleError */
  watch(id: string, paths: unknown): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) throw new ConsoleError(404, 'NO_STREAM', 'there is no such stream')
    if (!Array.isArray(paths) || paths.length > PATHS_MAX) throw badRequest(`paths is no list of at most ${PATHS_MAX}`)
    const valid = paths.filter((path): path is string => typeof path === 'string' && isValidPath(path))
    stream.watch(new Set(valid))
  }

  close(): void {
    for (const stream of this.#streams.values()) stream.end()
  }
}

class LiveStream {
  readonly address: string
  readonly #response: ServerResponse
  readonly #client: ActingClient
  #wanted: ReadonlySet<string> = new Set()
  readonly #watched = new Set<string>()
  /** Whose watches they are: another one begins without any. */
  #zk: ZooKeeper | null = null
  readonly #changed = new Set<string>()
  #isSettling = false
  #isClosed = false
  #retryMs = RETRY_MS_MIN
  #tellTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  readonly #beat: NodeJS.Timeout
  readonly #onEvent = ({ path, type }: WatchedEvent): void => {
    if (!type.endsWith('WatchRemoved')) this.#note(path)
  }

  constructor(response: ServerResponse, client: ActingClient, address: string) {
    this.address = address
    this.#response = response
    this.#client = client
    client.retain()
    this.#beat = setInterval(() => {
      this.#send(': still here\n\n')
      // A session that has ended has taken its watches along.
      void this.#settle()
    }, BEAT_MS)
  }

  watch(paths: ReadonlySet<string>): void {
    this.#wanted = paths
    void this.#settle()
  }

  end(): void {
    this.#response.end()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#beat)
    clearTimeout(this.#tellTimer)
    clearTimeout(this.#retryTimer)
    this.#wanted = new Set()
    void this.#settle().finally(() => this.#client.release())
  }

  /** Brings the watches to what is wanted, one run at a time. */
  async #settle(): Promise<void> {
    if (this.#isSettling) return
    this.#isSettling = true
    try {
      if (this.#wanted.size > 0 || this.#watched.size > 0) await this.#setWatches()
      this.#retryMs = RETRY_MS_MIN
    } catch (error) {
      // The login is over: the page finds out when it comes again. Else the server takes no clients now: ever later again.
      if (error instanceof ClientClosedError) this.end()
      else this.#retrySoon()
    } finally {
      this.#isSettling = false
    }
  }

  async #setWatches(): Promise<void> {
    const zk = await this.#client.get()
    if (zk !== this.#zk) {
      // Whatever happened in between was not seen.
      if (this.#zk !== null) for (const path of this.#wanted) this.#note(path)
      this.#watched.clear()
      this.#zk = zk
    }
    for (let path = this.#missing(); path !== undefined; path = this.#missing()) {
      this.#watched.add(path)
      await zk.addWatch(path, 'persistent', this.#onEvent)
      // It may have changed after the page asked for it and before the watch was there.
      this.#note(path)
    }
    for (let path = this.#surplus(); path !== undefined; path = this.#surplus()) {
      this.#watched.delete(path)
      await zk.removeWatches(path, { watcher: this.#onEvent, local: true })
    }
  }

  #missing(): string | undefined {
    for (const path of this.#wanted) if (!this.#watched.has(path)) return path
    return undefined
  }

  #surplus(): string | undefined {
    for (const path of this.#watched) if (!this.#wanted.has(path)) return path
    return undefined
  }

  #retrySoon(): void {
    // What was half done is done again: setting a watch twice does no harm.
    this.#watched.clear()
    if (this.#isClosed) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.#settle(), this.#retryMs)
    this.#retryMs = Math.min(2 * this.#retryMs, RETRIES_MS_MAX)
  }

  #note(path: string): void {
    if (this.#isClosed) return
    this.#changed.add(path)
    this.#tellTimer ??= setTimeout(() => this.#tell(), TELL_MS)
  }

  #tell(): void {
    this.#tellTimer = undefined
    const paths = [...this.#changed].filter((path) => this.#wanted.has(path))
    this.#changed.clear()
    if (paths.length > 0) this.#send(`event: change\ndata: ${JSON.stringify({ paths })}\n\n`)
  }

  /** To a page that takes nothing for a while nothing is said: it is cut off, and comes again. */
  #send(text: string): void {
    if (this.#response.writableNeedDrain) this.#response.destroy()
    else this.#response.write(text)
  }
}
