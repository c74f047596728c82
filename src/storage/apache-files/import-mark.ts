import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { syncDirectory } from '../directory.ts'
import { versionFolder } from '../file-names.ts'
import { toStorageError } from '../storage-error.ts'
import type { ApacheDirectory } from './apache-directory.ts'

/**
 * The zxid up to which Apache's files were imported, in a text file beside them. It serves one purpose: to see that an
 * Apache server has written to the directory since, as when somebody goes back to it for a while.
 */
const MARK_FILE = 'imported-from-apache'

/** @throws StorageError CANNOT_OPEN, DISK_FULL, IO_ERROR */
export function writeImportMark(dataDir: string, zxid: bigint): void {
  const folder = versionFolder(dataDir)
  const path = join(folder, MARK_FILE)
  try {
    const handle = openSync(`${path}.tmp`, 'w')
    try {
      writeSync(handle, `0x${zxid.toString(16)}\n`)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(`${path}.tmp`, path)
    syncDirectory(folder)
  } catch (error) {
    throw toStorageError(error, `writing ${path}`)
  }
}

/**
 * A file that an Apache server has begun after the import, or null. Once it serves, its next transaction begins a new log.
 *
 * @throws StorageError CANNOT_OPEN, IO_ERROR
 */
export function findNewerThanImport(dataDir: string, { snapshots, logs }: ApacheDirectory): string | null {
  const zxid = readImportMark(join(versionFolder(dataDir), MARK_FILE))
  if (zxid === null) return null
  const newer = logs.find(({ firstZxid }) => firstZxid > zxid) ?? snapshots.find((file) => file.zxid > zxid)
  return newer?.path ?? null
}

function readImportMark(path: string): bigint | null {
  if (!existsSync(path)) return null
  try {
    const [, hex] = /^0x([0-9a-f]{1,16})\n$/.exec(readFileSync(path, 'utf8')) ?? []
    return hex === undefined ? null : BigInt(`0x${hex}`)
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}
