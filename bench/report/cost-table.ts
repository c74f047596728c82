import { type CostResult, summariseCost } from './cost-summary.ts'
import { markdownTable, outcomeOf, reasons, short } from './format.ts'

const TITLES = ['cost', 'unit', 'Apache', 'zoonode', 'zoonode/Apache (range)', 'at most / aim', 'what']

export const COST_LEGEND =
  'Costs are medians; below 1 is better for zoonode. Goals in ms are of zoonode alone; ! where one is missed.'

/** The costs as a Markdown table, and below it why some have no figures. */
export function costTable(results: readonly CostResult[]): string {
  return [markdownTable(TITLES, results.map(cells)), ...reasons(results)].join('\n')
}

function cells(result: CostResult): string[] {
  const { name, unit, title, goal, failure } = result
  if (failure !== undefined) return [name, unit, outcomeOf(result)]
  const { apache, zoonode, ratio, meetsGoal } = summariseCost(result)
  const range = ratio === null ? '' : `${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}-${ratio.most.toFixed(2)})`
  const wanted = goal === null ? '' : `${goal.atMost} / ${goal.aim}${goal.of === 'zoonode' ? ` ${unit}` : ''}`
  return [
    name,
    unit,
    apache === null ? '' : short(apache),
    short(zoonode),
    range,
    `${wanted}${meetsGoal === false ? ' !' : ''}`,
    title
  ]
}
