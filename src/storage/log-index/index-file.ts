import { renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Connection } from '../connection.ts'
import { removeDatabase, syncDirectory, syncFile } from '../directory.ts'
import { temporaryFile } from '../file-names.ts'
import { LARGE_PAGE_BYTES } from '../page-sizes.ts'
import { openForBulkWrite, openImmutable } from '../sqlite-connection.ts'
import { type BlockEntry, packBlocks, unpackBlock } from './blocks.ts'
import { type EventCollector, type PathTotals, type SessionTotals, subtreeTotals } from './event-collector.ts'
import { type PackedEvent, packEvents, unpackEvents } from './postings.ts'

/**
 * The index of one segment, in a file beside it: who did what to which path. It may be deleted at any time; it is made
 * again when it does not fit its segment.
 */

const FORMAT = 1
/** Levels of subtrees that are kept. */
export const SUBTREE_DEPTH_MAX = 8

const SCHEMA = `
CREATE TABLE block(number INTEGER PRIMARY KEY, first TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE session(number INTEGER PRIMARY KEY, id INTEGER NOT NULL, created_ms, closed_ms, timeout_ms, first_ms, last_ms,
                     txns, creates, changes, deletes, errors, bytes);
CREATE TABLE subtree(depth INTEGER NOT NULL, path TEXT NOT NULL, writes, bytes, creates, deletes,
                     PRIMARY KEY(depth, path)) WITHOUT ROWID;
CREATE TABLE meta(key TEXT PRIMARY KEY, value);
`

/** What an index must agree with. */
export interface IndexedSegment {
  readonly firstZxid: bigint
  readonly lastZxid: bigint
  /** Checksum of the last row, which all rows before go into. */
  readonly crc: number
}

export interface IndexedEvent extends Omit<PackedEvent, 'zxidOffset' | 'session'> {
  readonly path: string
  readonly zxid: bigint
  readonly sessionId: bigint
}

/** Writes an index and gives it its name when it is whole. Errors are SQLite's and the system's. */
export function writeIndex(folder: string, file: string, segment: IndexedSegment, events: EventCollector): void {
  const temporary = temporaryFile(file, process.pid)
  removeDatabase(folder, temporary)
  const connection = openForBulkWrite(join(folder, temporary), LARGE_PAGE_BYTES)
  try {
    connection.exec(SCHEMA)
    connection.exec('BEGIN')
    putBlocks(connection, events)
    putSessions(connection, events.sessions)
    putSubtrees(connection, subtreeTotals(events, SUBTREE_DEPTH_MAX))
    // Last: its presence means that the rest is there.
    const put = connection.prepare('INSERT INTO meta(key, value) VALUES (?, ?)')
    put.run('format', BigInt(FORMAT))
    put.run('first_zxid', segment.firstZxid)
    put.run('last_zxid', segment.lastZxid)
    put.run('crc', BigInt(segment.crc))
    put.run('txns', BigInt(events.txnCount))
    connection.exec('COMMIT')
    connection.close()
    syncFile(join(folder, temporary))
    renameSync(join(folder, temporary), join(folder, file))
    syncDirectory(dirname(join(folder, file)))
  } catch (error) {
    connection.close()
    removeDatabase(folder, temporary)
    throw error
  }
}

function putBlocks(connection: Connection, events: EventCollector): void {
  const put = connection.prepare('INSERT INTO block(number, first, body) VALUES (?, ?, ?)')
  let number = 0
  for (const { first, body } of packBlocks(packEvents(events))) put.run(number++, first, body)
}

function putSessions(connection: Connection, sessions: readonly SessionTotals[]): void {
  const put = connection.prepare(`INSERT INTO session VALUES (?${', ?'.repeat(12)})`)
  for (const [number, session] of sessions.entries()) {
    const id = (BigInt(session.idHi) << 32n) | BigInt(session.idLo >>> 0)
    const { createdMs, closedMs, timeoutMs, firstMs, lastMs, txnCount, creates, changes, deletes, errors, bytes } =
      session
    put.run(
      number,
      id,
      createdMs,
      closedMs,
      timeoutMs,
      firstMs,
      lastMs,
      txnCount,
      creates,
      changes,
      deletes,
      errors,
      bytes
    )
  }
}

function putSubtrees(connection: Connection, subtrees: ReadonlyMap<string, PathTotals>): void {
  const put = connection.prepare('INSERT INTO subtree VALUES (?, ?, ?, ?, ?, ?)')
  for (const [path, { writes, bytes, creates, deletes }] of subtrees) {
    put.run(path === '/' ? 0 : path.split('/').length - 1, path, writes, bytes, creates, deletes)
  }
}

type SessionRow = [id: bigint, ...numbers: (bigint | number | null)[]]

/** An open index. */
export class SegmentIndex {
  readonly #connection: Connection
  readonly #firstZxid: bigint
  #sessionIds: readonly bigint[] | null = null

  private constructor(connection: Connection, firstZxid: bigint) {
    this.#connection = connection
    this.#firstZxid = firstZxid
  }

