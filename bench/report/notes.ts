import type { LoadResult } from '../load-generator.ts'
import type { OtherWork } from '../machine.ts'
import type { CostResult } from './cost-summary.ts'
import type { ScenarioResult } from './summary.ts'

/** Above this share of one core used by others, figures are not to be trusted. */
const QUIET_CORES_MAX = 0.15
/** What a pipelined operation may cost the generator. */
const GENERATOR_US_MAX = 1
const PIPELINED_DEPTH_MIN = 64
/** Above this share of a core the generator itself may be what is measured. */
const GENERATOR_CORES_MAX = 0.8
/** Above this the generator's own lateness shows in the latencies of the open loop. */
const LATENESS_US_MAX = 500

/** Warnings: what makes the figures doubtful. */
export function notes(results: readonly ScenarioResult[], costs: readonly CostResult[]): string[] {
  const inRounds = results.flatMap(({ rounds }) => rounds.map(({ otherWork }) => otherWork))
  const inCosts = costs.map(({ otherWork }) => otherWork)
  const quiet = [quietNote(inRounds, 'rounds'), quietNote(inCosts, 'costs')].filter((note) => note !== null)
  return [...quiet, ...results.flatMap(generatorNotes)]
}

/** A warning when other work ran meanwhile, else null. */
function quietNote(works: readonly (OtherWork | null)[], what: string): string | null {
  const others = works.filter((work) => work !== null)
  const noisy = others.filter((work) => work.otherCores > QUIET_CORES_MAX || work.stolenCores > QUIET_CORES_MAX)
  if (noisy.length === 0) return null
  const most = Math.max(...noisy.map((work) => work.otherCores + work.stolenCores))
  return `NOTE: the machine was not quiet: in ${noisy.length} of ${others.length} ${what} other work took up to ${most.toFixed(1)} cores. Trust the ratios little and the rates less.`
}

function generatorUs(result: LoadResult): number {
  return (result.generatorCpuSeconds * 1e6) / result.operations
}

function generatorNotes({ scenario, rounds }: ScenarioResult): string[] {
  const results = rounds.flatMap(({ apache, zoonode }) => [apache, zoonode])
  const most = (values: readonly number[]): number => Math.max(0, ...values)
  const found: string[] = []
  // Of the faster server: one that answers one by one wakes the generator for each.
  const perOperationUs = rounds.length === 0 ? 0 : Math.min(...results.map(generatorUs))
  const isSmall = scenario.options.size === undefined && scenario.workload !== 'multi'
  if (scenario.depth >= PIPELINED_DEPTH_MIN && isSmall && perOperationUs > GENERATOR_US_MAX)
    found.push(`NOTE: ${scenario.name}: the load generator took ${perOperationUs.toFixed(2)} µs an operation.`)
  const cores = most(results.map((result) => result.generatorCpuSeconds / result.seconds))
  if (cores > GENERATOR_CORES_MAX)
    found.push(`NOTE: ${scenario.name}: the load generator took ${cores.toFixed(2)} cores: it may be the limit.`)
  const latenessUs = most(results.map((result) => result.latenessP99Us))
  if (latenessUs > LATENESS_US_MAX)
    found.push(
      `NOTE: ${scenario.name}: 1 % of the requests left more than ${Math.round(latenessUs)} µs late, which counts for the server.`
    )
  return found
}
