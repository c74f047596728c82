import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from '../../harness/child.ts'
import { cacheFolder } from '../../harness/paths.ts'
import { type MigrationPlan, migrateThereAndBack } from './rolling-migration.ts'

/**
 * `tsx interop/mixed-ensemble/migration/run.ts --rounds 10`; the two ways to treat data directories take turns. `--debug` has all servers log at that level,
 * and the logs and the journal of a round in which nobody's write was acknowledged for longer than `--gap` milliseconds are kept.
 */
const PLANS: readonly MigrationPlan[] = [
  { there: 'clear', back: 'export' },
  { there: 'keep', back: 'clear' }
]

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    debug: { type: 'boolean', default: false },
    gap: { type: 'string', default: '3000' }
  }
})
/** Each kind of server heeds its own. */
const AT_DEBUG = { 'zookeeper.root.logger': 'DEBUG,CONSOLE', 'org.slf4j.simpleLogger.defaultLogLevel': 'debug' }
process.on('exit', killAllChildren)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130))

const folder = mkdtempSync(join(cacheFolder('runs'), 'migration-'))
const rounds = Number(values.rounds)
let passed = 0
let isKept = false
let longest = { step: '', longestGapMs: 0 }
for (let round = 1; round <= rounds; round++) {
  const plan = PLANS[round % PLANS.length] ?? { there: 'clear', back: 'clear' }
  const own = join(folder, String(round))
  mkdirSync(own)
  const journal = (line: string): void => {
    appendFileSync(join(own, 'journal.log'), `${new Date().toISOString()} ${line}\n`)
  }
  try {
    console.log(`round ${round}`)
    const properties = values.debug ? AT_DEBUG : {}
    const progress = (line: string): void => console.log(`  ${line}`)
    const report = await migrateThereAndBack(plan, own, { progress, journal, properties })
    const longestOfRound = Math.max(...report.gaps.map((gap) => gap.longestGapMs))
    for (const gap of report.gaps) if (gap.longestGapMs > longest.longestGapMs) longest = gap
    console.log(
      `  ${report.acknowledged} writes acknowledged, none lost; ${report.uncertain} requests lost their connection`
    )
    passed++
    if (longestOfRound > Number(values.gap)) {
      isKept = true
      console.log(`  ${Math.round(longestOfRound)} ms without an acknowledged write: journal and logs are in ${own}`)
    } else rmSync(own, { recursive: true, force: true })
  } catch (error) {
    console.log(`  failed: ${error instanceof Error ? error.message : String(error)}\n  logs: ${own}`)
  }
}
if (passed === rounds && !isKept) rmSync(folder, { recursive: true, force: true })
console.log(`longest time without an acknowledged write: ${Math.round(longest.longestGapMs)} ms (${longest.step})`)
console.log(`${passed} passed, ${rounds - passed} failed`)
process.exit(passed === rounds ? 0 : 1)
