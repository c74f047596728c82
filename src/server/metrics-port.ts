import type { PrometheusExporter } from '../admin/metrics/prometheus-exporter.ts'
import type { ServerView } from '../admin/server-view.ts'
import type { Logger } from './logging/logger.ts'

/**
 * Opens the port of Prometheus's exporter, where `metricsProvider.className` asks for it. One that cannot be had is one
 * line in the log, and the server goes on without; upstream's ends.
 *
 * @returns null if there is none
 */
export async function openMetricsPort(view: ServerView, log: Logger): Promise<PrometheusExporter | null> {
  const { provider, httpHost, httpPort, httpsPort, exportProcessInfo, summaryRotateIntervalSeconds } =
    view.settings.metrics
  if (provider !== 'prometheus') return null
  if (httpsPort !== null) log.warn('metricsProvider.httpsPort has no effect yet: the exporter takes plain HTTP only')
  if (httpPort === null) return null
  // Here only, so that a start without it need not load prom-client.
  const { PrometheusExporter: Exporter } = await import('../admin/metrics/prometheus-exporter.ts')
  const exporter = new Exporter(
    {
      host: httpHost,
      port: httpPort,
      tls: null,
      exportProcessInfo,
      rotateIntervalSeconds: summaryRotateIntervalSeconds
    },
    view,
    (error) => log.warn(`a scrape failed: ${error instanceof Error ? error.stack : String(error)}`)
  )
  try {
    await exporter.listen()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException // listening throws nothing else
    const why = code === 'EADDRINUSE' ? 'the port is in use by another program' : message
    log.warn(
      `metrics are not exported: cannot listen on ${httpHost}:${httpPort} (${why}); see metricsProvider.httpPort`
    )
    return null
  }
  log.info(`metrics for Prometheus on http://${httpHost}:${exporter.port}/metrics`)
  return exporter
}
