import type { Metrics } from '../../core/metrics.ts'
import type { ServerSettings } from '../config/settings.ts'
import type { Logger } from '../logging/logger.ts'
import type { TraceExporter } from './trace-exporter.ts'

/** What traces requests, where `tracing.otlp.endpoint` asks for it; null otherwise, and then nothing of it is loaded. */
export async function openTracer(
  { tracing, metrics: { slowRequestThresholdMs }, quorum }: ServerSettings,
  { tracedRequests, untracedRequests }: Metrics,
  log: Logger
): Promise<TraceExporter | null> {
  if (tracing === null) return null
  const { TraceExporter: Exporter } = await import('./trace-exporter.ts')
  return new Exporter({
    settings: tracing,
    slowMs: slowRequestThresholdMs,
    serverId: quorum.standalone ? null : quorum.serverId,
    counters: { exported: tracedRequests, dropped: untracedRequests },
    log
  })
}
