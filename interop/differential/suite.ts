import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mavenClassPath } from '../harness/java.ts'
import { REPOSITORY } from '../harness/paths.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { type Difference, describeRequest, describeStep } from './compare.ts'
import type { Pair } from './pairs.ts'
import { runSegment } from './segment.ts'
import { DIFFERENTIAL_SETTINGS, type RunningServer, startServer } from './servers.ts'
import { Side } from './side.ts'

const SEED = 'ci'
const REQUEST_COUNT = 20_000
const QUICK_REQUEST_COUNT = 5_000
const SHOWN_LENGTH_MAX = 1_500

/**
 * The same generated requests to Apache ZooKeeper and to the server of the run, which is another Apache ZooKeeper at first: what these two do not
 * have in common says nothing about zoonode.
 */
export const differentialSuite: Suite = {
  name: 'differential',
  isQuick: true,
  settings: { config: DIFFERENTIAL_SETTINGS },
  async prepare() {
    await mavenClassPath('java')
  },
  async run(run) {
    const options = { projectRoot: REPOSITORY, settings: DIFFERENTIAL_SETTINGS }
    const reference = await startServer('apache', options)
    try {
      await compareOnce(run, pairOf(reference, run))
    } finally {
      await reference.stop()
    }
  }
}

async function compareOnce(run: SuiteRun, pair: Pair): Promise<void> {
  const requests = run.quick ? QUICK_REQUEST_COUNT : REQUEST_COUNT
  const name = `${requests} generated requests, an expiry, a kill -9: the answers, the events, the trees at the end`
  const result = await runSegment(pair, { seed: SEED, requests, bursts: true, expiries: 1, restarts: 1 })
  if (result.difference === null) {
    run.record({ name, status: 'passed', detail: '', observed: null })
    return
  }
  const { signature } = result.difference
  const written = { seed: SEED, variant: 'default', finalState: signature.startsWith('final'), signature }
  const file = join(run.folder, 'case.json')
  writeFileSync(file, `${JSON.stringify({ ...written, steps: result.steps }, null, 1)}\n`)
  const detail = `${describe(result.difference)}\nagain: npx tsx interop/differential/run.ts --replay ${file}`
  run.record({ name, status: 'failed', detail, observed: null })
}

/** The reference on the left, the harness's server on the right; a restart kills both. */
function pairOf(reference: RunningServer, { server }: SuiteRun): Pair {
  return {
    sides: [new Side('reference', reference.port), new Side(server.kind, server.port)],
    failure: () => {
      const ended = reference.exited()
      if (ended !== null) return `the reference ended by itself: ${ended}`
      return server.isRunning ? null : `${server.kind} ended by itself: see ${server.logFile}`
    },
    restart: async () => {
      await Promise.all([reference.restart(), server.kill().then(() => server.start())])
    },
    stop: () => reference.stop()
  }
}

function describe({ stepIndex, signature, detail, request, step, left, right }: Difference): string {
  const asked = request === undefined ? describeStep(step) : describeRequest(request)
  const [shownLeft, shownRight] = [left, right].map((side) => JSON.stringify(side).slice(0, SHOWN_LENGTH_MAX))
  return [
    `seed ${SEED}, step ${stepIndex}: ${signature}: ${detail}`,
    `  asked: ${asked.slice(0, SHOWN_LENGTH_MAX)}`,
    `  reference: ${shownLeft}`,
    `  this server: ${shownRight}`
  ].join('\n')
}
