import { hostname } from 'node:os'
import { ZOONODE_VERSION } from '../../admin/version.ts'
import type { RequestTrace, SlowRequest } from '../../core/pipeline/slow-requests.ts'
import type { TracingSettings } from '../config/settings.ts'
import type { Logger } from '../logging/logger.ts'
import { Collector, type Delivery } from './collector.ts'
import { randomIds } from './random-ids.ts'
import { integer, type KeyValue, spansOf, string } from './request-spans.ts'

/** What is counted. */
export interface TraceCounters {
  /** Requests whose traces a collector has. */
  readonly exported: { add(count: number): void }
  /** Requests whose traces nobody has. */
  readonly dropped: { add(count: number): void }
}

export interface TraceExporterParts {
  readonly settings: TracingSettings
  /** From how long on a request is slow; null: none is. */
  readonly slowMs: number | null
  /** Null for a server that stands alone. */
  readonly serverId: number | null
  readonly counters: TraceCounters
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** So many are turned into JSON at one go, on the thread that serves clients: some milliseconds. */
const BATCH_COUNT_MAX = 128
const RETRY_MS_MIN = 1_000
const RETRY_MS_MAX = 30_000
const COMPLAINT_MS = 60_000
const CLOSE_MS = 1_000

/**
 * Sends requests as traces to a collector: batches of what has been gathered for a while, one at a time. Nothing waits for it:
 * what does not fit into the queue while the collector is slow, or away, is dropped and counted.
 */
export class TraceExporter implements RequestTrace {
  readonly every: number
  readonly #parts: TraceExporterParts
  readonly #collector: Collector
  readonly #newId = randomIds()
  readonly #resource: { readonly attributes: readonly KeyValue[] }
  #queue: SlowRequest[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | null = null
  #retryMs = 0
  #lostCount = 0
  #complainedMs = Number.NEGATIVE_INFINITY
  #isFailing = false
  #isClosed = false

  constructor(parts: TraceExporterParts) {
    const { settings, serverId } = parts
    this.#parts = parts
    this.every = settings.sampleRate === 0 ? 0 : Math.max(1, Math.round(1 / settings.sampleRate))
    this.#collector = new Collector(new URL(settings.endpoint))
    const attributes = [
      string('service.name', settings.serviceName),
      string('service.version', ZOONODE_VERSION),
      string('service.instance.id', serverId === null ? hostname() : `${hostname()}/${serverId}`),
      string('host.name', hostname()),
      integer('process.pid', process.pid)
    ]
    if (serverId !== null) attributes.push(integer('zookeeper.server.id', serverId))
    this.#resource = { attributes }
  }

  answered(request: SlowRequest): void {
    if (this.#queue.length >= this.#parts.settings.queueSize) return this.left(1)
    this.#queue.push(request)
    // A collector that was away is asked when its time has come, not with each request.
    if (this.#queue.length === BATCH_COUNT_MAX && this.#retryMs === 0) this.#sendAfter(0)
    else this.#timer ??= setTimeout(() => this.#send(), this.#parts.settings.batchDelayMs).unref()
  }

  left(count: number): void {
    this.#lostCount += count
    this.#parts.counters.dropped.add(count)
  }

  /** What has been gathered is sent, if the collector takes it within a second. */
  async close(): Promise<void> {
    const deadline = new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())
    await Promise.race([this.#flush(), deadline])
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#collector.close()
  }

  async #flush(): Promise<void> {
    await this.#sending
    while (this.#queue.length > 0 && !this.#isFailing && !this.#isClosed) {
      this.#send()
      await this.#sending
    }
  }

  #sendAfter(delayMs: number): void {
    if (this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#send(), delayMs).unref()
  }

  #send(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#sending !== null || this.#queue.length === 0) return
    this.#sending = this.#sendBatch().finally(() => {
      this.#sending = null
      if (this.#queue.length === 0) return
      this.#sendAfter(this.#retryMs > 0 ? this.#retryMs : this.#queue.length >= BATCH_COUNT_MAX ? 0 : this.#delayMs)
    })
  }

  get #delayMs(): number {
    return this.#parts.settings.batchDelayMs
  }

  async #sendBatch(): Promise<void> {
    const count = Math.min(this.#queue.length, BATCH_COUNT_MAX)
    const delivery = await this.#collector.deliver(this.#bodyOf(this.#queue.slice(0, count)))
    if (this.#isClosed) return
    if (delivery.kind !== 'later') this.#queue = this.#queue.slice(count)
    this.#note(delivery, count)
  }

  #note(delivery: Delivery, count: number): void {
    switch (delivery.kind) {
      case 'later':
        this.#isFailing = true
        this.#retryMs = Math.min(RETRY_MS_MAX, Math.max(RETRY_MS_MIN, 2 * this.#retryMs))
        return this.#complain(delivery.reason)
      case 'refused':
        this.#isFailing = true
        this.left(count)
        return this.#complain(delivery.reason)
      case 'taken':
        this.#retryMs = 0
        this.#parts.counters.exported.add(count)
        if (delivery.rejectedCount > 0) {
          return this.#complain(`it rejects ${delivery.rejectedCount} spans: ${delivery.message}`)
        }
        if (this.#isFailing) this.#parts.log.info(`traces get to ${this.#parts.settings.endpoint} again`)
        this.#isFailing = false
    }
  }

  /** A line a minute, whatever goes wrong. */
  #complain(reason: string): void {
    const nowMs = performance.now()
    if (nowMs - this.#complainedMs < COMPLAINT_MS) return
    this.#complainedMs = nowMs
    const lost = this.#lostCount === 0 ? '' : `; ${this.#lostCount} requests were not traced for that`
    this.#lostCount = 0
    this.#parts.log.warn(`traces do not get to ${this.#parts.settings.endpoint}: ${reason}${lost}`)
  }

  /** A request of OTLP, `ExportTraceServiceRequest`. */
  #bodyOf(requests: readonly SlowRequest[]): string {
    const spans = requests.flatMap((request) => spansOf(request, this.#parts.slowMs, this.#newId))
    const scope = { name: 'zoonode', version: ZOONODE_VERSION }
    return JSON.stringify({ resourceSpans: [{ resource: this.#resource, scopeSpans: [{ scope, spans }] }] })
  }
}
