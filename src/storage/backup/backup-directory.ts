import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../connection.ts'
import { makeDirectory, syncDirectory } from '../directory.ts'
import { STATE_PAGE_BYTES } from '../page-sizes.ts'
import { openExclusive } from '../sqlite-connection.ts'
import { StorageError, systemCode, toStorageError } from '../storage-error.ts'
import { type BackupManifest, readManifest } from './backup-manifest.ts'

/**
 * A directory of backups: a folder for each, which appears there whole, with its manifest. A full backup and the
 * incremental ones that go on from it are a *series*.
 */

/** Folders being written; what a killed run has left is removed by the next one. */
const UNFINISHED = '.unfinished'
/** Locked, as every database of ours, by having it open. */
const LOCK_FILE = 'backup.lock'
const NAME = /^\d{8}T\d{9}Z-(?:full|incr)-0x[0-9a-f]{1,16}$/
const PIECE_BYTES = 1024 * 1024

export interface StoredBackup {
  readonly folder: string
  readonly manifest: BackupManifest
}

export interface BackupSeries {
  readonly full: StoredBackup
  /** The full one first. */
  readonly backups: readonly StoredBackup[]
  readonly toZxid: bigint
}

/** Name of a backup's folder; alphabetical order is that of time. */
export function backupName(startedMs: number, kind: BackupManifest['kind'], toZxid: bigint): string {
  const time = new Date(startedMs).toISOString().replaceAll(/[-:.]/g, '')
  return `${time}-${kind === 'full' ? 'full' : 'incr'}-0x${toZxid.toString(16)}`
}

export class BackupDirectory {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Oldest first; those that cannot be read are told to `warn` and left out. @throws StorageError */
  backups(warn: (message: string) => void): StoredBackup[] {
    const found: StoredBackup[] = []
    for (const name of this.#names()) {
      const folder = join(this.path, name)
      try {
        found.push({ folder, manifest: readManifest(folder) })
      } catch (error) {
        if (!(error instanceof StorageError)) throw error
        warn(error.message)
      }
    }
    return found
  }

  /** Oldest first. A backup whose predecessor is not there, or not whole, belongs to none. @throws StorageError */
  series(warn: (message: string) => void): BackupSeries[] {
    const series: StoredBackup[][] = []
    for (const backup of this.backups(warn)) {
      const { kind, previous, name } = backup.manifest
      if (kind === 'full') {
        series.push([backup])
        continue
      }
      const its = series.find((members) => members.at(-1)?.manifest.name === previous)
      if (its === undefined) warn(`${backup.folder} goes on from ${previous}, which is not there: ${name} is of no use`)
      else its.push(backup)
    }
    return series.flatMap((backups) => {
      const [full, last] = [backups[0], backups.at(-1)]
      return full === undefined || last === undefined ? [] : [{ full, backups, toZxid: last.manifest.toZxid }]
    })
  }

  /**
   * Keeps others from writing here until the result is closed.
   *
   * @throws StorageError BUSY while another one is written; CANNOT_OPEN, IO_ERROR
   */
  lock(): Connection {
    try {
      makeDirectory(this.path)
      const path = join(this.path, LOCK_FILE)
      const lock = openExclusive(path, 'OFF', existsSync(path) ? null : STATE_PAGE_BYTES)
      // The lock is taken with the first access.
      lock.prepare('SELECT count(*) FROM sqlite_schema').get()
      this.#removeUnfinished()
      return lock
    } catch (error) {
      if (!systemCode(error).startsWith('SQLITE_BUSY')) throw toStorageError(error, `locking ${this.path}`)
      throw new StorageError('BUSY', `another backup is being written to ${this.path}`, { cause: error })
    }
  }

  /** A folder that does not count yet. @throws StorageError */
  begin(): string {
    const folder = join(this.path, `${process.pid}${UNFINISHED}`)
    try {
      makeDirectory(folder)
    } catch (error) {
      throw toStorageError(error, `making ${folder}`)
    }
    return folder
  }

  /** Makes a folder count, durably. @throws StorageError */
  finish(unfinished: string, name: string): string {
    const folder = join(this.path, name)
    try {
      syncDirectory(unfinished)
      renameSync(unfinished, folder)
      syncDirectory(this.path)
    } catch (error) {
      throw toStorageError(error, `finishing ${folder}`)
    }
    return folder
  }

  /** Removes whole series, all but the newest `keepCount`. Newest members first, so that what is left is of use. */
  prune(keepCount: number, warn: (message: string) => void): string[] {
    const removed: string[] = []
    for (const { backups } of this.series(warn).slice(0, -Math.max(1, keepCount))) {
      for (const { folder } of backups.toReversed()) {
        try {
          // Its name goes first: half of a backup is none.
          renameSync(folder, folder + UNFINISHED)
          rmSync(folder + UNFINISHED, { recursive: true, force: true })
        } catch (error) {
          throw toStorageError(error, `removing ${folder}`)
        }
        removed.push(folder)
      }
    }
    return removed
  }

  #names(): string[] {
    try {
      if (!existsSync(this.path)) return []
      return readdirSync(this.path)
        .filter((name) => NAME.test(name))
        .sort()
    } catch (error) {
      throw toStorageError(error, `looking into ${this.path}`)
    }
  }

  #removeUnfinished(): void {
    for (const name of readdirSync(this.path)) {
      if (name.endsWith(UNFINISHED)) rmSync(join(this.path, name), { recursive: true, force: true })
    }
  }
}

/** SHA-256 of a file in hexadecimal, and its size. Errors are those of the system. */
export function sumOfFile(
  path: string,
  read: (bytes: number) => void = () => undefined
): { bytes: number; sha256: string } {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  const handle = openSync(path, 'r')
  try {
    let bytes = 0
    for (let count = readSync(handle, piece); count > 0; count = readSync(handle, piece)) {
      hash.update(piece.subarray(0, count))
      bytes += count
      read(count)
    }
    return { bytes, sha256: hash.digest('hex') }
  } finally {
    closeSync(handle)
  }
}
