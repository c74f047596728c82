import { closeSync, fsyncSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { indexFileOf, SIDE_FILES } from './file-names.ts'

/**
 * What concerns names rather than contents: a new, renamed or removed name is durable only after its directory was
 * synced.
 */

export function syncDirectory(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes durable what a file holds. Errors are those of the system. */
export function syncFile(path: string): void {
  const handle = openSync(path, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Makes a directory and its missing parents, durably. */
export function makeDirectory(path: string): void {
  const target = resolve(path)
  const firstMade = mkdirSync(target, { recursive: true })
  if (firstMade === undefined) return
  for (let made = target; ; made = dirname(made)) {
    syncDirectory(dirname(made))
    if (made === resolve(firstMade)) return
  }
}

/**
 * Removes a database, what SQLite keeps beside it, and indexes of it; these first, so that none is left without its
 * owner.
 */
export function removeDatabase(directory: string, file: string): void {
  removeIndexes(directory, file)
  for (const suffix of SIDE_FILES) rmSync(join(directory, file + suffix), { force: true })
  rmSync(join(directory, file), { force: true })
}

/** Removes what tools have made of a segment. */
export function removeIndexes(directory: string, segment: string): void {
  if (indexFileOf(segment) !== segment) rmSync(join(directory, indexFileOf(segment)), { force: true })
}

/** Size in bytes of a file, 0 if it is not there. Does not open it (see "The lock" in the storage notes). */
export function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
