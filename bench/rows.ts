import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Plan } from './plan.ts'
import type { ScenarioResult } from './report/summary.ts'
import { type Pair, runScenario } from './rounds.ts'
import type { Place, Scenario } from './scenarios.ts'
import { type ServersOptions, ServersUnderLoad } from './servers/servers-under-load.ts'
import { makeTlsFiles } from './servers/tls-files.ts'

const PLACES: readonly Place[] = ['standalone', 'tls', 'ensemble']

/** How zoonode refuses a configuration that asks for what it does not have. */
const NOT_SERVED = /\bthis version has no\b/

/**
 * Measures all rows of a plan, those of one kind of servers after the other, so that no others run meanwhile.
 *
 * @param onResult called after each row
 */
export async function runRows(
  plan: Plan,
  options: ServersOptions,
  onResult: (result: ScenarioResult) => void
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'zk-bench-tls-'))
  try {
    for (const place of PLACES) {
      const rows = plan.scenarios.filter((row) => row.place === place)
      if (rows.length > 0) await runRowsOf(place, rows, plan, options, folder, onResult)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runRowsOf(
  place: Place,
  rows: readonly Scenario[],
  plan: Plan,
  options: ServersOptions,
  folder: string,
  onResult: (result: ScenarioResult) => void
): Promise<void> {
  let pair: Pair | null = null
  let missing: string | null = null
  try {
    for (const scenario of rows) {
      try {
        if (missing === null) pair ??= await startPair(place, options, folder)
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error)
      }
      if (pair === null) {
        const failure = missing ?? 'no servers'
        onResult({ scenario, rounds: [], flushes: null, failure, isSkipped: NOT_SERVED.test(failure) })
        continue
      }
      const result = await runScenario(options.program, scenario, pair, plan)
      onResult(result)
      if (result.failure === undefined) continue
      // The next row gets servers that nothing has happened to.
      await stopPair(pair)
      pair = null
    }
  } finally {
    if (pair !== null) await stopPair(pair)
  }
}

async function startPair(place: Place, options: ServersOptions, folder: string): Promise<Pair> {
  const tls = place === 'tls' ? makeTlsFiles(folder) : null
  const make = (kind: 'apache' | 'zoonode'): Promise<ServersUnderLoad> =>
    place === 'ensemble' ? ServersUnderLoad.ensemble(kind, options) : ServersUnderLoad.standalone(kind, options, tls)
  const pair = { apache: await make('apache'), zoonode: await make('zoonode') }
  try {
    // Ours first: it is the one that may not have what a row needs.
    await pair.zoonode.start()
    await pair.apache.start()
    return pair
  } catch (error) {
    await stopPair(pair)
    throw error
  }
}

async function stopPair(pair: Pair): Promise<void> {
  await Promise.all([pair.apache.stop(), pair.zoonode.stop()])
}
