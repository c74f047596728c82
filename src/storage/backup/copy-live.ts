import { closeSync, constants, copyFileSync, existsSync, openSync, readSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '../connection.ts'
import { SIDE_FILES, walOf } from '../file-names.ts'
import { openExclusive, openImmutable } from '../sqlite-connection.ts'
import { StorageError, systemCode, toStorageError } from '../storage-error.ts'
import { WAL_HEADER_BYTES } from '../wal-format.ts'
import { cutTornTail, scanWal } from '../wal-scan.ts'

/**
 * Reads a database that another process is writing, without asking it for anything: by a copy of the main file and then
 * of the -wal.
 *
 * Such a copy is what the database was at one commit, if the -wal did not begin anew between the start of the first copy
 * and the end of the second: then every page that a checkpoint moved to the main file before or while that was copied
 * stands in the copied -wal, too, in the same state or a later one. A -wal that begins anew gets other salts in its
 * header, so two looks at that tell; if they differ, it is done again.
 *
 * Never for a file that a connection of this process has open (see "The lock" in the storage notes).
 */

const ATTEMPT_COUNT_MAX = 60
const RETRY_MS = 20
/** Where a database's header says which journal it is for: 1 rollback, 2 a write-ahead log. */
const READ_VERSION_OFFSET = 19
const READ_VERSION_ROLLBACK = 1

/**
 * Opens a copy of `path` at `copyPath`; of a file that nobody writes any more (a closed segment) the file itself. The
 * copy is the caller's to remove.
 *
 * @throws StorageError DAMAGED; BUSY when the file is written faster than it can be copied; CANNOT_OPEN, DISK_FULL, IO_ERROR
 */
export async function openLiveCopy(path: string, copyPath: string): Promise<Connection> {
  let damage: StorageError | null = null
  for (let attempt = 0; attempt < ATTEMPT_COUNT_MAX; attempt++) {
    if (attempt > 0) await delay(RETRY_MS)
    try {
      if (isClosed(path)) return openReadable(path)
      if (!copyOnce(path, copyPath)) continue
      damage = damageOf(path, copyPath)
      if (damage === null) return openExclusive(copyPath, 'OFF', null)
    } catch (error) {
      // It is just being closed: its -wal goes away, or its last change is under way.
      const isClosing = systemCode(error) === 'ENOENT' || systemCode(error).startsWith('SQLITE_BUSY')
      if (isClosing && existsSync(path)) continue
      throw toStorageError(error, `copying ${path}`)
    }
  }
  throw damage ?? new StorageError('BUSY', `${path} is written faster than it can be copied; try again later`)
}

export function removeCopy(copyPath: string): void {
  for (const suffix of ['', ...SIDE_FILES]) rmSync(copyPath + suffix, { force: true })
}

/** @returns whether the copy is of one moment */
function copyOnce(path: string, copyPath: string): boolean {
  removeCopy(copyPath)
  const before = walHeaderOf(path)
  copyFileSync(path, copyPath, constants.COPYFILE_FICLONE)
  if (existsSync(walOf(path))) copyFileSync(walOf(path), walOf(copyPath), constants.COPYFILE_FICLONE)
  return before.equals(walHeaderOf(path)) && walHeaderOf(copyPath).equals(before)
}

/** Empty where there is no -wal, as beside the files of a server that was stopped. */
function walHeaderOf(path: string): Buffer {
  return existsSync(walOf(path)) ? headerOf(walOf(path), WAL_HEADER_BYTES) : Buffer.alloc(0)
}

/** What is just being written at the end of the -wal is left out. */
function damageOf(path: string, copyPath: string): StorageError | null {
  const { verdict, badOffset, validBytes } = scanWal(walOf(copyPath))
  if (verdict === 'torn') cutTornTail(walOf(copyPath), validBytes)
  if (verdict !== 'damaged') return null
  return new StorageError('DAMAGED', `${walOf(path)} is damaged at offset ${badOffset}, but what follows is whole`)
}

/** Its server may still be about to let go of it: that shows with the first read. */
function openReadable(path: string): Connection {
  const connection = openImmutable(path)
  try {
    connection.prepare('SELECT count(*) FROM sqlite_schema').get()
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

function isClosed(path: string): boolean {
  return headerOf(path, 100)[READ_VERSION_OFFSET] === READ_VERSION_ROLLBACK && !existsSync(walOf(path))
}

function headerOf(path: string, sizeBytes: number): Buffer {
  const header = Buffer.alloc(sizeBytes)
  const handle = openSync(path, 'r')
  try {
    return header.subarray(0, readSync(handle, header, 0, sizeBytes, 0))
  } finally {
    closeSync(handle)
  }
}
