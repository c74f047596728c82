import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Difference, describeRequest, describeStep } from './compare.ts'
import { PairSource, parseTarget, type Target } from './pairs.ts'
import { type CaseResult, replay, runCase } from './run-case.ts'
import { runSegment, withFailure } from './segment.ts'
import { DIFFERENTIAL_SETTINGS, type Settings } from './servers.ts'
import { shrink } from './shrink.ts'
import type { Step } from './steps.ts'

const USAGE = `tsx interop/differential/run.ts [options]
  --requests N      how many requests (100000)
  --seed S          any text; printed when not given
  --segment N       requests between fresh starts of both servers (20000)
  --left, --right   apache, zoonode or 127.0.0.1:PORT (apache, zoonode)
  --variant NAME    default, quota (enforceQuota), skipacl, reconfig, plain (no extended types)
  --expiries N      sessions left to expire in each segment (1)
  --restarts N      kill -9 and restart of both in each segment (1)
  --shrink          make each difference small, by running it again and again
  --keep-going N    go on with the next segment until N differences are found (1)
  --out DIR         where cases are written (the working directory)
  --replay FILE     run a written case instead
  --json FILE       write a summary`

const VARIANTS: Readonly<Record<string, Settings>> = {
  default: {},
  quota: { enforceQuota: 'true' },
  skipacl: { skipACL: 'yes' },
  reconfig: { reconfigEnabled: 'true' },
  plain: { extendedTypesEnabled: 'false' }
}

interface Options {
  readonly requests: number
  readonly seed: string
  readonly segment: number
  readonly targets: readonly [Target, Target]
  readonly variant: string
  readonly expiries: number
  readonly restarts: number
  readonly shrink: boolean
  readonly keepGoing: number
  readonly out: string
  readonly replay: string | undefined
  readonly json: string | undefined
}

/** A case as it is written to a file: enough to run it again. */
interface WrittenCase {
  readonly seed: string
  readonly variant: string
  readonly finalState: boolean
  readonly signature: string
  readonly steps: readonly Step[]
}

interface Found {
  readonly seed: string
  readonly variant: string
  readonly difference: Difference
  readonly file: string
}

async function main(): Promise<number> {
  const options = readOptions()
  const startedMs = performance.now()
  const source = pairSource(options)
  mkdirSync(options.out, { recursive: true })
  const known = new Map<string, number>()
  const answers = new Map<string, number>()
  const found: Found[] = []
  let requests = 0
  let segments = 0
  try {
    if (options.replay !== undefined) return await replayFile(options.replay, options)
    for (; requests < options.requests && found.length < options.keepGoing; segments++) {
      const wanted = Math.min(options.segment, options.requests - requests)
      const seed = segments === 0 ? options.seed : `${options.seed}.${segments}`
      const result = await runFreshSegment(seed, wanted, options, source)
      requests += result.requestCount
      for (const [name, count] of result.known) known.set(name, (known.get(name) ?? 0) + count)
      for (const [name, count] of result.answers) answers.set(name, (answers.get(name) ?? 0) + count)
      if (result.difference === null) {
        progress(
          `segment ${segments} seed=${seed}: ${result.requestCount} requests, ${result.treeNodeCount} znodes at the end, equal\n`
        )
        continue
      }
      found.push(await report(seed, result, result.difference, options, source))
    }
  } finally {
    await source.close()
  }
  const seconds = (performance.now() - startedMs) / 1000
  for (const [name, count] of known) console.log(`known difference, met ${count} times: ${name}`)
  console.log(
    `seed=${options.seed} variant=${options.variant}: ${requests} requests in ${segments} segments, ${found.length} differences, ${seconds.toFixed(1)} s, ${Math.round(requests / seconds)} requests/s`
  )
  if (options.json !== undefined) {
    const summary = {
      seed: options.seed,
      variant: options.variant,
      requests,
      segments,
      seconds,
      answers: Object.fromEntries([...answers].sort()),
      known: Object.fromEntries(known),
      differences: found
    }
    writeFileSync(options.json, `${JSON.stringify(summary, null, 2)}\n`)
  }
  return found.length === 0 ? 0 : 1
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      requests: { type: 'string', default: '100000' },
      seed: { type: 'string' },
      segment: { type: 'string', default: '20000' },
      left: { type: 'string', default: 'apache' },
      right: { type: 'string', default: 'zoonode' },
      variant: { type: 'string', default: 'default' },
      expiries: { type: 'string', default: '1' },
      restarts: { type: 'string', default: '1' },
      shrink: { type: 'boolean', default: false },
      'keep-going': { type: 'string', default: '1' },
      out: { type: 'string', default: '.' },
      replay: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  if (VARIANTS[values.variant] === undefined) throw new Error(`no variant ${values.variant}\n${USAGE}`)
  return {
    requests: Number(values.requests),
    seed: values.seed ?? Math.random().toString(36).slice(2, 10),
    segment: Number(values.segment),
    targets: [parseTarget(values.left), parseTarget(values.right)],
    variant: values.variant,
    expiries: Number(values.expiries),
    restarts: Number(values.restarts),
    shrink: values.shrink,
    keepGoing: Number(values['keep-going']),
    out: values.out,
    replay: values.replay,
    json: values.json
  }
}

