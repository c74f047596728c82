import type { Connection } from '../connection.ts'
import { addPathTotals, type PathTotals, type SessionTable, type SessionTotals } from './totals.ts'

/** Totals as tables of an index. */

/** A part of the log of which totals are known. */
export interface TotalsSource {
  /** Adds up what all sessions did; parts of the log have to come in its order. */
  addSessions(into: SessionTable): void
  /** Adds up what happened at and below paths of a depth (1: the root's children) under a path. */
  addSubtrees(depth: number, under: string, into: Map<string, PathTotals>): void
  close(): void
}

export const TOTALS_SCHEMA = `
CREATE TABLE session(number INTEGER PRIMARY KEY, id INTEGER NOT NULL, created_ms, closed_ms, timeout_ms, first_ms, last_ms,
                     txns, creates, changes, deletes, errors, bytes);
CREATE TABLE subtree(depth INTEGER NOT NULL, path TEXT NOT NULL, writes, bytes, creates, deletes,
                     PRIMARY KEY(depth, path)) WITHOUT ROWID;
`

// perf: the id as two numbers; with it, all columns would have to be bigint.
const SESSION_COLUMNS =
  'id >> 32, id & 0xffffffff, created_ms, closed_ms, timeout_ms, first_ms, last_ms, txns, creates, changes, deletes, errors, bytes'

type SessionRow = [
  idHi: number,
  idLo: number,
  createdMs: number | null,
  closedMs: number | null,
  timeoutMs: number | null,
  firstMs: number,
  lastMs: number,
  txnCount: number,
  creates: number,
  changes: number,
  deletes: number,
  errors: number,
  bytes: number
]
type SubtreeRow = [path: string, writes: number, bytes: number, creates: number, deletes: number]

export function putSessions(connection: Connection, sessions: readonly SessionTotals[]): void {
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

/** In any order; the file is smallest when it is that of the texts. */
export function putSubtrees(connection: Connection, subtrees: ReadonlyMap<string, PathTotals>): void {
  const put = connection.prepare('INSERT INTO subtree VALUES (?, ?, ?, ?, ?, ?)')
  for (const [path, { writes, bytes, creates, deletes }] of subtrees) {
    put.run(depthOf(path), path, writes, bytes, creates, deletes)
  }
}

export function addSessions(connection: Connection, into: SessionTable): void {
  const rows = connection.prepare<[], SessionRow>(`SELECT ${SESSION_COLUMNS} FROM session ORDER BY number`).raw()
  for (const row of rows.iterate()) into.add(sessionOf(row))
}

export function addSubtrees(connection: Connection, depth: number, under: string, into: Map<string, PathTotals>): void {
  const [from, before] = rangeBelow(under)
  const rows = connection
    .prepare<[number, string, string], SubtreeRow>(
      'SELECT path, writes, bytes, creates, deletes FROM subtree WHERE depth = ? AND path >= ? AND path < ?'
    )
    .raw()
    .all(depth, from, before)
  for (const row of rows) addRow(row, into)
}

/** Of all subtrees that there are. */
export function addAllSubtrees(connection: Connection, into: Map<string, PathTotals>): void {
  const rows = connection.prepare<[], SubtreeRow>('SELECT path, writes, bytes, creates, deletes FROM subtree').raw()
  for (const row of rows.all()) addRow(row, into)
}

export function depthOf(path: string): number {
  return path === '/' ? 0 : path.split('/').length - 1
}

function addRow([path, writes, bytes, creates, deletes]: SubtreeRow, into: Map<string, PathTotals>): void {
  const more: PathTotals = { writes, bytes, creates, deletes }
  const sum = into.get(path)
  if (sum === undefined) into.set(path, more)
  else addPathTotals(sum, more)
}

function sessionOf(row: SessionRow): SessionTotals {
  const [idHi, idLo, createdMs, closedMs, timeoutMs, firstMs, lastMs, txnCount, creates, changes, deletes] = row
  const [errors, bytes] = [row[11], row[12]]
  return {
    idHi,
    idLo: idLo | 0,
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
  }
}

/** All texts that begin with the path and a slash: `0` is the character behind the slash. */
function rangeBelow(path: string): [from: string, before: string] {
  const base = path === '/' ? '' : path
  return [`${base}/`, `${base}0`]
}
