import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { COSTS, type CostName } from './costs/cost-list.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

export const USAGE = `npm run bench [-- options]: zoonode beside Apache ZooKeeper 3.9.5 on this machine
  --quick         few rows, short rounds: under a minute
  --full          all rows and costs, long rounds: about an hour
  --only NAME     rows and costs whose name begins so (may be repeated)
  --costs         the costs (memory, start, disk, pauses) and no rows
  --rounds N      rounds of each row
  --seconds S     length of one measurement
  --cost-seconds S  length of those measurements of costs that take a period (60)
  --nodes N       znodes of the big tree (1000000)
  --json FILE     where the figures go (.cache/bench/result.json); a chart goes beside it
  --list          names of rows and costs`

/** What one run of the benchmark does. */
export interface Plan {
  readonly scenarios: readonly Scenario[]
  readonly costs: readonly CostName[]
  readonly rounds: number
  readonly seconds: number
  /** Before the first round: each server is under the load until it has served so many operations, or that long. */
  readonly warmOperations: number
  readonly warmSecondsMax: number
  readonly costSeconds: number
  /** How long a server is left alone before its memory is read. */
  readonly quietSeconds: number
  readonly nodes: number
  readonly json: string
}

/** @returns null if the answer is printed already @throws Error for options that make no sense */
export function readPlan(args: readonly string[], projectRoot: string): Plan | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      costs: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'cost-seconds': { type: 'string' },
      nodes: { type: 'string' },
      json: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help || values.list) {
    console.log(values.help ? USAGE : [...SCENARIOS.map(({ name }) => name), ...COSTS].join('\n'))
    return null
  }
  const { quick, full, only, costs } = values
  const scenarios = SCENARIOS.filter((row) => {
    if (only !== undefined) return only.some((wanted) => row.name.startsWith(wanted))
    if (costs) return false
    return full || (quick ? row.quick : row.standard)
  })
  const chosenCosts = COSTS.filter((name) => {
    if (only !== undefined) return only.some((wanted) => name.startsWith(wanted))
    return costs || full
  })
  if (scenarios.length === 0 && chosenCosts.length === 0) throw new Error(`no row and no cost of that name\n${USAGE}`)
  return {
    scenarios,
    costs: chosenCosts,
    rounds: number('rounds', values.rounds, quick ? 2 : full ? 5 : 3),
    seconds: number('seconds', values.seconds, quick ? 0.8 : full ? 4 : 2),
    warmOperations: 30_000,
    warmSecondsMax: quick ? 1 : full ? 10 : 5,
    costSeconds: number('cost-seconds', values['cost-seconds'], 60),
    quietSeconds: 10,
    nodes: number('nodes', values.nodes, 1_000_000),
    json: values.json ?? join(projectRoot, '.cache/bench/result.json')
  }
}

function number(name: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new Error(`--${name} ${text}: a positive number is needed\n${USAGE}`)
  return value
}
