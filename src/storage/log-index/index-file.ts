import { toBigInt } from '../../protocol/int64.ts'
import type { Connection } from '../connection.ts'
import { openImmutable } from '../sqlite-connection.ts'
import { type BlockEntry, packBlocks, unpackBlock } from './blocks.ts'
import { COLUMN_ORDER, COLUMN_SCHEMA } from './columns.ts'
import type { EventCollector } from './event-collector.ts'
import { type PackedEvent, packEvents, pathOrder, unpackEvents } from './postings.ts'
import { putSessions, SessionColumns } from './session-columns.ts'
import { putSubtrees, SUBTREE_SCHEMA, SubtreeColumns } from './subtree-columns.ts'
import { subtreeSums } from './subtree-sums.ts'
import { writeWhole } from './write-whole.ts'

/**
 * The index of one segment, in a file beside it: who did what to which path. It may be deleted at any time; it is made
 * again when it does not fit its segment.
 */

const FORMAT = `3 ${COLUMN_ORDER}`
/** Levels of subtrees that are kept. */
export const SUBTREE_DEPTH_MAX = 8

const SCHEMA = `
CREATE TABLE block(number INTEGER PRIMARY KEY, first TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE meta(key TEXT PRIMARY KEY, value);
${COLUMN_SCHEMA}${SUBTREE_SCHEMA}`

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
  writeWhole(folder, file, (connection) => {
    connection.exec(SCHEMA)
    const order = pathOrder(events.paths)
    putBlocks(connection, events, order)
    putSessions(connection, events.sessions)
    putSubtrees(connection, subtreeSums(events.paths, events.totals, order, SUBTREE_DEPTH_MAX))
    const put = connection.prepare('INSERT INTO meta(key, value) VALUES (?, ?)')
    put.run('format', FORMAT)
    put.run('first_zxid', segment.firstZxid)
    put.run('last_zxid', segment.lastZxid)
    put.run('crc', BigInt(segment.crc))
    put.run('first_ms', events.firstMs)
    put.run('last_ms', events.lastMs)
  })
}

function putBlocks(connection: Connection, events: EventCollector, order: Int32Array): void {
  const put = connection.prepare('INSERT INTO block(number, first, body) VALUES (?, ?, ?)')
  let number = 0
  for (const { first, body } of packBlocks(packEvents(events, order))) put.run(number++, first, body)
}

/** An open index. */
export class SegmentIndex {
  /** When the first and the last of its transactions were made, by their own times. */
  readonly firstMs: number
  readonly lastMs: number
  readonly #connection: Connection
  readonly #firstZxid: bigint
  #sessions: SessionColumns | null = null

  private constructor(connection: Connection, firstZxid: bigint, firstMs: number, lastMs: number) {
    this.#connection = connection
    this.#firstZxid = firstZxid
    this.firstMs = firstMs
    this.lastMs = lastMs
  }

  /** Null where the file is no whole index of this very segment. Errors of opening are SQLite's. */
  static open(path: string, segment: IndexedSegment): SegmentIndex | null {
    const connection = openImmutable(path)
    try {
      const rows = connection.prepare<[], [string, unknown]>('SELECT key, value FROM meta').safeIntegers().raw().all()
      const meta = new Map(rows)
      const fits =
        meta.get('format') === FORMAT &&
        meta.get('first_zxid') === segment.firstZxid &&
        meta.get('last_zxid') === segment.lastZxid &&
        meta.get('crc') === BigInt(segment.crc)
      const [firstMs, lastMs] = [Number(meta.get('first_ms')), Number(meta.get('last_ms'))]
      if (fits) return new SegmentIndex(connection, segment.firstZxid, firstMs, lastMs)
    } catch {
      // Not an index, or one of another format: it is made anew.
    }
    connection.close()
    return null
  }

  /** Those of a time, both ends included, in the order of paths, then of the log. */
  *events(path: string, isRecursive: boolean, sinceMs: number, untilMs: number): Generator<IndexedEvent> {
    if (this.lastMs < sinceMs || this.firstMs > untilMs) return
    for (const { path: name, events } of this.#entries(path, isRecursive)) {
      for (const { zxidOffset, timeMs, session, kind, bytes, version } of unpackEvents(events)) {
        if (timeMs < sinceMs || timeMs > untilMs) continue
        const zxid = this.#firstZxid + BigInt(zxidOffset)
        yield { path: name, zxid, timeMs, sessionId: this.#sessionId(session), kind, bytes, version }
      }
    }
  }

  get sessions(): SessionColumns {
    this.#sessions ??= new SessionColumns(this.#connection)
    return this.#sessions
  }

  /** What happened at and below paths of a depth (1: the root's children) under a path. */
  subtrees(depth: number, under: string): SubtreeColumns {
    return new SubtreeColumns(this.#connection, depth, under)
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
    const { idHi, idLo } = this.sessions
    return toBigInt(idHi[number] ?? 0, idLo[number] ?? 0)
  }
}
