import { countCases, formatCounts } from '../harness/report.ts'
import type { CaseResult, Suite } from '../harness/suite.ts'
import { CLIENTS } from './clients.ts'
import { ENSEMBLE_KINDS, REFERENCE } from './ensembles.ts'
import { type ClientResults, failsOnlyHere, runClients, type Selection } from './run-clients.ts'
import { TARGETS } from './target.ts'

const QUICK: Selection = {
  kinds: ENSEMBLE_KINDS.filter((kind) => kind.name === 'zoonode'),
  targets: ['follower'],
  clients: CLIENTS.filter((client) => client.name === 'kazoo'),
  quick: true
}

const ALL: Selection = { kinds: ENSEMBLE_KINDS, targets: TARGETS, clients: CLIENTS, quick: false }

/**
 * The cases of the clients against ensembles of three. The quick part is one client on a follower of zoonode's; the whole takes an hour and
 * more, see `run.ts` for parts of it. A case that fails on Apache's ensemble as well is skipped.
 */
export const ensembleSuite: Suite = {
  name: 'ensemble',
  isQuick: true,
  settings: {},
  startsOwnServers: true,
  prepare: async () => undefined,
  async run({ quick, folder, record }) {
    const all: ClientResults[] = []
    for await (const results of runClients(quick ? QUICK : ALL, folder)) {
      all.push(results)
      const where = `${results.client}, ${results.target} of ${results.kind}`
      if (!quick) console.log(`  ${where}: ${formatCounts(countCases(results.cases))}`)
      const own = new Set<CaseResult>(results.kind === REFERENCE ? [] : failsOnlyHere(results, all))
      for (const result of results.cases) {
        const isShared = result.status === 'failed' && !own.has(result)
        const detail = isShared ? `fails on Apache's: ${result.detail}` : result.detail
        const status = isShared ? 'skipped' : result.status
        record({ ...result, name: `${where}: ${result.name}`, status, detail })
      }
    }
  }
}
