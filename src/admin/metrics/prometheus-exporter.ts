import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpListener, type HttpTls } from '../http/http-listener.ts'
import { sendText } from '../http/send-answer.ts'
import type { ServerView } from '../server-view.ts'
import { ProcessMetrics } from './process-metrics.ts'
import { type NameFilter, PROMETHEUS_CONTENT_TYPE, percentileSummaries, prometheusText } from './prometheus-text.ts'
import { QuantileWindows } from './quantile-windows.ts'

export interface ExporterSettings {
  readonly host: string
  /** Plain HTTP, HTTPS, or one port for both. */
  readonly ports: readonly ExporterPort[]
  readonly exportProcessInfo: boolean
  /** Half of the longest window of quantiles. */
  readonly rotateIntervalSeconds: number
}

export interface ExporterPort {
  readonly port: number
  readonly tls: HttpTls | null
}

const IDLE_TIMEOUT_MS = 30_000

/** Serves `/metrics` to Prometheus, on a port of its own as upstream's provider does. */
export class PrometheusExporter {
  readonly #view: ServerView
  readonly #listeners: readonly HttpListener[]
  readonly #windows: QuantileWindows
  readonly #process: ProcessMetrics | null
  readonly #rotateMs: number
  #timer: NodeJS.Timeout | undefined

  /** @param failed told of a scrape that failed */
  constructor(settings: ExporterSettings, view: ServerView, failed: (error: unknown) => void) {
    this.#view = view
    this.#windows = new QuantileWindows(() => percentileSummaries(view.metrics))
    this.#process = settings.exportProcessInfo ? new ProcessMetrics() : null
    this.#rotateMs = settings.rotateIntervalSeconds * 1000
    const { host, ports } = settings
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response)
    this.#listeners = ports.map(
      ({ port, tls }) => new HttpListener({ host, port, tls, idleTimeoutMs: IDLE_TIMEOUT_MS }, answer, failed)
    )
  }

  /** Of its first port. */
  get port(): number {
    return this.#listeners[0]?.port ?? 0
  }

  /** @throws the system's error if the port cannot be had */
  async listen(): Promise<void> {
    for (const listener of this.#listeners) await listener.listen()
    this.#timer = setInterval(() => this.#windows.rotate(), this.#rotateMs)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  async #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query = ''] = url.split('?', 2)
    if (path !== '/metrics') return end(response, 404)
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return end(response, 405)
    const filter = filterOf(query)
    const ofProcess = (await this.#process?.text(filter)) ?? ''
    const view = this.#view
    const windows = this.#windows
    response.setHeader('Content-Type', PROMETHEUS_CONTENT_TYPE)
    await sendText(
      response,
      (function* () {
        yield* prometheusText(view, windows, filter)
        yield ofProcess
      })()
    )
  }
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 }).end()
}

/** `name[]=A&name[]=B`, as upstream; null: everything. */
function filterOf(query: string): NameFilter {
  const names = new URLSearchParams(query).getAll('name[]')
  return names.length === 0 ? null : new Set(names)
}
