import { type ChildProcess, spawn } from 'node:child_process'
import { setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { ServerSettings } from './config/settings.ts'
import type { Logger } from './logging/logger.ts'

const OUTPUT_LENGTH_MAX = 16 * 1024
const NICENESS = 10
const PROGRAM = fileURLToPath(new URL('../bin/zkbackup.js', import.meta.url))

/** Backups at regular times, by a process of their own: neither the event loop nor the log thread notices. */
export class BackupSchedule {
  readonly #settings: ServerSettings
  readonly #log: Logger
  readonly #program: string
  readonly #timer: NodeJS.Timeout | null
  #running: ChildProcess | null = null
  #isStopped = false

  /** @param program the compiled `zkbackup.js` */
  constructor(settings: ServerSettings, log: Logger, program = PROGRAM) {
    this.#settings = settings
    this.#log = log
    this.#program = program
    const { directory, intervalMs } = settings.backup
    if (directory === null || intervalMs <= 0) {
      this.#timer = null
      return
    }
    this.#timer = setInterval(() => this.#begin(directory), intervalMs)
    this.#begin(directory)
  }

  /** A backup that is under way is given up; the next one removes what there is of it. */
  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#running?.kill('SIGKILL')
  }

  #begin(directory: string): void {
    if (this.#running !== null) {
      this.#log.warn('a backup takes longer than backup.interval: the next one is left out')
      return
    }
    const { backup, storage, quorum } = this.#settings
    const args = [this.#program, 'create', '--backups', directory]
    args.push('--from', storage.dataDir, '--from-log', storage.dataLogDir)
    args.push('--increments', String(backup.incrementsMax), '--keep', String(backup.retainCount))
    if (quorum.dynamicConfigFile !== null) args.push('--companion', quorum.dynamicConfigFile)
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#running = child
    lowerPriority(child)
    const output = collectOutput(child)
    child.once('error', (error) => this.#log.error('the backup could not be started', error))
    child.once('close', (code, signal) => {
      this.#running = null
      if (this.#isStopped) return
      const text = output().trim().replaceAll('\n', '; ')
      if (code === 0) this.#log.info(`backup: ${text}`)
      else this.#log.error(`the backup failed (${signal ?? `exit code ${code}`}): ${text}`)
    })
  }
}

function lowerPriority({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, NICENESS)
  } catch {
    // It has ended already, or the system does not let us; it is as good without.
  }
}

/** What a child writes, the last of it. */
function collectOutput(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-OUTPUT_LENGTH_MAX)
    })
  }
  return () => text
}
