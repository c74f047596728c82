/** One load, as arguments of the load generator. */
export interface Scenario {
  readonly name: string
  readonly workload: 'get' | 'exists' | 'set' | 'create' | 'mixed' | 'watch' | 'sessions'
  readonly connections: number
  readonly depth: number
  /** Share of writes in a mixed load, in percent. */
  readonly writePercent?: number
  /** Part of every run; the others only with --full or by name. */
  readonly standard: boolean
}

function scenario(
  name: string,
  workload: Scenario['workload'],
  connections: number,
  depth: number,
  standard: boolean,
  writePercent?: number
): Scenario {
  return { name, workload, connections, depth, standard, ...(writePercent === undefined ? {} : { writePercent }) }
}

export const SCENARIOS: readonly Scenario[] = [
  scenario('get-4x64', 'get', 4, 64, true),
  scenario('get-4x100', 'get', 4, 100, false),
  scenario('exists-4x64', 'exists', 4, 64, false),
  scenario('exists-4x100', 'exists', 4, 100, false),
  scenario('get-1x1', 'get', 1, 1, true),
  scenario('get-50x1', 'get', 50, 1, true),
  scenario('get-100x1', 'get', 100, 1, false),
  scenario('get-400x1', 'get', 400, 1, false),
  scenario('get-1000x1', 'get', 1000, 1, false),
  scenario('set-1x1', 'set', 1, 1, true),
  scenario('set-50x1', 'set', 50, 1, true),
  scenario('set-4x64', 'set', 4, 64, true),
  scenario('create-50x1', 'create', 50, 1, true),
  scenario('create-4x64', 'create', 4, 64, true),
  scenario('mixed-90-10-50x1', 'mixed', 50, 1, true, 10),
  scenario('mixed-70-30-50x1', 'mixed', 50, 1, false, 30),
  scenario('mixed-90-10-4x64', 'mixed', 4, 64, true, 10),
  scenario('mixed-70-30-4x64', 'mixed', 4, 64, false, 30),
  scenario('watch-500', 'watch', 500, 1, true),
  scenario('sessions-20', 'sessions', 20, 1, false)
]
