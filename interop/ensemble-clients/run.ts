import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../harness/child.ts'
import { cacheFolder } from '../harness/paths.ts'
import { countCases, formatCounts } from '../harness/report.ts'
import { CLIENTS_BY_COMMAND } from './clients.ts'
import { ENSEMBLE_KINDS, REFERENCE } from './ensembles.ts'
import { type ClientResults, failsOnlyHere, runClients } from './run-clients.ts'
import { TARGETS } from './target.ts'

const USAGE = `usage: npx tsx interop/ensemble-clients/run.ts [--clients NAME,…] [--kinds NAME,…] [--targets NAME,…] [--quick] [--json FILE]

  --clients  ${CLIENTS_BY_COMMAND.map((client) => client.name).join(', ')}
  --kinds    ${ENSEMBLE_KINDS.map((kind) => kind.name).join(', ')}
  --targets  ${TARGETS.join(', ')}
`

/** Runs the cases of some clients against some ensembles; exit code 1 when something fails that does not fail on Apache's. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      clients: { type: 'string' },
      kinds: { type: 'string' },
      targets: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' }
    }
  })
  const selection = {
    clients: choose(CLIENTS_BY_COMMAND, (client) => client.name, values.clients),
    kinds: choose(ENSEMBLE_KINDS, (kind) => kind.name, values.kinds),
    targets: choose(TARGETS, (target) => target, values.targets),
    quick: values.quick
  }
  const all: ClientResults[] = []
  let failedCount = 0
  const folder = mkdtempSync(join(cacheFolder('runs'), 'ensemble-clients-'))
  for await (const results of runClients(selection, folder)) {
    all.push(results)
    const { kind, target, client, cases, durationMs } = results
    console.log(`${client}, ${target} of ${kind}: ${formatCounts(countCases(cases))} (${durationMs / 1000} s)`)
    const own = failsOnlyHere(results, all)
    if (kind !== REFERENCE) failedCount += own.length
    for (const result of cases.filter(({ status }) => status !== 'passed')) {
      const note = result.status === 'failed' && !own.includes(result) ? ' (as on Apache’s)' : ''
      console.log(`  ${result.status}${note}: ${result.name}: ${result.detail}`)
    }
    if (cases.some(({ status }) => status === 'failed')) console.log(`  logs: ${folder}`)
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`)
  }
  return failedCount === 0 ? 0 : 1
}

function choose<T>(from: readonly T[], nameOf: (one: T) => string, names: string | undefined): T[] {
  if (names === undefined) return [...from]
  return names.split(',').map((name) => {
    const found = from.find((one) => nameOf(one) === name)
    if (found === undefined) throw new Error(`there is no ${name}\n${USAGE}`)
    return found
  })
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAllChildren()
    process.exit(130)
  })
}
process.on('exit', killAllChildren)
process.exitCode = await main()
