import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type SimulationReport, simulate } from '../src/simulator/simulation.ts'

const USAGE = `Usage: npm run simulate -- [options]

Runs ensembles with clients in a made-up world, each from its seed, and checks what must hold.

  --seeds N        how many seeds, over all cores (default 200)
  --from S         the first of them (default 1)
  --seed S         this one alone, and tells what happens
  --quiet          with --seed: tells only how it ended
  --servers N      3, 5 or 7 servers, instead of what the seed chooses
  --chaos-ms MS    how long things go wrong
  --workers N      processes (default: as many as there are cores)
  --help           shows this

Exit code: 0 if all held, 1 if anything was violated, 2 for wrong options.
`

const values = readOptions()

type Outcome =
  | { readonly seed: number; readonly report: SimulationReport }
  | { readonly seed: number; readonly problem: string }

const servers = values.servers
const chaosMs = values.chaosMs
/** What the command line chooses, to be given to workers and told with a failure. */
const choices = [
  ...(servers === undefined ? [] : ['--servers', String(servers)]),
  ...(chaosMs === undefined ? [] : ['--chaos-ms', String(chaosMs)])
]
const workerCount = values.workers ?? availableParallelism()

if (values.worker) work()
else if (values.seed !== undefined) replay(values.seed)
else runAll(values.from, values.seeds)

function work(): void {
  process.on('message', (seed: number) => process.send?.(outcomeOf(seed)))
}

function outcomeOf(seed: number): Outcome {
  try {
    return { seed, report: simulate(seed, { servers, chaosMs }) }
  } catch (error) {
    return { seed, problem: error instanceof Error ? `${error.name}: ${error.message}` : String(error) }
  }
}

function replay(seed: number): void {
  try {
    const report = simulate(seed, { servers, chaosMs, trace: values.quiet ? undefined : (line) => console.log(line) })
    console.log(describe(report))
  } catch (error) {
    console.log(error instanceof Error ? error.stack : String(error))
    tellFailure(seed)
  }
}

function tellFailure(seed: number): void {
  console.log(`seed=${seed} commit=${commitName()}${choices.map((choice) => ` ${choice}`).join('')}`)
  process.exitCode = 1
}

/** Each worker gets its next seed when it has done one, so that long ones hold up nobody. */
function runAll(from: number, count: number): void {
  const startedMs = performance.now()
  const totals = new Map<string, number>()
  let next = from
  let done = 0
  let failed = 0
  const isTerminal = process.stdout.isTTY

  const give = (worker: ChildProcess): void => {
    if (next < from + count) worker.send(next++)
    else worker.disconnect()
  }
  const take = (outcome: Outcome): void => {
    done++
    if ('report' in outcome) {
      for (const [key, value] of figuresOf(outcome.report)) totals.set(key, (totals.get(key) ?? 0) + value)
    } else {
      failed++
      if (isTerminal) process.stdout.write('\r\x1b[K')
      console.log(outcome.problem)
      tellFailure(outcome.seed)
    }
    const perSecond = (done * 1000) / (performance.now() - startedMs)
    const progress = `${done} of ${count} seeds, ${failed} failed, ${perSecond.toFixed(1)} a second`
    if (isTerminal) process.stdout.write(`\r\x1b[K${progress}`)
    else if (done % 100 === 0) console.log(progress)
    if (done < count) return
    if (isTerminal) process.stdout.write('\r\x1b[K')
    const sums = [...totals].filter(([key]) => key !== 'convergenceMs').map(([key, value]) => `${value} ${key}`)
    console.log(sums.join(', '))
    console.log(`${done - failed} passed, ${failed} failed, ${perSecond.toFixed(1)} a second`)
  }
  for (let index = Math.min(workerCount, count); index > 0; index--) {
    const worker = fork(fileURLToPath(import.meta.url), ['--worker', ...choices])
    worker.on('message', (outcome: Outcome) => {
      take(outcome)
      give(worker)
    })
    give(worker)
  }
}

/** What was gone through, and how often each thing that is to be covered has happened. */
function figuresOf({ coverage, ...report }: SimulationReport): [string, number][] {
  return [...Object.entries(report), ...Object.entries(coverage)]
}

function describe(report: SimulationReport): string {
  return figuresOf(report)
    .map(([key, value]) => `${value} ${key}`)
    .join(', ')
}

function commitName(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

interface Options {
  readonly seeds: number
  readonly from: number
  readonly seed: number | undefined
  readonly servers: number | undefined
  readonly chaosMs: number | undefined
  readonly workers: number | undefined
  readonly quiet: boolean
  /** One of the processes of another call, which gets its seeds from there. */
  readonly worker: boolean
}

/** Of the command line. Ends the process for wrong ones, and for --help. */
function readOptions(): Options {
  try {
    const { values: given } = parseArgs({
      options: {
        seeds: { type: 'string', default: '200' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        servers: { type: 'string' },
        'chaos-ms': { type: 'string' },
        workers: { type: 'string' },
        quiet: { type: 'boolean', default: false },
        worker: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
    if (given.help) {
      process.stdout.write(USAGE)
      process.exit(0)
    }
    const { quiet, worker } = given
    const servers = wholeNumber('servers', given.servers, 3)
    if (servers !== undefined && ![3, 5, 7].includes(servers)) throw new Error('--servers must be 3, 5 or 7')
    return {
      quiet,
      worker,
      servers,
      seeds: wholeNumber('seeds', given.seeds, 1) ?? 0,
      from: wholeNumber('from', given.from, 0) ?? 0,
      seed: wholeNumber('seed', given.seed, 0),
      chaosMs: wholeNumber('chaos-ms', given['chaos-ms'], 0),
      workers: wholeNumber('workers', given.workers, 1)
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`)
    process.exit(2)
  }
}

function wholeNumber(name: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least) return value
  throw new Error(`--${name} must be a whole number of at least ${least}`)
}