  /** Null where the file is no whole index of this very segment. Errors of opening are SQLite's. */
  static open(path: string, segment: IndexedSegment): SegmentIndex | null {
    const connection = openImmutable(path)
    try {
      const rows = connection.prepare<[], [string, bigint]>('SELECT key, value FROM meta').safeIntegers().raw().all()
      const meta = new Map(rows)
      const fits =
        meta.get('format') === BigInt(FORMAT) &&
        meta.get('first_zxid') === segment.firstZxid &&
        meta.get('last_zxid') === segment.lastZxid &&
        meta.get('crc') === BigInt(segment.crc)
      if (fits) return new SegmentIndex(connection, segment.firstZxid)
    } catch {
      // Not an index, or one of another format: it is made anew.
    }
    connection.close()
    return null
  }

  get txnCount(): number {
    const row = this.#connection.prepare<[], [number]>("SELECT value FROM meta WHERE key = 'txns'").raw().get()
    return row?.[0] ?? 0
  }

  /** In the order of paths, then of the log. */
  *events(path: string, isRecursive: boolean): Generator<IndexedEvent> {
    for (const { path: name, events } of this.#entries(path, isRecursive)) {
      for (const { zxidOffset, session, ...event } of unpackEvents(events)) {
        yield { ...event, path: name, zxid: this.#firstZxid + BigInt(zxidOffset), sessionId: this.#sessionId(session) }
      }
    }
  }

  sessions(): SessionTotalsById[] {
    return this.#connection
      .prepare<[], SessionRow>(
        'SELECT id, created_ms, closed_ms, timeout_ms, first_ms, last_ms, txns, creates, changes, deletes, errors, bytes FROM session'
      )
      .safeIntegers()
      .raw()
      .all()
      .map(sessionOf)
  }

  /** What happened at and below paths of a depth (1: the root's children) under a path. */
  subtrees(depth: number, under: string): Map<string, PathTotals> {
    const rows = this.#connection
      .prepare<[number, string, string], [string, number, number, number, number]>(
        'SELECT path, writes, bytes, creates, deletes FROM subtree WHERE depth = ? AND path >= ? AND path < ?'
      )
      .raw()
      .all(depth, ...rangeBelow(under))
    return new Map(rows.map(([path, writes, bytes, creates, deletes]) => [path, { writes, bytes, creates, deletes }]))
  }

  close(): void {
    this.#connection.close()
  }

  /** Events of the path, and of all below it if that is asked for. */
  *#entries(path: string, isRecursive: boolean): Generator<BlockEntry> {
    const below = path === '/' ? '/' : `${path}/`
    yield* this.#range(path, (name) => name === path)
    if (isRecursive) yield* this.#range(below, (name) => name.startsWith(below) && name !== path)
  }

  /** From a text on, as long as it is wanted: what is wanted comes in one piece in the order of texts. */
  *#range(from: string, isWanted: (path: string) => boolean): Generator<BlockEntry> {
    for (let number = Math.max(0, this.#blockOf(from)); ; number++) {
      const row = this.#connection
        .prepare<[number], [Buffer]>('SELECT body FROM block WHERE number = ?')
        .raw()
        .get(number)
      if (row === undefined) return
      for (const entry of unpackBlock(row[0])) {
        if (isWanted(entry.path)) yield entry
        else if (entry.path > from) return
      }
    }
  }

  /** The last block that begins at or before a path; -1 where the first begins behind it. */
  #blockOf(path: string): number {
    const first = this.#connection.prepare<[number], [string]>('SELECT first FROM block WHERE number = ?').raw()
    const count = this.#connection.prepare<[], [number]>('SELECT count(*) FROM block').raw().get()?.[0] ?? 0
    let [low, high] = [0, count]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((first.get(middle)?.[0] ?? '') <= path) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #sessionId(number: number): bigint {
    this.#sessionIds ??= this.#connection
      .prepare<[], [bigint]>('SELECT id FROM session ORDER BY number')
      .safeIntegers()
      .raw()
      .all()
      .map(([id]) => id)
    return this.#sessionIds[number] ?? 0n
  }
}

export interface SessionTotalsById extends Omit<SessionTotals, 'idHi' | 'idLo'> {
  readonly id: bigint
}

function sessionOf([id, ...values]: SessionRow): SessionTotalsById {
  const numbers = values.map((value) => (value === null ? null : Number(value)))
  const [createdMs = null, closedMs = null, timeoutMs = null, ...counts] = numbers
  const [firstMs, lastMs, txnCount, creates, changes, deletes, errors, bytes] = counts.map((count) => count ?? 0)
  return {
    id,
    createdMs,
    closedMs,
    timeoutMs,
    firstMs: firstMs ?? 0,
    lastMs: lastMs ?? 0,
    txnCount: txnCount ?? 0,
    creates: creates ?? 0,
    changes: changes ?? 0,
    deletes: deletes ?? 0,
    errors: errors ?? 0,
    bytes: bytes ?? 0
  }
}

/** All texts that begin with the path and a slash: `0` is the character behind the slash. */
function rangeBelow(path: string): [from: string, before: string] {
  const base = path === '/' ? '' : path
  return [`${base}/`, `${base}0`]
}
