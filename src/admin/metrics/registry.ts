import type { Counter, LabelledSet, PercentileSummary, SizeStats, Summary } from '../../core/instruments.ts'
import type { Metrics } from '../../core/metrics.ts'
import { average, javaDouble } from '../java-text.ts'
import type { NamespaceQuota, PrefixUse, ServerView, TreeView } from '../server-view.ts'
import { gauges, lookOnce } from './gauges.ts'

/** One line of `mntr`: the name without `zk_`, and the value as Java prints it. */
export type MetricLine = readonly [name: string, value: string]

type Instrument = Metrics[keyof Metrics]
type InstrumentKind = Instrument['kind']

/** Upstream keeps each kind in a map of its own and prints them one after the other. */
const KIND_ORDER: readonly InstrumentKind[] = [
  'counter',
  'counterSet',
  'summary',
  'percentileSummary',
  'summarySet',
  'percentileSummarySet'
]

/** All figures of a server, in the order of `mntr`: gauges, then instruments by kind. */
export function* metricLines(view: ServerView): Generator<MetricLine> {
  const server = lookOnce(view)
  for (const { name, read, isDecimal } of gauges) {
    const value = read(server)
    if (value !== null) yield [name, isDecimal === true ? javaDouble(value) : String(value)]
  }
  yield* quotaLines(server.tree)
  yield* prefixLines(server.tree)
  const instruments: readonly Instrument[] = Object.values(view.metrics)
  for (const kind of KIND_ORDER) {
    for (const instrument of instruments) if (instrument.kind === kind) yield* instrumentLines(instrument)
  }
}

function* instrumentLines(instrument: Instrument): Generator<MetricLine> {
  switch (instrument.kind) {
    case 'counter':
      yield counterLine(instrument)
      break
    case 'summary':
      yield* summaryLines(instrument)
      break
    case 'percentileSummary':
      yield* percentileLines(instrument)
      break
    default:
      yield* setLines(instrument)
  }
}

function* setLines(
  set: LabelledSet<Counter> | LabelledSet<Summary> | LabelledSet<PercentileSummary>
): Generator<MetricLine> {
  for (const instrument of set.byLabel.values()) yield* instrumentLines(instrument)
}

function counterLine({ name, value }: Counter): MetricLine {
  return [name, String(value)]
}

function* summaryLines({ name, count, sum, min, max }: Summary): Generator<MetricLine> {
  yield [`avg_${name}`, javaDouble(average(sum, count))]
  yield [`min_${name}`, String(count === 0 ? 0 : min)]
  yield [`max_${name}`, String(count === 0 ? 0 : max)]
  yield [`cnt_${name}`, String(count)]
  yield [`sum_${name}`, String(sum)]
}

function* percentileLines(instrument: PercentileSummary): Generator<MetricLine> {
  yield* summaryLines(instrument.all)
  yield [`p50_${instrument.name}`, String(instrument.percentile(0.5))]
  yield [`p95_${instrument.name}`, String(instrument.percentile(0.95))]
  yield [`p99_${instrument.name}`, String(instrument.percentile(0.99))]
  yield [`p999_${instrument.name}`, String(instrument.percentile(0.999))]
}

const QUOTA_GAUGES: readonly (readonly [name: string, read: (quota: NamespaceQuota) => number])[] = [
  ['quota_count_limit_per_namespace', (quota) => quota.countLimit],
  ['quota_bytes_limit_per_namespace', (quota) => quota.bytesLimit],
  ['quota_count_usage_per_namespace', (quota) => quota.countUsed],
  ['quota_bytes_usage_per_namespace', (quota) => quota.bytesUsed]
]

/** Ours, by the name of a `prefixLimit`. */
export const PREFIX_GAUGES: readonly (readonly [name: string, read: (prefix: PrefixUse) => number])[] = [
  ['prefix_znodes', ({ znodes }) => znodes],
  ['prefix_znodes_limit', ({ znodesLimit }) => znodesLimit],
  ['prefix_bytes', ({ bytes }) => bytes],
  ['prefix_bytes_limit', ({ bytesLimit }) => bytesLimit]
]

function* prefixLines(tree: TreeView): Generator<MetricLine> {
  const prefixes = [...tree.prefixes()]
  for (const [name, read] of PREFIX_GAUGES) {
    for (const prefix of prefixes) yield [`${prefix.name}_${name}`, String(read(prefix))]
  }
}

/** Summed up by namespace, the -1 of "no limit" too, as upstream does. */
function* quotaLines(tree: TreeView): Generator<MetricLine> {
  const quotas = [...tree.quotas()]
  for (const [name, read] of QUOTA_GAUGES) {
    const sums = new Map<string, number>()
    for (const quota of quotas) sums.set(quota.namespace, (sums.get(quota.namespace) ?? 0) + read(quota))
    for (const [namespace, sum] of sums) yield [`${namespace}_${name}`, String(sum)]
  }
}

/** Sets back what `srst` sets back: everything but gauges and the count of failed authentications. */
export function resetServerStats(view: ServerView): void {
  const { requestLatency, packetsReceived, packetsSent, clientResponseSize } = view.stats
  const resettable: readonly { reset(): void }[] = [requestLatency, packetsReceived, packetsSent, clientResponseSize]
  for (const instrument of resettable) instrument.reset()
  for (const instrument of Object.values(view.metrics)) instrument.reset()
  const proposalSize: SizeStats | undefined = view.quorum()?.leader?.proposalSize
  proposalSize?.reset()
}
