import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { CatalogueContents, SnapshotEntry } from '../catalogue-contents.ts'
import { readTables } from '../catalogue-tables.ts'
import type { Connection } from '../connection.ts'
import { STATE_FILE, versionFolder } from '../file-names.ts'
import { RowReader } from '../row-reader.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import type { RowPart } from '../txn-row.ts'
import { openLiveCopy, removeCopy } from './copy-live.ts'

/**
 * A data directory as it was at one moment, whether a server has it or not. It is read from outside: closed segments and
 * snapshots in place, what is being written as a copy. The server notices nothing, and nothing is locked or changed.
 */
export class LiveStore {
  readonly contents: CatalogueContents
  readonly dataFolder: string
  readonly logFolder: string
  readonly #open: ReadonlyMap<string, Connection>
  readonly #copies: readonly string[]

  private constructor(
    folders: { readonly dataFolder: string; readonly logFolder: string },
    contents: CatalogueContents,
    open: ReadonlyMap<string, Connection>,
    copies: readonly string[]
  ) {
    this.dataFolder = folders.dataFolder
    this.logFolder = folders.logFolder
    this.contents = contents
    this.#open = open
    this.#copies = copies
  }

  /**
   * @param scratch folder for copies; there must be room for the segment that is being written
   * @throws StorageError INCOMPLETE where there is no data of this server; DAMAGED, BUSY, CANNOT_OPEN, DISK_FULL, IO_ERROR
   */
  static async open(dataDir: string, dataLogDir: string, scratch: string): Promise<LiveStore> {
    const folders = { dataFolder: versionFolder(dataDir), logFolder: versionFolder(dataLogDir) }
    const statePath = join(folders.dataFolder, STATE_FILE)
    if (!existsSync(statePath)) {
      throw new StorageError('INCOMPLETE', `there is no data of a zoonode server in ${dataDir}`)
    }
    const contents = await readCatalogue(statePath, join(scratch, STATE_FILE))
    const open = new Map<string, Connection>()
    const copies: string[] = []
    try {
      for (const { file, isClosed } of contents.segments) {
        if (isClosed) continue
        const copy = join(scratch, file)
        copies.push(copy)
        open.set(file, await openLiveCopy(join(folders.logFolder, file), copy))
      }
      return new LiveStore(folders, contents, open, copies)
    } catch (error) {
      closeAll(open, copies)
      throw error
    }
  }

  /** The connection to a copy of a segment that is written; null for a closed one. */
  connectionOf(file: string): Connection | null {
    return this.#open.get(file) ?? null
  }

  /** Newest first. */
  get snapshots(): readonly SnapshotEntry[] {
    return this.contents.snapshots.toReversed()
  }

  snapshotPath(entry: SnapshotEntry): string {
    return join(this.dataFolder, entry.file)
  }

  /**
   * The transactions of the log after a zxid, row by row, each row checked.
   *
   * @throws StorageError INCOMPLETE when the log does not go back that far; DAMAGED; CANNOT_OPEN when a file was purged
   */
  *rows(after: bigint): Generator<RowPart> {
    const reader = new RowReader(this.logFolder, this.contents.segments, (file) => this.#open.get(file) ?? null, after)
    try {
      for (let part = reader.next(); part !== null; part = reader.next()) yield part
    } finally {
      reader.close()
    }
  }

  close(): void {
    closeAll(this.#open, this.#copies)
  }
}

async function readCatalogue(path: string, copyPath: string): Promise<CatalogueContents> {
  const connection = await openLiveCopy(path, copyPath)
  try {
    return readTables(connection, path)
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  } finally {
    connection.close()
    removeCopy(copyPath)
  }
}

function closeAll(open: ReadonlyMap<string, Connection>, copies: readonly string[]): void {
  for (const connection of open.values()) connection.close()
  for (const copy of copies) removeCopy(copy)
}
