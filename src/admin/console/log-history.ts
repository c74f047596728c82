import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServerSettings } from '../../server/config/settings.ts'
import { ConsoleError } from './console-error.ts'

const CHANGES_MAX = 50
const OUTPUT_BYTES_MAX = 4 * 1024 * 1024
/** A first question makes indexes of all that the log has. */
const ANSWER_MS_MAX = 120_000
const NICENESS = 10

/**
 * The last changes of a znode as the transaction log has them: `zkLog.sh path`, in a process of its own with low priority, so
 * that neither the event loop nor the log thread notices. One at a time.
 */
export class LogHistory {
  #isAsking = false

  /** @throws ConsoleError where another question is being answered, or the log cannot be read */
  async changesOf(path: string, settings: ServerSettings): Promise<unknown> {
    if (this.#isAsking) throw new ConsoleError(429, 'BUSY', 'the log is being asked already: try again')
    this.#isAsking = true
    try {
      return JSON.parse(await run(argumentsFor(path, settings)))
    } catch (error) {
      throw new ConsoleError(500, 'LOG_UNREADABLE', error instanceof Error ? (error.message.split('\n')[0] ?? '') : '')
    } finally {
      this.#isAsking = false
    }
  }
}

function argumentsFor(path: string, { storage, audit }: ServerSettings): string[] {
  const args = [programFile(), 'path', path, '--json', '--limit', String(CHANGES_MAX)]
  args.push('--from', storage.dataDir, '--from-log', storage.dataLogDir)
  // It knows users and addresses of the sessions that were served here.
  if (audit.file !== null && existsSync(audit.file.path)) args.push('--audit', audit.file.path)
  return args
}

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: ANSWER_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX, killSignal: 'SIGKILL' } as const
    const child = execFile(process.execPath, args, options, (error, output, complaint) => {
      if (error === null) resolve(output)
      else reject(new Error(complaint.trim() === '' ? 'the log did not answer' : complaint.trim()))
    })
    try {
      if (child.pid !== undefined) setPriority(child.pid, NICENESS)
    } catch {
      // It has ended already, or the system does not let us; it is as good without.
    }
  })
}

/** This module may be a part of a bundle. @throws Error where there is none */
function programFile(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const file = join(folder, 'bin', 'zklog.js')
    if (existsSync(file)) return file
    if (folder === dirname(folder)) throw new Error('zklog.js is not where it was installed')
  }
}
