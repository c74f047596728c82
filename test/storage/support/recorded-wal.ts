import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '../../../src/storage/connection.ts'
import { checkpoint, openExclusive } from '../../../src/storage/sqlite-connection.ts'

/** Of pages of 4096 bytes. */
export const FRAME_BYTES = 24 + 4096
export const FRAME_HEADER_BYTES = 24
export const WAL_HEADER_BYTES = 32

/** A database whose -wal has known commits, as bytes. */
export interface RecordedWal {
  readonly database: Buffer
  /** The -wal without its last commit, and with it; the rest of the file is of an earlier round. */
  readonly before: Buffer
  readonly after: Buffer
  /** What `progressOf` finds when nothing is lost: one for each commit. */
  readonly progress: number
}

export interface WalPlan {
  /** Body sizes of the commits of an earlier round, whose frames remain behind those of the last round. */
  readonly earlier: readonly number[]
  /** Body sizes of the commits: below 4,000 bytes one or two frames each. */
  readonly commits: readonly number[]
  /** The commits change a number in two rows instead: with bodies of 3,000 bytes two frames that differ in a few bits. */
  readonly isChange?: boolean
  /** 4096 if not said. */
  readonly pageBytes?: number
}

/** Makes the commits with SQLite and takes the files as they are on the disk. */
export function recordWal({ earlier, commits, isChange = false, pageBytes = 4096 }: WalPlan): RecordedWal {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'a.db')
    const connection = openExclusive(path, 'FULL', pageBytes)
    connection.exec('CREATE TABLE batch(id INTEGER PRIMARY KEY, value INTEGER NOT NULL, body BLOB NOT NULL)')
    const insert = connection.prepare('INSERT INTO batch(value, body) VALUES (0, ?)')
    const change = connection.prepare('UPDATE batch SET value = value + 1, body = ? WHERE id <= 2')
    insert.run(Buffer.alloc(10))
    // Two rows on pages of their own, and a number that keeps its size on the page.
    if (isChange)
      connection.exec(
        'UPDATE batch SET value = 16, body = zeroblob(3000); INSERT INTO batch SELECT 2, 16, body FROM batch'
      )
    checkpoint(connection, 'PASSIVE')
    const commit = (sizeBytes: number): void => {
      const body = Buffer.alloc(sizeBytes, 1)
      if (isChange) change.run(body)
      else insert.run(body)
    }
    for (const sizeBytes of earlier) commit(sizeBytes)
    checkpoint(connection, 'PASSIVE')
    let before = Buffer.alloc(0)
    for (const sizeBytes of commits) {
      before = readFileSync(`${path}-wal`)
      commit(sizeBytes)
    }
    const after = readFileSync(`${path}-wal`)
    const database = readFileSync(path)
    connection.close()
    return { database, before, after, progress: (isChange ? 18 : 1) + earlier.length + commits.length }
  })
}

/** How many of the commits SQLite itself finds with this -wal; -1 when it finds the database damaged. */
export function progressOf(database: Buffer, wal: Buffer): number {
  return inTemporaryFolder((folder) => {
    const path = join(folder, 'a.db')
    writeFileSync(path, database)
    writeFileSync(`${path}-wal`, wal)
    const connection = new Connection(path)
    try {
      const row = connection.prepare<[], { n: number }>('SELECT count(*) + max(value) AS n FROM batch').get()
      return row?.n ?? 0
    } catch (error) {
      if (error instanceof Error && 'code' in error) return -1
      throw error
    } finally {
      connection.close()
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
