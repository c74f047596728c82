import type { ExporterPort, PrometheusExporter } from '../admin/metrics/prometheus-exporter.ts'
import type { ServerView } from '../admin/server-view.ts'
import { TlsConfigError } from '../tls/tls-config-error.ts'
import type { MetricsSettings } from './config/settings.ts'
import { openHttpTls } from './http-tls.ts'
import type { Logger } from './logging/logger.ts'

/**
 * Opens the port of Prometheus's exporter, where `metricsProvider.className` asks for it. One that cannot be had is one
 * line in the log, and the server goes on without; upstream's ends.
 *
 * @returns null if there is none
 */
export async function openMetricsPort(view: ServerView, log: Logger): Promise<PrometheusExporter | null> {
  const { provider, httpHost, httpsPort, exportProcessInfo, summaryRotateIntervalSeconds } = view.settings.metrics
  if (provider !== 'prometheus') return null
  const ports = portsOf(view.settings.metrics, log)
  const [first] = ports
  if (first === undefined) return null
  // Here only, so that a start without it need not load prom-client.
  const { PrometheusExporter: Exporter } = await import('../admin/metrics/prometheus-exporter.ts')
  const exporter = new Exporter(
    {
      host: httpHost,
      ports,
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
    const keys = httpsPort === null ? 'metricsProvider.httpPort' : 'metricsProvider.httpPort and httpsPort'
    const where = ports.map(({ port }) => `${httpHost}:${port}`).join(' and ')
    log.warn(`metrics are not exported: cannot listen on ${where} (${why}); see ${keys}`)
    await exporter.close()
    return null
  }
  const scheme = first.tls === null || first.tls.isPlainTaken ? 'http' : 'https'
  log.info(`metrics for Prometheus on ${scheme}://${httpHost}:${exporter.port}/metrics`)
  if (ports.length > 1) log.info(`metrics for Prometheus on https://${httpHost}:${httpsPort}/metrics`)
  return exporter
}

/** Stores that cannot be read are one line, and there is no HTTPS then: upstream's server ends. */
function portsOf({ httpPort, httpsPort, tls }: MetricsSettings, log: Logger): ExporterPort[] {
  const plain = httpPort === null ? [] : [{ port: httpPort, tls: null }]
  if (httpsPort === null) return plain
  const isPlainTaken = httpPort === httpsPort
  const settings = { endpoint: tls, property: 'metricsProvider.ssl', clientAuth: tls.clientAuth, isPlainTaken }
  try {
    const secure = { port: httpsPort, tls: openHttpTls(settings, log) }
    return isPlainTaken ? [secure] : [...plain, secure]
  } catch (error) {
    if (!(error instanceof TlsConfigError)) throw error
    log.error(`metrics are not exported by HTTPS: ${error.message}`)
    return isPlainTaken ? [] : plain
  }
}
