import { propertyKey } from '../config-key.ts'
import { INVALID, javaInteger, text, type ValueType } from '../value-type.ts'

const TRACES_PATH = '/v1/traces'

/** Where a collector takes traces by OTLP over HTTP; without a path it is the usual one. */
const collectorUrl: ValueType<string> = {
  allowed: 'a URL with http or https, and without a user',
  parse(given) {
    if (!URL.canParse(given)) return INVALID
    const url = new URL(given)
    if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') return INVALID
    if (url.pathname === '/') url.pathname = TRACES_PATH
    return url.href
  }
}

const share: ValueType<number> = {
  allowed: 'a number from 0 to 1',
  parse(given) {
    const value = /^(\d+\.?\d*|\.\d+)$/.test(given) ? Number(given) : Number.NaN
    return value >= 0 && value <= 1 ? value : INVALID
  }
}

/** Requests as traces of OpenTelemetry; what they are, `docs/operations.md` says. */
export const tracingKeys = {
  endpoint: propertyKey<string | null>(
    'should',
    'tracing.otlp.endpoint',
    collectorUrl,
    null,
    'collector that gets traces of slow requests by OTLP over HTTP, as JSON',
    { defaultText: 'none (off)' }
  ),
  sampleRate: propertyKey('should', 'tracing.sampleRate', share, 0, 'share of the other requests that are traced, too'),
  serviceName: propertyKey('should', 'tracing.serviceName', text, 'zoonode', 'service.name of the traces'),
  queueSize: propertyKey(
    'should',
    'tracing.queueSize',
    javaInteger({ min: 1, max: 100_000 }),
    2048,
    'traces that wait for the collector at most; more are dropped',
    { unit: 'requests' }
  ),
  batchDelay: propertyKey(
    'should',
    'tracing.batchDelayMs',
    javaInteger({ min: 1, max: 600_000 }),
    2000,
    'how long traces wait for others to be sent with',
    { unit: 'ms' }
  )
}
