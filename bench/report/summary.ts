import type { LoadResult } from '../load-generator.ts'
import type { OtherWork } from '../machine.ts'
import type { Headline, Scenario } from '../scenarios.ts'

/** One round of one scenario: both servers, one right after the other. */
export interface Round {
  readonly apache: LoadResult
  readonly zoonode: LoadResult
  readonly otherWork: OtherWork | null
}

/** Flushes of a measurement of their own, since counting them costs the servers time. */
export interface FlushCounts {
  readonly apache: LoadResult
  readonly zoonode: LoadResult
}

export interface ScenarioResult {
  readonly scenario: Scenario
  readonly rounds: readonly Round[]
  readonly flushes: FlushCounts | null
  /** Why there are no figures, if the scenario failed or was skipped. */
  readonly failure?: string
  readonly isSkipped?: boolean
}

/** Medians over the rounds of one server. */
export interface Medians {
  /** What the ratio is about: operations a second, or microseconds. */
  readonly headline: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  /** Server's CPU seconds for 100,000 operations. */
  readonly cpuSecondsPer100k: number
  /** Null where nothing was written. */
  readonly bytesPerWrite: number | null
  /** Null where they were not counted. */
  readonly flushesPerWrite: number | null
}

/** The middle value and the ends of a sample. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** What is said of a scenario: medians over its rounds, and the ratio within each round, above 1 if zoonode is better. */
export interface Summary {
  readonly name: string
  readonly apache: Medians
  readonly zoonode: Medians
  readonly ratio: Spread
  /** Apache's CPU time for an operation over zoonode's, medians; null where it was not measured. */
  readonly cpuRatio: number | null
  /** Null without a goal. */
  readonly meetsGoal: boolean | null
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const high = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** @param result one with at least one round */
export function summarise(result: ScenarioResult): Summary {
  const { scenario, rounds, flushes } = result
  const { headline, goal } = scenario
  const ratio = spread(rounds.map(({ apache, zoonode }) => ratioOf(headline, apache, zoonode)))
  const apache = medians(
    headline,
    rounds.map((round) => round.apache),
    flushes?.apache ?? null
  )
  const zoonode = medians(
    headline,
    rounds.map((round) => round.zoonode),
    flushes?.zoonode ?? null
  )
  return {
    name: scenario.name,
    apache,
    zoonode,
    ratio,
    cpuRatio: zoonode.cpuSecondsPer100k > 0 ? apache.cpuSecondsPer100k / zoonode.cpuSecondsPer100k : null,
    meetsGoal: goal === null ? null : ratio.median >= goal.atLeast
  }
}

/** Above 1 if zoonode is better: more operations a second, or less time. */
function ratioOf(headline: Headline, apache: LoadResult, zoonode: LoadResult): number {
  const [ours, theirs] = [headlineOf(headline, zoonode), headlineOf(headline, apache)]
  return headline === 'rate' ? ours / theirs : theirs / ours
}

function headlineOf(headline: Headline, result: LoadResult): number {
  if (headline === 'rate') return result.perSecond
  return headline === 'p99' ? result.p99Us : result.maxUs
}

function medians(headline: Headline, results: readonly LoadResult[], counted: LoadResult | null): Medians {
  const written = results.filter((result) => result.writes > 0)
  return {
    headline: median(results.map((result) => headlineOf(headline, result))),
    p50Us: median(results.map((result) => result.p50Us)),
    p99Us: median(results.map((result) => result.p99Us)),
    p999Us: median(results.map((result) => result.p999Us)),
    cpuSecondsPer100k: median(results.map((result) => (result.serverCpuSeconds * 100_000) / result.operations)),
    bytesPerWrite:
      written.length === 0 ? null : median(written.map((result) => result.serverWriteBytes / result.writes)),
    flushesPerWrite:
      counted === null || counted.serverFlushes < 0 || counted.writes === 0
        ? null
        : counted.serverFlushes / counted.writes
  }
}
