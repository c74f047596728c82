import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildZoonode } from '../interop/differential/servers.ts'
import { measureCosts } from './costs/measure-costs.ts'
import { buildLoadGenerator } from './load-generator.ts'
import { describeMachine } from './machine.ts'
import { type Plan, readPlan } from './plan.ts'
import { ratioChart } from './report/chart.ts'
import { type CostResult, summariseCost } from './report/cost-summary.ts'
import { COST_LEGEND, costTable } from './report/cost-table.ts'
import { notes } from './report/notes.ts'
import { scenarioTable, TABLE_LEGEND } from './report/scenario-table.ts'
import { type ScenarioResult, summarise } from './report/summary.ts'
import { runRows } from './rows.ts'

async function main(): Promise<number> {
  const projectRoot = join(import.meta.dirname, '..')
  const plan = readPlan(process.argv.slice(2), projectRoot)
  if (plan === null) return 0
  buildZoonode(projectRoot)
  const program = buildLoadGenerator(projectRoot)
  const machine = describeMachine()
  console.log(machine)
  const results: ScenarioResult[] = []
  const costs: CostResult[] = []
  // After each one: what was measured stays if something ends the run.
  const save = (): void => saveFigures(plan, machine, results, costs)
  await runRows(plan, { projectRoot, program }, (result) => {
    results.push(result)
    process.stderr.write(`${progressOf(result)}\n`)
    save()
  })
  await measureCosts(plan, { projectRoot, program }, (cost) => {
    costs.push(cost)
    process.stderr.write(`${cost.name} ${cost.failure ?? 'done'}\n`)
    save()
  })
  if (results.length > 0) console.log(`${scenarioTable(results)}\n${TABLE_LEGEND}`)
  if (costs.length > 0) console.log(`${costTable(costs)}\n${COST_LEGEND}`)
  for (const note of notes(results, costs)) console.log(note)
  console.log(`figures of all rounds: ${plan.json}, chart: ${chartFile(plan)}`)
  const failed = [...results, ...costs].filter((one) => one.failure !== undefined && one.isSkipped !== true)
  return failed.length === 0 ? 0 : 1
}

function progressOf(result: ScenarioResult): string {
  const { scenario, failure } = result
  if (failure !== undefined) return `${scenario.name} ${result.isSkipped ? 'skipped' : 'failed'}: ${failure}`
  const { ratio, cpuRatio } = summarise(result)
  return `${scenario.name} ${ratio.median.toFixed(2)}${cpuRatio === null ? '' : `, by CPU ${cpuRatio.toFixed(2)}`}`
}

function saveFigures(
  plan: Plan,
  machine: string,
  results: readonly ScenarioResult[],
  costs: readonly CostResult[]
): void {
  mkdirSync(dirname(plan.json), { recursive: true })
  const summaries = results.filter(({ failure }) => failure === undefined).map(summarise)
  const costSummaries = costs.filter(({ failure }) => failure === undefined).map(summariseCost)
  const { rounds, seconds, costSeconds, nodes } = plan
  const figures = {
    machine,
    notes: notes(results, costs),
    plan: { rounds, seconds, costSeconds, nodes },
    summaries,
    costSummaries,
    results,
    costs
  }
  writeFileSync(plan.json, `${JSON.stringify(figures, null, 2)}\n`)
  const goals = new Map(plan.scenarios.map(({ name, goal }) => [name, goal]))
  const bars = summaries.map(({ name, ratio: { median, least, most } }) => ({
    label: name,
    ratio: median,
    least,
    most,
    goal: goals.get(name) ?? null
  }))
  writeFileSync(chartFile(plan), ratioChart(`zoonode beside Apache ZooKeeper 3.9.5: ${machine}`, bars))
}

function chartFile(plan: Plan): string {
  return plan.json.replace(/(\.json)?$/, '.svg')
}

process.exitCode = await main()
