import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { LiveStore } from '../backup/live-store.ts'
import type { SegmentEntry } from '../catalogue-contents.ts'
import type { Connection } from '../connection.ts'
import { removeDatabase } from '../directory.ts'
import { indexFileOf } from '../file-names.ts'
import { openImmutable } from '../sqlite-connection.ts'
import { toStorageError } from '../storage-error.ts'
import type { IndexedSegment, SegmentIndex } from './index-file.ts'
import { buildIndex, openIndex, openWritten, type SegmentPlan } from './index-tasks.ts'
import { type IndexThreads, performTasks } from './index-threads.ts'
import { removeLitter } from './litter.ts'

/** How many bytes of segments are indexed, of those that were not. */
export type IndexProgress = (bytes: number, bytesTotal: number) => void

/**
 * The log of a data directory with an index for each of its segments: those of closed segments stay beside them, that of
 * the one in use is made each time, in a scratch folder.
 */
export class IndexedLog {
  /** Oldest first. */
  readonly indexes: readonly SegmentIndex[]
  readonly #scratchFiles: readonly string[]
  readonly #scratch: string

  private constructor(indexes: readonly SegmentIndex[], scratch: string, scratchFiles: readonly string[]) {
    this.indexes = indexes
    this.#scratch = scratch
    this.#scratchFiles = scratchFiles
  }

  /**
   * Opens all indexes, and makes those that are not there.
   *
   * @param threads that make them; null for this thread
   * @throws StorageError DAMAGED, CANNOT_OPEN, DISK_FULL, IO_ERROR
   */
  static async open(
    store: LiveStore,
    scratch: string,
    threads: IndexThreads | null,
    progress: IndexProgress
  ): Promise<IndexedLog> {
    const plans = store.contents.segments.flatMap((entry) => planOf(store, entry, scratch) ?? [])
    const found = new Map<SegmentPlan, SegmentIndex>()
    const scratchFiles: string[] = []
    try {
      await buildMissing(store, plans, found, threads, progress)
      for (const plan of plans.filter(({ entry }) => !entry.isClosed)) {
        scratchFiles.push(indexFileOf(plan.entry.file))
        buildIndex(store.logFolder, plan, store.connectionOf(plan.entry.file))
      }
      const indexes = plans.map((plan) => found.get(plan) ?? openInto(found, plan))
      return new IndexedLog(indexes, scratch, scratchFiles)
    } catch (error) {
      for (const index of found.values()) index.close()
      throw error
    }
  }

  close(): void {
    for (const index of this.indexes) index.close()
    for (const file of this.#scratchFiles) removeDatabase(this.#scratch, file)
  }
}

/** Opens the indexes of closed segments that there are, and makes the others. */
async function buildMissing(
  { logFolder }: LiveStore,
  plans: readonly SegmentPlan[],
  found: Map<SegmentPlan, SegmentIndex>,
  threads: IndexThreads | null,
  progress: IndexProgress
): Promise<void> {
  const missing: SegmentPlan[] = []
  for (const plan of plans) {
    if (!plan.entry.isClosed) continue
    const index = existsSync(plan.indexPath) ? openIndex(plan) : null
    if (index === null) missing.push(plan)
    else found.set(plan, index)
  }
  if (missing.length === 0) return
  removeLitter(logFolder)
  const tasks = missing.map((plan) => ({ logFolder, plan }))
  const total = missing.reduce((sum, { entry }) => sum + (entry.bytes ?? 0), 0)
  let done = 0
  progress(done, total)
  await performTasks(tasks, threads, (bytes) => {
    done += bytes
    progress(done, total)
  })
}

function openInto(found: Map<SegmentPlan, SegmentIndex>, plan: SegmentPlan): SegmentIndex {
  const index = openWritten(plan)
  found.set(plan, index)
  return index
}

/** Null of a segment without transactions. */
function planOf(store: LiveStore, entry: SegmentEntry, scratch: string): SegmentPlan | null {
  const segment = endOf(store, entry)
  const indexPath = join(entry.isClosed ? store.logFolder : scratch, indexFileOf(entry.file))
  return segment === null ? null : { entry, segment, indexPath }
}

function endOf(store: LiveStore, { file, firstZxid }: SegmentEntry): IndexedSegment | null {
  const path = join(store.logFolder, file)
  try {
    const known = store.connectionOf(file)
    const connection: Connection = known ?? openImmutable(path)
    try {
      const row = connection
        .prepare<[], [bigint, bigint]>('SELECT last_zxid, crc FROM batch ORDER BY first_zxid DESC LIMIT 1')
        .safeIntegers()
        .raw()
        .get()
      return row === undefined ? null : { firstZxid, lastZxid: row[0], crc: Number(row[1]) }
    } finally {
      if (known === null) connection.close()
    }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}
