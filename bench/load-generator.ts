import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from './scenarios.ts'

/** What one run of the load generator found. Latencies in microseconds. */
export interface LoadResult {
  readonly operations: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
  /** CPU time of the server's process, all threads, while measuring. */
  readonly serverCpuSeconds: number
  /** CPU time of the generator, its setting up included. */
  readonly generatorCpuSeconds: number
}

export interface LoadOptions {
  readonly port: number
  readonly serverPid: number
  readonly seconds: number
  readonly warmSeconds: number
}

/**
 * Compiles the generator if a source is newer than the program.
 *
 * @returns path of the program
 * @throws Error with the compiler's output
 */
export function buildLoadGenerator(projectRoot: string): string {
  const source = join(projectRoot, 'bench/load')
  const program = join(projectRoot, '.cache/bench/zkload')
  const files = readdirSync(source).map((name) => join(source, name))
  const newestMs = Math.max(...files.map((file) => statSync(file).mtimeMs))
  if (existsSync(program) && statSync(program).mtimeMs > newestMs) return program
  mkdirSync(join(projectRoot, '.cache/bench'), { recursive: true })
  const sources = files.filter((file) => file.endsWith('.c'))
  const built = spawnSync(process.env.CC ?? 'cc', ['-O2', '-std=gnu17', '-o', program, ...sources], {
    encoding: 'utf8'
  })
  if (built.status !== 0) throw new Error(`the load generator does not compile: ${built.error ?? built.stderr}`)
  return program
}

/** Runs one scenario. @throws Error with the generator's message when an answer was wrong or missing */
export function runLoad(program: string, scenario: Scenario, options: LoadOptions): Promise<LoadResult> {
  const args = {
    port: options.port,
    workload: scenario.workload,
    connections: scenario.connections,
    depth: scenario.depth,
    seconds: options.seconds,
    warm: options.warmSeconds,
    writes: scenario.writePercent ?? 0,
    'server-pid': options.serverPid
  }
  return new Promise((resolve, reject) => {
    const child = spawn(
      program,
      Object.entries(args).flatMap(([name, value]) => [`--${name}`, String(value)])
    )
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as LoadResult)
      else reject(new Error(`${scenario.name}: ${errors.trim()}`))
    })
  })
}
