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
import { buildIndex, bytesOfTask, openIndex, openWritten, runPath, type SegmentPlan } from './index-tasks.ts'
import { type IndexThreads, performTasks } from './index-threads.ts'
import { removeLitter } from './litter.ts'
import { RUN_SEGMENTS, RunTotals } from './run-file.ts'
import type { TotalsSource } from './totals-tables.ts'

/** How many bytes of segments are indexed, of those that were not. */
export type IndexProgress = (bytes: number, bytesTotal: number) => void

/**
 * The log of a data directory with an index for each of its segments: those of closed segments stay beside them, that of
 * the one in use is made each time, in a scratch folder.
 */
export class IndexedLog {
  /** Oldest first. */
  readonly indexes: readonly SegmentIndex[]
  /** The whole log in as few parts as there are, oldest first. */
  readonly totals: readonly TotalsSource[]
  readonly #scratchFiles: readonly string[]
  readonly #scratch: string

  private constructor(
    indexes: readonly SegmentIndex[],
    totals: readonly TotalsSource[],
    scratch: string,
    scratchFiles: readonly string[]
  ) {
    this.indexes = indexes
    this.totals = totals
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
    const runs: RunTotals[] = []
    const scratchFiles: string[] = []
    try {
      await buildMissing(store, plans, found, threads, progress)
      for (const plan of plans.filter(({ entry }) => !entry.isClosed)) {
        scratchFiles.push(indexFileOf(plan.entry.file))
        buildIndex(store.logFolder, plan, store.connectionOf(plan.entry.file))
      }
      const indexes = plans.map((plan) => found.get(plan) ?? openInto(found, plan))
      const totals = await openTotals(store.logFolder, plans, found, threads, runs)
      return new IndexedLog(indexes, totals, scratch, scratchFiles)
    } catch (error) {
      for (const index of [...found.values(), ...runs]) index.close()
      throw error
    }
  }

  close(): void {
    for (const index of new Set([...this.indexes, ...this.totals])) index.close()
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
  const tasks = missing.map((plan) => ({ kind: 'index', logFolder, plan }) as const)
  const total = tasks.reduce((sum, task) => sum + bytesOfTask(task), 0)
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

/** Runs where they are known, the segments between and behind them by themselves; of enough of these, runs are made. */
async function openTotals(
  logFolder: string,
  plans: readonly SegmentPlan[],
  indexes: ReadonlyMap<SegmentPlan, SegmentIndex>,
  threads: IndexThreads | null,
  opened: RunTotals[]
): Promise<TotalsSource[]> {
  const missing = missingRuns(logFolder, plans)
  await performTasks(
    missing.map((run) => ({ kind: 'run', logFolder, plans: run }) as const),
    threads,
    () => undefined
  )
  const totals: TotalsSource[] = []
  for (let at = 0; at < plans.length; ) {
    const run = openRun(logFolder, plans.slice(at, at + RUN_SEGMENTS))
    const [plan] = plans.slice(at, at + 1)
    const index = plan === undefined ? undefined : indexes.get(plan)
    if (run !== null) opened.push(run)
    const source = run ?? index
    if (source !== undefined) totals.push(source)
    at += run === null ? 1 : RUN_SEGMENTS
  }
  return totals
}

/** What stands alone before a run stays so: it will be purged before that. */
function missingRuns(logFolder: string, plans: readonly SegmentPlan[]): SegmentPlan[][] {
  const closed = plans.filter(({ entry }) => entry.isClosed)
  let behindRuns = 0
  for (let at = 0; at + RUN_SEGMENTS <= closed.length; ) {
    const run = openRun(logFolder, closed.slice(at, at + RUN_SEGMENTS))
    run?.close()
    at += run === null ? 1 : RUN_SEGMENTS
    if (run !== null) behindRuns = at
  }
  const missing: SegmentPlan[][] = []
  for (let at = behindRuns; at + RUN_SEGMENTS <= closed.length; at += RUN_SEGMENTS) {
    missing.push(closed.slice(at, at + RUN_SEGMENTS))
  }
  return missing
}

/** Null where there is none that begins with the first of these segments and holds all of them. */
function openRun(logFolder: string, plans: readonly SegmentPlan[]): RunTotals | null {
  if (plans.length < RUN_SEGMENTS || plans.some(({ entry }) => !entry.isClosed)) return null
  const path = runPath(logFolder, plans)
  if (!existsSync(path)) return null
  try {
    return RunTotals.open(
      path,
      plans.map(({ segment }) => segment)
    )
  } catch (error) {
    throw toStorageError(error, `opening ${path}`)
  }
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
