/**
 * Why the storage cannot go on. Stable, for programs:
 *
 * - `LOCKED`: another server has the data directory
 * - `DAMAGED`: something on disk is not what was written; the server must not start (or, once serving, must stop)
 * - `INCOMPLETE`: files that are needed are not there
 * - `DISK_FULL`: no room; nothing is lost, the operation can be repeated
 * - `IO_ERROR`: the operating system failed a read, write or sync; what is durable is unknown
 * - `CANNOT_OPEN`: no permission, not a directory, not a data directory of this server
 * - `BUSY`: the operation is running already
 * - `CLOSED`: the storage was closed, or failed before
 * - `TIMEOUT`: the deadline of an operation passed
 */
export type StorageErrorCode =
  | 'LOCKED'
  | 'DAMAGED'
  | 'INCOMPLETE'
  | 'DISK_FULL'
  | 'IO_ERROR'
  | 'CANNOT_OPEN'
  | 'BUSY'
  | 'CLOSED'
  | 'TIMEOUT'

/** An error of the storage. `message` is one line for an operator: what, where, and what to do. */
export class StorageError extends Error {
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
  }
}

/** A StorageError as it travels between threads. */
export interface StorageErrorFields {
  readonly code: StorageErrorCode
  readonly message: string
}

/** The code that SQLite or the operating system gave an error, or an empty string. */
export function systemCode(error: unknown): string {
  // Not `instanceof`: an addon's errors may be of another realm than this module.
  const isObject = typeof error === 'object' && error !== null
  return isObject && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** Tells whether there was no room on the disk: the only failure of a write after which a retry is sound. */
export function isDiskFull(error: unknown): boolean {
  const code = systemCode(error)
  return code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'DISK_FULL'
}

const DAMAGE_CODES = /^SQLITE_(CORRUPT|NOTADB|FORMAT|MISMATCH)/
const OPEN_CODES =
  /^(EACCES|EPERM|EROFS|EEXIST|ENOENT|ENOTDIR|EISDIR|ELOOP|ENAMETOOLONG|SQLITE_(CANTOPEN|READONLY|PERM|AUTH))/

/**
 * Any error as a StorageError, with `doing` (such as "writing log.5.db") in front of what the system said.
 */
export function toStorageError(error: unknown, doing: string): StorageError {
  if (error instanceof StorageError) return error
  const code = systemCode(error)
  const said = error instanceof Error ? error.message : String(error)
  const suffix = code === '' || said.includes(code) ? '' : ` (${code})`
  const message = `${doing}: ${said}${suffix}`
  if (isDiskFull(error)) return new StorageError('DISK_FULL', `${message}; make room on the disk`, { cause: error })
  if (DAMAGE_CODES.test(code)) {
    return new StorageError('DAMAGED', `${message}; the file is damaged, restore it from a backup`, { cause: error })
  }
  if (OPEN_CODES.test(code)) {
    return new StorageError('CANNOT_OPEN', `${message}; check the path and its permissions`, { cause: error })
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new StorageError('LOCKED', `${message}; another program has the file open`, { cause: error })
  }
  return new StorageError('IO_ERROR', message, { cause: error })
}
