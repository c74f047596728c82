import type { Headline } from '../scenarios.ts'
import { count, markdownTable, outcomeOf, reasons, short, time } from './format.ts'
import { type Medians, type ScenarioResult, summarise } from './summary.ts'

const TITLES = [
  'scenario',
  'Apache',
  'zoonode',
  'ratio (range)',
  'goal',
  'p50',
  'p99',
  'p99.9',
  'CPU s/100k',
  'bytes/write',
  'flushes/write'
]

/** What the columns mean, to be printed below the table. */
export const TABLE_LEGEND = [
  'Apache, zoonode: operations a second, or the latency that the row is about; medians of the rounds. Ratio: within a round, above 1 if zoonode is',
  'better. Goal: least and aim; ! where the least is missed. From p50 on: Apache / zoonode. CPU: seconds of the server for 100,000 operations.',
  'Bytes: what the processes gave to the disk. Flushes: fsync and fdatasync, counted apart.'
].join('\n')

/** The rows as a Markdown table, and below it why some have no figures. */
export function scenarioTable(results: readonly ScenarioResult[]): string {
  return [
    markdownTable(TITLES, results.map(cells)),
    ...reasons(results.map((one) => ({ ...one, ...one.scenario })))
  ].join('\n')
}

function cells(result: ScenarioResult): string[] {
  const { scenario, failure } = result
  if (failure !== undefined) return [scenario.name, outcomeOf(result)]
  const { apache, zoonode, ratio, meetsGoal } = summarise(result)
  const pair = (show: (value: number) => string, of: (medians: Medians) => number | null): string => {
    const [theirs, ours] = [of(apache), of(zoonode)]
    return theirs === null || ours === null ? '' : `${show(theirs)} / ${show(ours)}`
  }
  const goal = scenario.goal === null ? '' : `${scenario.goal.atLeast} / ${scenario.goal.aim}`
  const figures = scenario.headline !== 'time'
  return [
    scenario.name,
    headline(scenario.headline, apache.headline),
    headline(scenario.headline, zoonode.headline),
    `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})`,
    `${goal}${meetsGoal === false ? ' !' : ''}`,
    ...(figures
      ? [
          pair(time, ({ p50Us }) => p50Us),
          pair(time, ({ p99Us }) => p99Us),
          pair(time, ({ p999Us }) => p999Us),
          pair(short, ({ cpuSecondsPer100k }) => cpuSecondsPer100k),
          pair(count, ({ bytesPerWrite }) => bytesPerWrite),
          pair(short, ({ flushesPerWrite }) => flushesPerWrite)
        ]
      : [])
  ]
}

function headline(kind: Headline, value: number): string {
  return kind === 'rate' ? `${count(value)}/s` : time(value)
}
