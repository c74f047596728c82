import { join } from 'node:path'
import type { SnapshotEntry } from './catalogue-contents.ts'
import { showZxid } from './file-names.ts'
import type { LogStore } from './log-store.ts'
import type { Say } from './open-log-store.ts'
import type { RowReader } from './row-reader.ts'
import type { SnapshotSummaryFields } from './snapshot-file.ts'
import { SnapshotFileReader } from './snapshot-file.ts'
import { StorageError } from './storage-error.ts'
import type { RowPart } from './txn-row.ts'
import { ROW_BODY_BYTES_MAX } from './txn-row.ts'

/** Bytes of chunks that are handed over together: each hand-over wakes a thread. */
const CHUNKS_BYTES = 1024 * 1024

/**
 * Reads what a server starts from: the newest valid snapshot, then the log after it.
 *
 * A snapshot is read once only, so that it turns out to be damaged while it is being loaded. Then `older` gives what to load in
 * its place: an older one when the log since that is still there; with the whole log there, none. Otherwise there is
 * nothing to start from.
 */
export class RecoveryReader {
  readonly #store: LogStore
  readonly #trustEmptySnapshot: boolean
  readonly #say: Say
  /** The oldest first. */
  readonly #candidates: SnapshotEntry[]
  /** What is wrong with newer ones. */
  readonly #problems: string[] = []
  #snapshot: { readonly path: string; readonly reader: SnapshotFileReader } | null = null
  #rows: RowReader | null = null
  #ahead: RowPart | null = null
  #rowsAfter = 0n

  /**
   * @param trustEmptySnapshot accept a log whose beginning is gone although there is no snapshot
   * @throws StorageError DAMAGED or INCOMPLETE
   */
  constructor(store: LogStore, trustEmptySnapshot: boolean, say: Say) {
    this.#store = store
    this.#trustEmptySnapshot = trustEmptySnapshot
    this.#say = say
    this.#candidates = [...store.catalogue.contents.snapshots]
    this.#choose()
  }

  /** What the snapshot says of itself; null without one, and when all of it has been read. */
  get summary(): SnapshotSummaryFields | null {
    return this.#snapshot?.reader.summary ?? null
  }

  /**
   * The next chunks of the snapshot, up to 1 MiB of them; null at its end.
   *
   * @throws StorageError DAMAGED: what has come of it is worth nothing; go on with `older`
   */
  nextChunks(): Buffer[] | null {
    if (this.#snapshot === null) return null
    const { path, reader } = this.#snapshot
    const chunks: Buffer[] = []
    try {
      for (let bytes = 0; bytes < CHUNKS_BYTES; ) {
        const chunk = reader.next()
        if (chunk === null) break
        chunks.push(chunk)
        bytes += chunk.length
      }
    } catch (error) {
      const problem = problemOf(path, error)
      this.#passOver(problem)
      throw new StorageError('DAMAGED', problem, { cause: error })
    }
    if (chunks.length > 0) return chunks
    this.#closeSnapshot()
    return null
  }

  /**
   * What the next older snapshot says of itself that is to be loaded instead; null for none.
   *
   * @throws StorageError DAMAGED or INCOMPLETE: the log does not go back that far
   */
  older(): SnapshotSummaryFields | null {
    this.#choose()
    return this.summary
  }

  /**
   * The next transactions of the log, of as many rows as make up to 1 MiB; null at its end.
   *
   * @throws StorageError DAMAGED when the log ends before the zxid that it is known to have reached
   */
  nextBatches(): RowPart | null {
    this.#rows ??= this.#store.reader(this.#rowsAfter)
    const parts: RowPart[] = []
    let bytes = 0
    for (let part = this.#ahead ?? this.#rows.next(); part !== null; part = this.#rows.next()) {
      this.#ahead = part
      if (parts.length > 0 && bytes + part.body.length > ROW_BODY_BYTES_MAX) return joinParts(parts, bytes)
      parts.push(part)
      bytes += part.body.length
      this.#ahead = null
    }
    if (parts.length === 0) assertReached(this.#store, this.#rows.lastZxid ?? this.#rowsAfter)
    return joinParts(parts, bytes)
  }

  close(): void {
    this.#closeSnapshot()
    this.#rows?.close()
    this.#rows = null
  }

  /** Opens the newest snapshot that is left and says of itself what it should. */
  #choose(): void {
    this.#closeSnapshot()
    let entry = this.#candidates.pop()
    for (; entry !== undefined && !this.#canOpen(entry); entry = this.#candidates.pop());
    this.#rowsAfter = entry?.zxid ?? 0n
    if (entry === undefined && this.#trustEmptySnapshot) this.#rowsAfter = logOrigin(this.#store, this.#say)
    try {
      assertReaches(this.#store, this.#rowsAfter, this.#problems)
    } catch (error) {
      this.#closeSnapshot()
      throw error
    }
  }

  #canOpen({ file, zxid, digest }: SnapshotEntry): boolean {
    const path = join(this.#store.settings.dataFolder, file)
    try {
      const reader = SnapshotFileReader.open(path, zxid)
      this.#snapshot = { path, reader }
      if (digest === null || reader.summary.digest === digest) return true
      this.#passOver(`${path} is not the snapshot that was taken: its digest is another`)
    } catch (error) {
      this.#passOver(problemOf(path, error))
    }
    return false
  }

  #passOver(problem: string): void {
    this.#closeSnapshot()
    this.#problems.push(problem)
    this.#say('warn', `${problem}; trying to start without it`)
  }

  #closeSnapshot(): void {
    this.#snapshot?.reader.close()
    this.#snapshot = null
  }
}

/** One part with its own memory, so that it can be handed to another thread; null for none. */
export function joinParts(parts: readonly RowPart[], bytes: number): RowPart | null {
  const [first] = parts
  const last = parts.at(-1)
  if (first === undefined || last === undefined) return null
  const body = new Uint8Array(bytes)
  let at = 0
  let txnCount = 0
  for (const part of parts) {
    body.set(part.body, at)
    at += part.body.length
    txnCount += part.txnCount
  }
  return { body, txnCount, firstZxid: first.firstZxid, lastZxid: last.lastZxid }
}

function problemOf(path: string, error: unknown): string {
  return error instanceof StorageError ? error.message : `${path} cannot be read: ${String(error)}`
}

/** The zxid before the first transaction that the log has. */
function logOrigin(store: LogStore, say: Say): bigint {
  const [first] = store.catalogue.contents.segments
  if (first === undefined) return 0n
  const origin = first.firstZxid - 1n
  if (origin > 0n)
    say('warn', `no snapshot, and the log begins after ${showZxid(origin)}: trusting that nothing was before`)
  return origin
}

/** The log must go back to where reading starts. Holes further on are found when they are read. */
function assertReaches(store: LogStore, after: bigint, problems: readonly string[]): void {
  const reader = store.reader(after)
  try {
    if (reader.next() === null) assertReached(store, reader.lastZxid ?? after)
  } catch (error) {
    if (problems.length > 0 && error instanceof StorageError) throw nothingLeft(problems, error.message)
    throw error
  } finally {
    reader.close()
  }
}

function assertReached(store: LogStore, zxid: bigint): void {
  if (zxid >= store.lastZxid) return
  throw new StorageError(
    'DAMAGED',
    `what can be read ends at ${showZxid(zxid)}, but the log had come to ${showZxid(store.lastZxid)}; ` +
      'restore the data directory from a backup'
  )
}

function nothingLeft(problems: readonly string[], why: string): StorageError {
  return new StorageError('DAMAGED', `${problems.join('; ')}; and without it: ${why}`)
}