function pairSource(options: Options, variant = options.variant): PairSource {
  const settings = { ...DIFFERENTIAL_SETTINGS, ...VARIANTS[variant] }
  return new PairSource(options.targets, { projectRoot: join(import.meta.dirname, '../..'), settings })
}

/** One segment on a fresh pair, with its progress shown every few seconds. */
async function runFreshSegment(
  seed: string,
  wanted: number,
  options: Options,
  source: PairSource
): Promise<CaseResult> {
  const pair = await source.take(false)
  try {
    let shown = performance.now()
    return await runSegment(pair, {
      seed,
      requests: wanted,
      bursts: options.variant !== 'quota',
      expiries: options.expiries,
      restarts: source.restartable ? options.restarts : 0,
      onProgress: (count) => {
        if (performance.now() - shown < 5000) return
        shown = performance.now()
        progress(`seed=${seed}: ${count} requests\r`)
      }
    })
  } finally {
    await pair.stop()
  }
}

async function report(
  seed: string,
  result: CaseResult,
  difference: Difference,
  options: Options,
  source: PairSource
): Promise<Found> {
  print(seed, options.variant, difference)
  const finalState = difference.signature.startsWith('final')
  const steps = options.shrink && source.restartable ? await makeSmall(result.steps, difference, source) : result.steps
  const file = join(options.out, `differential-${seed}-${options.variant}.json`)
  const written: WrittenCase = { seed, variant: options.variant, finalState, signature: difference.signature, steps }
  writeFileSync(file, `${JSON.stringify(written, null, 1)}\n`)
  console.log(`${steps.length} steps written to ${file}; run again with --replay ${file}`)
  if (steps.length <= 30) for (const step of steps) console.log(`  ${describeStep(step).slice(0, 400)}`)
  return { seed, variant: options.variant, difference, file }
}

async function makeSmall(steps: readonly Step[], difference: Difference, source: PairSource): Promise<readonly Step[]> {
  const finalState = difference.signature.startsWith('final')
  let attempts = 0
  return await shrink(
    steps,
    async (candidate) => {
      attempts++
      const pair = await source.take(true)
      try {
        const result = withFailure(
          await runCase(pair.sides, replay(candidate), { finalState, failure: pair.failure, restart: pair.restart }),
          pair
        )
        progress(
          `shrinking: attempt ${attempts}, ${candidate.length} steps, ${result.difference?.signature ?? 'equal'}      \r`
        )
        return result.difference?.signature === difference.signature
      } finally {
        await pair.stop()
      }
    },
    { attemptCountMax: 250, durationMsMax: 600_000 }
  )
}

async function replayFile(file: string, options: Options): Promise<number> {
  const written = JSON.parse(readFileSync(file, 'utf8')) as WrittenCase
  const source = pairSource(options, written.variant)
  const pair = await source.take(false)
  try {
    const { difference } = withFailure(
      await runCase(pair.sides, replay(written.steps), {
        finalState: written.finalState,
        failure: pair.failure,
        restart: pair.restart
      }),
      pair
    )
    if (difference === null) console.log(`${file}: ${written.steps.length} steps, equal`)
    else print(written.seed, written.variant, difference)
    return difference === null ? 0 : 1
  } finally {
    await pair.stop()
    await source.close()
  }
}

function print(seed: string, variant: string, difference: Difference): void {
  console.log(
    `\nDIFFERENCE seed=${seed} variant=${variant} step ${difference.stepIndex} slot ${difference.slot}: ${difference.signature}`
  )
  console.log(`  ${difference.detail}`)
  if (difference.request === undefined) console.log(`  step:  ${describeStep(difference.step).slice(0, 1500)}`)
  else console.log(`  request: ${describeRequest(difference.request).slice(0, 3000)}`)
  console.log(`  left:  ${JSON.stringify(difference.left).slice(0, 1500)}`)
  console.log(`  right: ${JSON.stringify(difference.right).slice(0, 1500)}`)
}

function progress(text: string): void {
  process.stderr.write(text)
}

process.exitCode = await main()
