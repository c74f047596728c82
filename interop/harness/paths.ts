import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Root of the repository. */
export const REPOSITORY = join(import.meta.dirname, '..', '..')

/**
 * Where the programs under test are, `bin/` and `dist/`: the repository, which is built when it has changed, or the folder that `ZOONODE_HOME`
 * names, which is taken as it is.
 */
export const PROGRAMS = process.env.ZOONODE_HOME ?? REPOSITORY

/** Folder of the interop sources. */
export const INTEROP = join(REPOSITORY, 'interop')

/**
 * Makes sure that a folder below `.cache/interop` exists and returns its path. Everything that is downloaded, compiled or written by
 * a run lives there: git ignores it, and deleting it costs only time.
 */
export function cacheFolder(...names: readonly string[]): string {
  const folder = join(REPOSITORY, '.cache', 'interop', ...names)
  mkdirSync(folder, { recursive: true })
  return folder
}
