import type { LoadResult } from './load-generator.ts'
import type { OtherWork } from './machine.ts'

/** One round of one scenario: both servers, one right after the other. */
export interface Round {
  readonly apache: LoadResult
  readonly zoonode: LoadResult
  readonly otherWork: OtherWork | null
}

export interface ScenarioResult {
  readonly name: string
  readonly rounds: readonly Round[]
  /** Why there are no figures, if the scenario failed. */
  readonly failure?: string
}

/** What is said of a scenario: medians over its rounds, and the ratio within each round. */
export interface Summary {
  readonly name: string
  readonly apache: Medians
  readonly zoonode: Medians
  readonly ratio: { readonly median: number; readonly least: number; readonly most: number }
}

interface Medians {
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  /** Server's CPU seconds for 100,000 operations. */
  readonly cpuSecondsPer100k: number
}

/** Above this share of one core used by others, figures are not to be trusted. */
const QUIET_CORES_MAX = 0.15

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}

export function summarise(result: ScenarioResult): Summary {
  const ratios = result.rounds.map((round) => round.zoonode.perSecond / round.apache.perSecond)
  return {
    name: result.name,
    apache: medians(result.rounds.map((round) => round.apache)),
    zoonode: medians(result.rounds.map((round) => round.zoonode)),
    ratio: { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }
  }
}

function medians(results: readonly LoadResult[]): Medians {
  return {
    perSecond: median(results.map((result) => result.perSecond)),
    p50Us: median(results.map((result) => result.p50Us)),
    p99Us: median(results.map((result) => result.p99Us)),
    p999Us: median(results.map((result) => result.p999Us)),
    cpuSecondsPer100k: median(results.map((result) => (result.serverCpuSeconds * 100_000) / result.operations))
  }
}

const COLUMNS = [
  'scenario',
  'Apache /s',
  'zoonode /s',
  'ratio (range)',
  'p50 A',
  'p50 z',
  'p99 A',
  'p99 z',
  'p99.9 A',
  'p99.9 z',
  'CPU A',
  'CPU z'
]

/** The table as text, one line a scenario, Markdown so that it can go into a document as it is. */
export function table(results: readonly ScenarioResult[]): string {
  const rows = results.map((result) => {
    if (result.failure !== undefined) return [result.name, result.failure, ...COLUMNS.slice(2).map(() => '')]
    const { apache, zoonode, ratio } = summarise(result)
    return [
      result.name,
      count(apache.perSecond),
      count(zoonode.perSecond),
      `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})`,
      ...(['p50Us', 'p99Us', 'p999Us'] as const).flatMap((name) => [time(apache[name]), time(zoonode[name])]),
      apache.cpuSecondsPer100k.toFixed(2),
      zoonode.cpuSecondsPer100k.toFixed(2)
    ]
  })
  const widths = COLUMNS.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return [line(COLUMNS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** A warning when other work ran meanwhile, else null. */
export function quietNote(results: readonly ScenarioResult[]): string | null {
  const others = results.flatMap(({ rounds }) =>
    rounds.flatMap(({ otherWork }) => (otherWork === null ? [] : [otherWork]))
  )
  const noisy = others.filter((work) => work.otherCores > QUIET_CORES_MAX || work.stolenCores > QUIET_CORES_MAX)
  if (noisy.length === 0) return null
  const most = Math.max(...noisy.map((work) => work.otherCores + work.stolenCores))
  return `NOTE: the machine was not quiet: in ${noisy.length} of ${others.length} rounds other work took up to ${most.toFixed(1)} cores. Trust the ratios little and the rates less.`
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

function time(us: number): string {
  return us >= 1000 ? `${(us / 1000).toFixed(1)} ms` : `${us.toFixed(0)} µs`
}
