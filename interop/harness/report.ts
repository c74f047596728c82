import type { ServerKind } from './server.ts'
import type { CaseResult, CaseStatus } from './suite.ts'

export type Counts = Record<CaseStatus, number>

/** The results of one suite on one server. */
export interface SuiteResults {
  readonly suite: string
  readonly server: ServerKind
  readonly cases: readonly CaseResult[]
  readonly durationMs: number
}

/** A case whose outcome or observation is not the same on both servers, or that fails on both. */
export interface Comparison {
  readonly suite: string
  readonly name: string
  readonly verdict: 'fails on zoonode only' | 'fails on apache only' | 'fails on both' | 'differs'
  readonly apache: string
  readonly zoonode: string
}

export function countCases(cases: readonly CaseResult[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const result of cases) counts[result.status]++
  return counts
}

export function formatCounts(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
}

/** Compares the results of one suite on both servers, by case name, in the order of the first list. */
export function compare(apache: SuiteResults, zoonode: SuiteResults): Comparison[] {
  const ours = new Map(zoonode.cases.map((result) => [result.name, result]))
  const theirs = new Map(apache.cases.map((result) => [result.name, result]))
  const found: Comparison[] = []
  for (const name of new Set([...theirs.keys(), ...ours.keys()])) {
    const comparison = compareCase(apache.suite, name, theirs.get(name), ours.get(name))
    if (comparison !== null) found.push(comparison)
  }
  return found
}

function compareCase(
  suite: string,
  name: string,
  theirs: CaseResult | undefined,
  ours: CaseResult | undefined
): Comparison | null {
  const apache = describe(theirs)
  const zoonode = describe(ours)
  const entry = { suite, name, apache, zoonode }
  const isFailedThere = theirs?.status !== 'passed' && theirs?.status !== 'skipped'
  const isFailedHere = ours?.status !== 'passed' && ours?.status !== 'skipped'
  if (isFailedThere && isFailedHere) return { ...entry, verdict: 'fails on both' }
  if (isFailedHere) return { ...entry, verdict: 'fails on zoonode only' }
  if (isFailedThere) return { ...entry, verdict: 'fails on apache only' }
  if (theirs?.status !== ours?.status || theirs?.observed !== ours?.observed) return { ...entry, verdict: 'differs' }
  return null
}

function describe(result: CaseResult | undefined): string {
  if (result === undefined) return 'did not run'
  const parts = [result.status, result.detail]
  if (result.observed !== null) parts.push(`observed:\n${result.observed}`)
  return parts.filter((part) => part !== '').join(': ')
}
