import type { Connection } from '../connection.ts'
import { openImmutable } from '../sqlite-connection.ts'
import type { IndexedSegment } from './index-file.ts'
import { type PathTotals, SessionTable } from './totals.ts'
import {
  addSessions,
  addSubtrees,
  putSessions,
  putSubtrees,
  TOTALS_SCHEMA,
  type TotalsSource
} from './totals-tables.ts'
import { writeWhole } from './write-whole.ts'

/**
 * Totals of a run of closed segments, in a file beside its first: without it, a question for totals would read those of
 * each segment, which for 134 segments with 40,000 subtrees each is five million rows.
 */

/** Segments of a run. Fewer than these may be left at the end of the log, of which each is read by itself. */
export const RUN_SEGMENTS = 16

const FORMAT = 1
const SCHEMA = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value);
${TOTALS_SCHEMA}`

/** What is added up to a run. */
export interface RunPart {
  addSessions(into: SessionTable): void
  addAllSubtrees(into: Map<string, PathTotals>): void
}

/** Errors are SQLite's and the system's. */
export function writeRun(
  folder: string,
  file: string,
  segments: readonly IndexedSegment[],
  parts: Iterable<RunPart>
): void {
  const sessions = new SessionTable()
  const subtrees = new Map<string, PathTotals>()
  for (const part of parts) {
    part.addSessions(sessions)
    part.addAllSubtrees(subtrees)
  }
  writeWhole(folder, file, (connection) => {
    connection.exec(SCHEMA)
    putSessions(connection, sessions.all)
    putSubtrees(connection, subtrees)
    const put = connection.prepare('INSERT INTO meta(key, value) VALUES (?, ?)')
    put.run('format', FORMAT)
    put.run('segments', identityOf(segments))
  })
}

/** An open file of totals. */
export class RunTotals implements TotalsSource {
  readonly #connection: Connection

  private constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Null where the file does not hold the totals of these very segments. Errors of opening are SQLite's. */
  static open(path: string, segments: readonly IndexedSegment[]): RunTotals | null {
    const connection = openImmutable(path)
    try {
      const meta = new Map(connection.prepare<[], [string, unknown]>('SELECT key, value FROM meta').raw().all())
      if (meta.get('format') === FORMAT && meta.get('segments') === identityOf(segments))
        return new RunTotals(connection)
    } catch {
      // Not such a file, or one of another format: it is made anew.
    }
    connection.close()
    return null
  }

  addSessions(into: SessionTable): void {
    addSessions(this.#connection, into)
  }

  addSubtrees(depth: number, under: string, into: Map<string, PathTotals>): void {
    addSubtrees(this.#connection, depth, under, into)
  }

  close(): void {
    this.#connection.close()
  }
}

function identityOf(segments: readonly IndexedSegment[]): string {
  return segments.map(({ firstZxid, lastZxid, crc }) => `${firstZxid}-${lastZxid}:${crc}`).join(' ')
}
