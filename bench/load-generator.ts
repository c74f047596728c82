import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What one run of the load generator found. Latencies in microseconds. */
export interface LoadResult {
  readonly operations: number
  /** Of these and those that make up an operation, how many a log has to hold. */
  readonly writes: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
  /** Open loop: how late the generator itself sent, 99 % of the requests. */
  readonly latenessP99Us: number
  /** CPU time of the server's processes, all threads, while measuring. */
  readonly serverCpuSeconds: number
  /** CPU time of the generator while measuring. */
  readonly generatorCpuSeconds: number
  /** What the server's processes gave to the disk while measuring (write_bytes of /proc/PID/io). */
  readonly serverWriteBytes: number
  /** Calls of fsync and fdatasync while measuring; -1 if they were not counted. */
  readonly serverFlushes: number
  /** Of the workload knock: when the first read was answered, on the clock of `process.hrtime`. */
  readonly answeredNs: number
}

/** Where a load goes: the servers' client ports, and the processes whose costs are read. */
export interface LoadTarget {
  readonly ports: readonly number[]
  readonly pids: readonly number[]
  readonly tls: boolean
}

export type LoadArguments = Readonly<Record<string, string | number | boolean>>

const FLAGS = ['-O2', '-std=gnu17', '-D_GNU_SOURCE']

/**
 * Compiles the generator if a source is newer than the program; with TLS where OpenSSL's headers are installed.
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
  const compile = (...more: string[]) =>
    spawnSync(process.env.CC ?? 'cc', [...FLAGS, '-o', program, ...sources, ...more], { encoding: 'utf8' })
  if (compile('-DWITH_TLS', '-lssl', '-lcrypto').status === 0) return program
  const built = compile()
  if (built.status !== 0) throw new Error(`the load generator does not compile: ${built.error ?? built.stderr}`)
  return program
}

/** Arguments that every workload takes from its target. */
export function targetArguments(target: LoadTarget): LoadArguments {
  return { port: target.ports.join(','), 'server-pid': target.pids.join(','), tls: target.tls }
}

/** Runs one load to its end. @throws Error with the generator's message when an answer was wrong or missing */
export async function runLoad(program: string, args: LoadArguments): Promise<LoadResult> {
  const load = startLoad(program, args)
  return await load.result
}

/** A load that runs; ending its standard input ends the workload hold. */
export interface RunningLoad {
  readonly result: Promise<LoadResult>
  /** Resolves at the first line of output, which the workload hold prints when all sessions are open. */
  readonly firstLine: Promise<void>
  end(): void
  /** Ends the generator at once. */
  kill(): void
}

export function startLoad(program: string, args: LoadArguments): RunningLoad {
  const child = spawn(program, argumentList(args), { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  let errors = ''
  const result = new Promise<LoadResult>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      errors += chunk
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const lastLine = output.trimEnd().split('\n').at(-1) ?? ''
      if (code === 0) resolve(JSON.parse(lastLine) as LoadResult)
      else reject(new Error(`load ${args.workload}: ${errors.trim() || `ended with ${signal ?? code}`}`))
    })
  })
  const firstLine = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      output += chunk
      if (output.includes('\n')) resolve()
    })
    result.catch(reject)
  })
  firstLine.catch(() => undefined) // who waits for the result only gets the error there
  result.catch(() => undefined)
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('close', () => process.off('exit', kill))
  return { result, firstLine, end: () => child.stdin.end(), kill }
}

function argumentList(args: LoadArguments): string[] {
  return Object.entries(args).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : []
    return [`--${name}`, String(value)]
  })
}
