import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { copyNewFile } from '../../storage/apache-files/durable-file.ts'
import { makeDirectory, syncDirectory } from '../../storage/directory.ts'
import { versionFolder } from '../../storage/file-names.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'

const UNFINISHED = 'version-2.unfinished'

/**
 * New data directories, of which nothing counts before all is written: the folders get the name that a server looks for
 * at the very end, that with the snapshots last.
 */
export class TargetDirectory {
  readonly dataDir: string
  readonly dataLogDir: string
  /** Where snapshots and epochs are to be written. */
  readonly dataFolder: string
  /** Where logs are to be written; may be the same. */
  readonly logFolder: string
  /** Files beside the folders. */
  readonly #besides: string[] = []

  /** @throws StorageError CANNOT_OPEN when one of the directories has something in it */
  constructor(dataDir: string, dataLogDir: string) {
    this.dataDir = resolve(dataDir)
    this.dataLogDir = resolve(dataLogDir)
    this.dataFolder = join(this.dataDir, UNFINISHED)
    this.logFolder = join(this.dataLogDir, UNFINISHED)
    for (const directory of this.#directories()) assertEmpty(directory)
  }

  /** @throws StorageError CANNOT_OPEN, DISK_FULL, IO_ERROR */
  begin(): void {
    try {
      for (const directory of this.#directories()) makeDirectory(join(directory, UNFINISHED))
    } catch (error) {
      throw toStorageError(error, `making ${this.dataFolder}`)
    }
  }

  /** Copies a file to beside the folders. @throws StorageError CANNOT_OPEN, DISK_FULL, IO_ERROR */
  copy(path: string, name: string): void {
    const copy = join(this.dataDir, name)
    this.#besides.push(copy)
    try {
      copyNewFile(path, copy)
    } catch (error) {
      throw toStorageError(error, `copying ${path}`)
    }
  }

  /** Makes all of it count, durably. @throws StorageError IO_ERROR */
  finish(): void {
    try {
      for (const directory of this.#directories()) {
        syncDirectory(join(directory, UNFINISHED))
        renameSync(join(directory, UNFINISHED), versionFolder(directory))
        syncDirectory(directory)
      }
    } catch (error) {
      throw toStorageError(error, `finishing ${this.dataDir}`)
    }
  }

  /** Removes what was written so far. */
  abandon(): void {
    for (const path of this.#besides) rmSync(path, { force: true })
    for (const directory of this.#directories()) rmSync(join(directory, UNFINISHED), { recursive: true, force: true })
  }

  /** That of the log first: a snapshot without its log would look whole. */
  #directories(): string[] {
    return this.dataDir === this.dataLogDir ? [this.dataDir] : [this.dataLogDir, this.dataDir]
  }
}

function assertEmpty(directory: string): void {
  try {
    if (!existsSync(directory)) return
    const [name] = readdirSync(directory)
    if (name === undefined) return
    throw new StorageError(
      'CANNOT_OPEN',
      `${directory} is not empty (${name} is in it): name a directory that is empty or not there yet`
    )
  } catch (error) {
    throw toStorageError(error, `looking into ${directory}`)
  }
}
