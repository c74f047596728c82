import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killAllChildren } from './harness/child.ts'
import { cacheFolder } from './harness/paths.ts'
import { type Comparison, type Counts, compare, countCases, formatCounts, type SuiteResults } from './harness/report.ts'
import { Server, type ServerKind } from './harness/server.ts'
import { type CaseResult, type Suite, SuiteUnavailableError } from './harness/suite.ts'
import { SUITES } from './suites.ts'

const USAGE = `suites: ${SUITES.map((suite) => suite.name + (suite.isQuick ? '*' : '')).join(' ')}   (* quick)

usage: npm run interop -- [NAME…] [--quick] [--server apache|zoonode|both] [--json FILE]

  NAME      suites to run; without any, all of them (with --quick, those that are quick)
  --quick   leave out the long cases of each suite
  --server  which server the suites run against (default: both, compared case by case)
  --json    write the counts, all results and the comparison to FILE
`

interface Options {
  readonly suites: readonly Suite[]
  readonly servers: readonly ServerKind[]
  readonly quick: boolean
  readonly json: string | null
}

/** Runs the suites that the command line names; the exit code is 1 when a case failed or the servers differ, 2 for wrong usage. */
async function main(): Promise<number> {
  const options = readOptions()
  if (options === null) return 2
  const results: SuiteResults[] = []
  const comparisons: Comparison[] = []
  for (const suite of options.suites) {
    const ofSuite: SuiteResults[] = []
    const servers = suite.startsOwnServers === true ? (['zoonode'] as const) : options.servers
    for (const server of servers) {
      const result = await runSuite(suite, server, options.quick)
      ofSuite.push(result)
      printSuite(result)
    }
    const [apache, zoonode] = ofSuite
    if (apache !== undefined && zoonode !== undefined) comparisons.push(...compare(apache, zoonode))
    results.push(...ofSuite)
  }

  const counts = countCases(results.flatMap((result) => result.cases))
  // A difference between two passing cases is a failure of its own, which no server's count holds.
  counts.failed += comparisons.filter((comparison) => comparison.verdict === 'differs').length
  // What fails on Apache ZooKeeper alone could not be compared: it says nothing about this server.
  const notCompared = comparisons.filter((comparison) => comparison.verdict === 'fails on apache only').length
  counts.failed -= notCompared
  counts.skipped += notCompared
  if (options.servers.length > 1) printComparison(results, comparisons)
  if (options.json !== null) writeJson(options.json, counts, results, comparisons)
  console.log(formatCounts(counts))
  return counts.failed === 0 ? 0 : 1
}

function readOptions(): Options | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        server: { type: 'string', default: 'both' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false }
      }
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    const servers = serversOf(values.server)
    for (const name of positionals) {
      if (!SUITES.some((suite) => suite.name === name)) throw new Error(`no suite is called ${name}`)
    }
    const suites = SUITES.filter((suite) =>
      positionals.length > 0 ? positionals.includes(suite.name) : suite.isQuick || !values.quick
    )
    return { suites, servers, quick: values.quick, json: values.json ?? null }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`.trim())
    return null
  }
}

function serversOf(name: string): ServerKind[] {
  if (name === 'both') return ['apache', 'zoonode']
  if (name === 'apache' || name === 'zoonode') return [name]
  throw new Error(`--server is apache, zoonode or both, not ${name}`)
}

/** Runs one suite against one server on a fresh folder, which is removed unless something failed. */
async function runSuite(suite: Suite, kind: ServerKind, quick: boolean): Promise<SuiteResults> {
  const started = performance.now()
  const folder = mkdtempSync(join(cacheFolder('runs'), `${suite.name}-${kind}-`))
  const cases: CaseResult[] = []
  const record = (result: CaseResult) => {
    cases.push(result)
    if (result.status !== 'passed') console.log(`  ${result.status} on ${kind}: ${result.name}: ${result.detail}`)
  }
  const server = new Server(kind, join(folder, 'server'), suite.settings)
  try {
    await suite.prepare()
    if (suite.startsOwnServers !== true) await server.start()
    const scratch = join(folder, 'client')
    mkdirSync(scratch)
    await suite.run({ server, quick, folder: scratch, record })
    if (cases.length === 0) throw new Error('the suite ran no case')
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const status = error instanceof SuiteUnavailableError ? 'skipped' : 'failed'
    record({ name: 'the suite can run', status, detail, observed: null })
  } finally {
    await server.kill()
  }
  if (cases.some((result) => result.status === 'failed')) console.log(`  logs: ${folder}`)
  else rmSync(folder, { recursive: true, force: true })
  return { suite: suite.name, server: kind, cases, durationMs: Math.round(performance.now() - started) }
}

function printSuite(result: SuiteResults): void {
  const seconds = (result.durationMs / 1000).toFixed(1)
  console.log(`${result.suite} ${result.server}: ${formatCounts(countCases(result.cases))} (${seconds} s)`)
}

function printComparison(results: readonly SuiteResults[], comparisons: readonly Comparison[]): void {
  console.log('\nsuite             apache passed/failed/skipped   zoonode passed/failed/skipped   same')
  for (const apache of results.filter((result) => result.server === 'apache')) {
    const zoonode = results.find((result) => result.suite === apache.suite && result.server === 'zoonode')
    const cells = [apache, zoonode].map((result) => {
      const counts = countCases(result?.cases ?? [])
      return `${counts.passed}/${counts.failed}/${counts.skipped}`
    })
    const isSame = !comparisons.some((comparison) => comparison.suite === apache.suite)
    console.log(`${apache.suite.padEnd(18)}${cells[0]?.padEnd(31)}${cells[1]?.padEnd(32)}${isSame ? 'yes' : 'NO'}`)
  }
  for (const { suite, name, verdict, apache, zoonode } of comparisons) {
    console.log(`\n${suite}: ${name}: ${verdict}\n  apache:  ${indent(apache)}\n  zoonode: ${indent(zoonode)}`)
  }
  console.log('')
}

function indent(text: string): string {
  return text.replaceAll('\n', '\n           ')
}

function writeJson(
  file: string,
  counts: Counts,
  results: readonly SuiteResults[],
  comparisons: readonly Comparison[]
): void {
  const suites = results.map((result) => ({ ...result, ...countCases(result.cases) }))
  writeFileSync(file, `${JSON.stringify({ ...counts, suites, comparisons }, null, 2)}\n`)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    killAllChildren()
    process.exit(130)
  })
}
process.on('exit', killAllChildren)
process.exitCode = await main()
