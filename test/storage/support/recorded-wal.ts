import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { checkpoint, openExclusive } from '../../../src/storage/sqlite-connection.ts'

export const FRAME_BYTES = 24 + 4096
export const WAL_HEADER_BYTES = 32

/** A database whose -wal has known commits, as bytes. */
export interface RecordedWal {
  readonly database: Buffer
  /** The -wal without its last commit, and with it; the rest of the file is of an earlier round. */
  readonly before: Buffer
  readonly after: Buffer
  readonly rowCount: number
  readonly commitCount: number
}

export interface WalPlan {
  /** Body sizes of the commits of an earlier round, whose frames remain behind those of the last round. */
  readonly earlier: readonly number[]
  /** Body sizes of the commits: below 4,000 bytes one or two frames each. */
  readonly commits: readonly number[]
}

/** Makes the commits with SQLite and takes the files as they are on the disk. */
export function recordWal({ earlier, commits }: WalPlan): RecordedWal {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'a.db')
    const connection = openExclusive(path, 'FULL', true)
    connection.exec('CREATE TABLE batch(id INTEGER PRIMARY KEY, body BLOB NOT NULL)')
    const insert = connection.prepare('INSERT INTO batch(body) VALUES (?)')
    for (const sizeBytes of earlier) insert.run(Buffer.alloc(sizeBytes, 1))
    checkpoint(connection, 'PASSIVE')
    let before = Buffer.alloc(0)
    for (const sizeBytes of commits) {
      before = readFileSync(`${path}-wal`)
      insert.run(Buffer.alloc(sizeBytes, 2))
    }
    const after = readFileSync(`${path}-wal`)
    const database = readFileSync(path)
    connection.close()
    return { database, before, after, rowCount: earlier.length + commits.length, commitCount: commits.length }
  })
}

/** Rows that SQLite itself finds with this -wal; -1 when it finds the database damaged. */
export function rowsFoundBySqlite(database: Buffer, wal: Buffer): number {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'a.db')
    writeFileSync(path, database)
    writeFileSync(`${path}-wal`, wal)
    try {
      const connection = new Database(path)
      const row = connection.prepare<[], { n: number }>('SELECT count(*) AS n FROM batch').get()
      connection.close()
      return row?.n ?? 0
    } catch (error) {
      if (error instanceof Error && 'code' in error) return -1
      throw error
    }
  })
}

/** Calls `use` with the path of a -wal file that has these bytes. */
export function withWalFile<T>(wal: Buffer, use: (path: string) => T): T {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'a.db-wal')
    writeFileSync(path, wal)
    return use(path)
  })
}

function inTemporaryFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'zoonode-wal-'))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
