import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Most lines that are kept. */
const LINE_COUNT_MAX = 1_000
const DEFAULT_NAME = '.zoonode_zkcli_history'
/** For the owner only: lines may tell what data there is. */
const FILE_MODE = 0o600
/** Lines with passwords are not kept. */
const SECRET_LINE = /^\s*addauth\b/

/**
 * The lines given in earlier runs of the shell at a terminal, the oldest first. A file that cannot be read or written only
 * means that there are none.
 */
export class HistoryFile {
  readonly #path: string | null

  /** @param path null keeps nothing */
  constructor(path: string | null) {
    this.#path = path
  }

  /** Reads them, and cuts the file when it has grown far beyond its limit. */
  load(): string[] {
    if (this.#path === null) return []
    try {
      const lines = readFileSync(this.#path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
      const kept = lines.slice(-LINE_COUNT_MAX)
      if (lines.length > 2 * LINE_COUNT_MAX) {
        writeFileSync(this.#path, kept.map((line) => `${line}\n`).join(''), { mode: FILE_MODE })
      }
      return kept
    } catch {
      return [] // no history yet, or none that this user may have
    }
  }

  append(line: string): void {
    if (this.#path === null || line.trim() === '' || SECRET_LINE.test(line)) return
    try {
      mkdirSync(dirname(this.#path), { recursive: true })
      appendFileSync(this.#path, `${line}\n`, { mode: FILE_MODE })
    } catch {
      // A shell without a history is still a shell.
    }
  }
}

/** Where the lines are kept: `ZKCLI_HISTORY` if it is set (empty: nowhere), else a file in the home folder. */
export function historyPath(environment: NodeJS.ProcessEnv): string | null {
  const given = environment.ZKCLI_HISTORY
  if (given !== undefined) return given === '' ? null : given
  return join(homedir(), DEFAULT_NAME)
}
