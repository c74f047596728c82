import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CutMode } from './disk-model.ts'
import { CUT_MODES, DiskModel } from './disk-model.ts'
import { openImage } from './open-image.ts'
import type { Found } from './promises.ts'
import { Promises } from './promises.ts'
import { Random } from './random.ts'
import type { DiskCall } from './recording.ts'
import { readRecording } from './recording.ts'

/**
 * Power cuts: a workload runs on the real storage under the recorder; then, at many instants of the record, the disk
 * images that a power cut could leave are built and opened. Each must open, with everything that was promised.
 */
export interface PowerCutSettings {
  readonly images: number
  readonly seed: number
  /** Workloads that are recorded; each begins on an image of the one before, so that cuts follow cuts. */
  readonly recordings: number
  readonly stepsOfRecording: number
  /** False: the workload's log is not synced, so that images must be found that lack something. */
  readonly forceSync: boolean
  /** Keep the directory of the first failing image. */
  readonly keepFailures: boolean
}

export interface PowerCutResult {
  readonly images: number
  /** How many images were built in each way. */
  readonly byMode: Record<CutMode, number>
  readonly calls: number
  readonly failures: readonly string[]
}

/** Why the recorder cannot be used here, or null. */
export function recorderProblem(): string | null {
  if (process.platform !== 'linux') return `the recorder needs LD_PRELOAD of Linux, this is ${process.platform}`
  if (spawnSync('gcc', ['--version']).status !== 0) return 'no gcc to compile the recorder with'
  return null
}

/** Compiles a C file of `folder` to a shared library in `outFolder`; returns its path. */
export function compileLibrary(source: string, outFolder: string): string {
  const library = join(outFolder, 'preload.so')
  const result = spawnSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-o', library, source, '-ldl', '-lpthread'])
  if (result.status !== 0) throw new Error(`gcc failed: ${result.stderr.toString()}`)
  return library
}

export async function runPowerCuts(settings: PowerCutSettings): Promise<PowerCutResult> {
  const work = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'zoonode-power-cut-'))
  const run = new PowerCutRun(work, settings)
  try {
    return await run.run()
  } finally {
    if (!run.isKept) rmSync(work, { recursive: true, force: true })
  }
}

class PowerCutRun {
  readonly #work: string
  readonly #settings: PowerCutSettings
  readonly #random: Random
  readonly #byMode: Record<CutMode, number> = { kept: 0, dropped: 0, prefix: 0, random: 0, torn: 0 }
  readonly #failures: string[] = []
  #calls = 0
  isKept = false

  constructor(work: string, settings: PowerCutSettings) {
    this.#work = work
    this.#settings = settings
    this.#random = new Random(settings.seed)
  }

  async run(): Promise<PowerCutResult> {
    const { images, recordings } = this.#settings
    const library = compileLibrary(join(process.cwd(), 'interop', 'faults', 'power-cut', 'recorder.c'), this.#work)
    let root = join(this.#work, 'root-0')
    mkdirSync(root)
    let before: Found | null = null
    for (let number = 0; number < recordings; number++) {
      const disk = new DiskModel(root)
      const promises = new Promises()
      if (before !== null) promises.begin(before)
      const calls = await this.#record(library, root, number)
      this.#calls += calls.length
      const count = Math.ceil((images * (number + 1)) / recordings) - Math.ceil((images * number) / recordings)
      const next = join(this.#work, `root-${number + 1}`)
      before = await this.#cut(calls, disk, promises, join(root, 'promises'), count, next)
      if (this.isKept) break
      rmSync(root, { recursive: true, force: true })
      root = next
    }
    const done = Object.values(this.#byMode).reduce((sum, some) => sum + some, 0)
    return { images: done, byMode: this.#byMode, calls: this.#calls, failures: this.#failures }
  }

  async #record(library: string, root: string, number: number): Promise<DiskCall[]> {
    const log = join(this.#work, `recording-${number}`)
    const { seed, stepsOfRecording, forceSync } = this.#settings
    const script = join(process.cwd(), 'interop', 'faults', 'power-cut', 'workload.ts')
    const numbers = [String(seed * 1000 + number), String(stepsOfRecording)]
    const args = ['--import', 'tsx', script, root, ...numbers, forceSync ? 'sync' : 'no-sync']
    const env = { ...process.env, LD_PRELOAD: library, RECORDER_ROOT: root, RECORDER_LOG: log }
    await runProgram(process.execPath, args, env)
    return readRecording(log)
  }

  /** Goes through the calls, stopping at some of them to build and open images; returns what the last one held. */
  async #cut(
    calls: readonly DiskCall[],
    disk: DiskModel,
    promises: Promises,
    promisesPath: string,
    count: number,
    next: string
  ): Promise<Found | null> {
    const cuts = this.#chooseCuts(calls, count)
    const promisesInode = calls.find((call) => call.kind === 'create' && call.path === promisesPath)
    let found: Found | null = null
    let done = 0
    for (const [index, call] of calls.entries()) {
      for (; cuts[done] === index; done++) {
        const isLast = done === cuts.length - 1
        const target = isLast ? next : join(this.#work, 'image')
        found = await this.#tryImage(disk, promises, target, `cut before call ${index} of ${calls.length}`)
        if (this.isKept) return null
        if (!isLast) rmSync(target, { recursive: true, force: true })
      }
      disk.apply(call)
      if (call.kind !== 'write' || promisesInode?.kind !== 'create' || call.inode !== promisesInode.inode) continue
      promises.take(call.data.toString('utf8'))
    }
    return found
  }

  /** Positions in the calls, in order; half of them just before a sync, where most is uncertain. */
  #chooseCuts(calls: readonly DiskCall[], count: number): number[] {
    const syncs = [...calls.keys()].filter(
      (index) => calls[index]?.kind === 'sync' || calls[index]?.kind === 'syncDirectory'
    )
    const cuts: number[] = []
    while (cuts.length < count) {
      const sync = syncs[this.#random.below(syncs.length)]
      cuts.push(sync !== undefined && this.#random.chance(0.5) ? sync : this.#random.below(calls.length))
    }
    return cuts.sort((one, other) => one - other)
  }

  async #tryImage(disk: DiskModel, promises: Promises, target: string, where: string): Promise<Found | null> {
    const mode = CUT_MODES[this.#random.below(CUT_MODES.length)] ?? 'torn'
    this.#byMode[mode]++
    rmSync(target, { recursive: true, force: true })
    mkdirSync(target)
    disk.writeImage(target, mode, this.#random)
    rmSync(join(target, 'promises'), { force: true })
    try {
      const found = await openImage(join(target, 'data'))
      const problem = promises.problemWith(found)
      if (problem === null) return found
      this.#failures.push(`${where}, unsynced ${mode}: ${problem}`)
    } catch (error) {
      this.#failures.push(`${where}, unsynced ${mode}: ${String(error)}`)
    }
    if (this.#settings.keepFailures) {
      this.isKept = true
      this.#failures.push(`kept in ${this.#work}`)
    }
    return null
  }
}

function runProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`${args.join(' ')} ended with ${code ?? signal}`))
    })
  })
}
