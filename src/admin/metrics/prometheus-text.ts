import type { Counter, LabelledSet, PercentileSummary, Summary } from '../../core/instruments.ts'
import type { Metrics } from '../../core/metrics.ts'
import type { NamespaceQuota, ServerView } from '../server-view.ts'
import { gauges, lookOnce } from './gauges.ts'
import type { QuantileWindows } from './quantile-windows.ts'
import { PREFIX_GAUGES } from './registry.ts'

/** Prometheus's text format, version 0.0.4, with the names, kinds and labels of upstream's provider. */

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The one label of upstream's sets. */
const LABEL = 'key'
const QUANTILES = [0.5, 0.9, 0.99] as const

type Instrument = Metrics[keyof Metrics]

/** What a client asks for: every metric, or those of these names. */
export type NameFilter = ReadonlySet<string> | null

/** All figures of a server, family by family. */
export function* prometheusText(view: ServerView, windows: QuantileWindows, filter: NameFilter): Generator<string> {
  yield* gaugeFamilies(view, filter)
  for (const instrument of Object.values(view.metrics) as readonly Instrument[]) {
    if (isWanted(instrument.name, filter)) yield family(instrument, windows)
  }
}

export function isWanted(name: string, filter: NameFilter): boolean {
  return filter === null || filter.has(name)
}

/** All instruments of this kind, those in sets too. */
export function* percentileSummaries(metrics: Metrics): Generator<PercentileSummary> {
  for (const instrument of Object.values(metrics) as readonly Instrument[]) {
    if (instrument.kind === 'percentileSummary') yield instrument
    else if (instrument.kind === 'percentileSummarySet')
      yield* instrument.byLabel.values() as Iterable<PercentileSummary>
  }
}

function* gaugeFamilies(view: ServerView, filter: NameFilter): Generator<string> {
  const server = lookOnce(view)
  for (const { name, read } of gauges) {
    const value = isWanted(name, filter) ? read(server) : null
    if (value !== null) yield `${heading(name, 'gauge')}${name} ${number(value)}\n`
  }
  // A tree that is being replaced is not to be looked into.
  const quotas = view.isServing() ? [...server.tree.quotas()] : []
  for (const [name, read] of QUOTA_GAUGES) {
    if (isWanted(name, filter)) yield heading(name, 'gauge') + quotaSamples(name, quotas, read)
  }
  const prefixes = view.isServing() ? [...server.tree.prefixes()] : []
  for (const [name, read] of PREFIX_GAUGES) {
    if (prefixes.length > 0 && isWanted(name, filter))
      yield heading(name, 'gauge') +
        prefixes.map((each) => `${name}{${LABEL}="${each.name}"} ${number(read(each))}\n`).join('')
  }
}

const QUOTA_GAUGES: readonly (readonly [name: string, read: (quota: NamespaceQuota) => number])[] = [
  ['quota_count_limit_per_namespace', (quota) => quota.countLimit],
  ['quota_bytes_limit_per_namespace', (quota) => quota.bytesLimit],
  ['quota_count_usage_per_namespace', (quota) => quota.countUsed],
  ['quota_bytes_usage_per_namespace', (quota) => quota.bytesUsed]
]

function quotaSamples(
  name: string,
  quotas: readonly NamespaceQuota[],
  read: (quota: NamespaceQuota) => number
): string {
  const sums = new Map<string, number>()
  for (const quota of quotas) sums.set(quota.namespace, (sums.get(quota.namespace) ?? 0) + read(quota))
  return [...sums].map(([namespace, sum]) => `${name}{${LABEL}="${escaped(namespace)}"} ${number(sum)}\n`).join('')
}

function family(instrument: Instrument, windows: QuantileWindows): string {
  const { name } = instrument
  switch (instrument.kind) {
    case 'counter':
      return `${heading(name, 'counter')}${name} ${number(instrument.value)}\n`
    case 'summary':
      return heading(name, 'summary') + summarySamples(name, '', instrument)
    case 'percentileSummary':
      return heading(name, 'summary') + percentileSamples(name, '', instrument, windows)
    case 'counterSet':
      return heading(name, 'counter') + setSamples<Counter>(instrument, counterSample)
    case 'summarySet':
      return heading(name, 'summary') + setSamples<Summary>(instrument, summarySamples)
    default:
      return heading(name, 'summary') + setSamples<PercentileSummary>(instrument, withWindows(windows))
  }
}

function heading(name: string, type: 'counter' | 'gauge' | 'summary'): string {
  return `# HELP ${name} ${name}\n# TYPE ${name} ${type}\n`
}

type Samples<I> = (name: string, label: string, instrument: I) => string

function setSamples<I extends { add(value: number): void; reset(): void }>(set: unknown, samples: Samples<I>): string {
  const { name, byLabel } = set as LabelledSet<I> // its kind, which the caller has looked at, says so
  let text = ''
  for (const [label, instrument] of byLabel) text += samples(name, `${LABEL}="${escaped(label)}"`, instrument)
  return text
}

function counterSample(name: string, label: string, { value }: Counter): string {
  return `${name}{${label}} ${number(value)}\n`
}

/** Only count and sum are kept of these: upstream has a median beside, which would cost each request. */
function summarySamples(name: string, label: string, { count, sum }: Summary): string {
  const labels = label === '' ? '' : `{${label}}`
  return `${name}_count${labels} ${number(count)}\n${name}_sum${labels} ${number(sum)}\n`
}

function withWindows(windows: QuantileWindows): Samples<PercentileSummary> {
  return (name, label, instrument) => percentileSamples(name, label, instrument, windows)
}

function percentileSamples(
  name: string,
  label: string,
  instrument: PercentileSummary,
  windows: QuantileWindows
): string {
  const before = label === '' ? '' : `${label},`
  const quantiles = QUANTILES.map(
    (quantile) => `${name}{${before}quantile="${quantile}"} ${number(windows.quantile(instrument, quantile))}\n`
  )
  return quantiles.join('') + summarySamples(name, label, instrument.all)
}

/** As the format has it; whole numbers with a decimal point, as upstream. */
function number(value: number): string {
  if (Number.isInteger(value)) return `${value}.0`
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

function escaped(label: string): string {
  return label.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}
