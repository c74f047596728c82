import type { LoadResult } from '../../../bench/load-generator.ts'
import type { Round, ScenarioResult } from '../../../bench/report/summary.ts'
import type { Scenario } from '../../../bench/scenarios.ts'

export function loadResult(more: Partial<LoadResult> = {}): LoadResult {
  return {
    operations: 100_000,
    writes: 0,
    seconds: 2,
    perSecond: 50_000,
    p50Us: 10,
    p99Us: 100,
    p999Us: 1000,
    maxUs: 5000,
    latenessP99Us: 0,
    serverCpuSeconds: 1,
    generatorCpuSeconds: 0.02,
    serverWriteBytes: 0,
    serverFlushes: -1,
    answeredNs: 0,
    ...more
  }
}

export function round(apache: Partial<LoadResult>, zoonode: Partial<LoadResult>): Round {
  return { apache: loadResult(apache), zoonode: loadResult(zoonode), otherWork: null }
}

export function scenario(more: Partial<Scenario> = {}): Scenario {
  return {
    name: 'get-4x64',
    title: 'get, pipelined',
    place: 'standalone',
    workload: 'get',
    connections: 4,
    depth: 64,
    options: {},
    headline: 'rate',
    target: 'all',
    writesOnly: false,
    goal: { atLeast: 2, aim: 4 },
    standard: true,
    quick: false,
    ...more
  }
}

export function scenarioResult(rounds: readonly Round[], more: Partial<Scenario> = {}): ScenarioResult {
  return { scenario: scenario(more), rounds, flushes: null }
}
