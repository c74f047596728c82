import { join } from 'node:path'
import type { SnapshotEntry } from './catalogue-contents.ts'
import { showZxid } from './file-names.ts'
import type { LogStore } from './log-store.ts'
import type { Say } from './open-log-store.ts'
import type { RowReader } from './row-reader.ts'
import type { SnapshotSummaryFields } from './snapshot-file.ts'
import { SnapshotFileReader, verifySnapshotFile } from './snapshot-file.ts'
import { StorageError } from './storage-error.ts'
import type { RowPart } from './txn-row.ts'
import { ROW_BODY_BYTES_MAX } from './txn-row.ts'

/**
 * Reads what a server starts from: the newest valid snapshot, then the log after it.
 *
 * An older snapshot takes the place of a damaged one when the log since the older one is still there; with the whole log
 * there, so does none. Otherwise there is nothing to start from.
 */
export class RecoveryReader {
  /** What the snapshot says of itself; null without one. */
  readonly summary: SnapshotSummaryFields | null
  readonly #store: LogStore
  #snapshotReader: SnapshotFileReader | null = null
  #rows: RowReader | null = null
  #ahead: RowPart | null = null
  readonly #rowsAfter: bigint

  /**
   * @param trustEmptySnapshot accept a log whose beginning is gone although there is no snapshot
   * @throws StorageError DAMAGED or INCOMPLETE
   */
  constructor(store: LogStore, trustEmptySnapshot: boolean, say: Say) {
    this.#store = store
    const { entry, problems } = chooseSnapshot(store, say)
    this.#rowsAfter = entry?.zxid ?? 0n
    if (entry === null && trustEmptySnapshot) this.#rowsAfter = logOrigin(store, say)
    assertReaches(store, this.#rowsAfter, problems)
    if (entry !== null) this.#snapshotReader = SnapshotFileReader.open(pathOf(store, entry), entry.zxid)
    this.summary = this.#snapshotReader?.summary ?? null
  }

  /** The next bytes of the snapshot, or null at its end. */
  nextChunk(): Buffer | null {
    const chunk = this.#snapshotReader?.next() ?? null
    if (chunk === null) {
      this.#snapshotReader?.close()
      this.#snapshotReader = null
    }
    return chunk
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
    this.#snapshotReader?.close()
    this.#snapshotReader = null
    this.#rows?.close()
    this.#rows = null
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

function pathOf(store: LogStore, entry: SnapshotEntry): string {
  return join(store.settings.dataFolder, entry.file)
}

/** The newest snapshot that is as it was written (null: none is), and what is wrong with newer ones. */
function chooseSnapshot(store: LogStore, say: Say): { entry: SnapshotEntry | null; problems: string[] } {
  const problems: string[] = []
  for (const entry of store.catalogue.contents.snapshots.toReversed()) {
    const problem = findProblem(store, entry)
    if (problem === null) return { entry, problems }
    problems.push(problem)
    say('warn', `${problem}; trying to start without it`)
  }
  return { entry: null, problems }
}

/** What is wrong with a snapshot, or null. Reads all of it. */
function findProblem(store: LogStore, entry: SnapshotEntry): string | null {
  const path = pathOf(store, entry)
  try {
    const { digest } = verifySnapshotFile(path, entry.zxid)
    if (entry.digest === null || digest === entry.digest) return null
    return `${path} is not the snapshot that was taken: its digest is another`
  } catch (error) {
    return error instanceof StorageError ? error.message : `${path} cannot be read: ${String(error)}`
  }
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
