import type { Metrics } from '../core/metrics.ts'
import type { MetricsSettings } from './config/settings.ts'
import type { Logger } from './logging/logger.ts'

type PauseSettings = Pick<MetricsSettings, 'pauseMonitorEnabled' | 'pauseInfoThresholdMs' | 'pauseWarnThresholdMs'>

/**
 * Watches for pauses of the event loop, as upstream for those of its JVM (`jvm.pause.monitor`; off by default): nothing
 * is read, answered or expired while it stands.
 */
export class PauseMonitor {
  readonly #settings: PauseSettings
  readonly #metrics: Metrics
  readonly #log: Logger

  constructor(settings: PauseSettings, metrics: Metrics, log: Logger) {
    this.#settings = settings
    this.#metrics = metrics
    this.#log = log
  }

  /** A tick came so late. */
  note(lateMs: number): void {
    const { pauseMonitorEnabled, pauseInfoThresholdMs, pauseWarnThresholdMs } = this.#settings
    if (!pauseMonitorEnabled) return
    const pauseMs = Math.floor(lateMs)
    this.#metrics.pauseTimeMs.add(pauseMs)
    if (pauseMs <= pauseInfoThresholdMs) return
    const level = pauseMs > pauseWarnThresholdMs ? 'warn' : 'info'
    this.#log[level](`the event loop stood still for ${pauseMs} ms: garbage collection, or the machine was busy`)
  }
}
