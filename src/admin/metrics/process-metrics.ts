import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { maxFileDescriptorCount, openFileDescriptorCount } from '../process-figures.ts'
import type { NameFilter } from './prometheus-text.ts'

/** What these would cost a server with many connections: they list all of them at each scrape. */
const LEFT_OUT = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'process_open_fds',
  'process_max_fds'
] as const

/**
 * Figures of the process, of Node.js and of its garbage collection, under the names that Node.js programs give them
 * (`process_*`, `nodejs_*`); upstream has those of its JVM here. The only user of prom-client.
 */
export class ProcessMetrics {
  readonly #registry = new Registry()
  #utilization = performance.eventLoopUtilization()

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    for (const name of LEFT_OUT) this.#registry.removeSingleMetric(name)
    const add = (name: string, help: string, read: () => number): void => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        }
      })
    }
    add('process_open_fds', 'Number of open file descriptors.', openFileDescriptorCount)
    add('process_max_fds', 'Maximum number of open file descriptors.', maxFileDescriptorCount)
    add(
      'nodejs_eventloop_utilization_ratio',
      'Share of the time since the last scrape that the main thread was not idle.',
      () => this.#utilizationSinceLast()
    )
  }

  /** In Prometheus's text format. */
  async text(filter: NameFilter): Promise<string> {
    if (filter === null) return `${await this.#registry.metrics()}\n`
    const wanted = this.#registry.getMetricsAsArray().filter(({ name }) => filter.has(name))
    const texts = await Promise.all(wanted.map(({ name }) => this.#registry.getSingleMetricAsString(name)))
    return texts.map((text) => `${text}\n`).join('')
  }

  #utilizationSinceLast(): number {
    const before = this.#utilization
    this.#utilization = performance.eventLoopUtilization()
    return performance.eventLoopUtilization(this.#utilization, before).utilization
  }
}
