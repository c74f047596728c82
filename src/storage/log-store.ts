import { join } from 'node:path'
import type { Catalogue } from './catalogue.ts'
import type { CatalogueContents, SegmentEntry } from './catalogue-contents.ts'
import { withoutFiles, withSegment } from './catalogue-contents.ts'
import type { Connection } from './connection.ts'
import { fileBytes, removeDatabase, syncDirectory } from './directory.ts'
import { LogSegment } from './log-segment.ts'
import { LARGE_PAGE_BYTES, pageBytesFor } from './page-sizes.ts'
import { RowCoder } from './row-coding.ts'
import { RowReader } from './row-reader.ts'
import { CounterSlot } from './shared-memory.ts'
import type { SyncMode } from './sqlite-connection.ts'
import { openImmutable } from './sqlite-connection.ts'
import { partsOfRowSize, ROW_BODY_BYTES_MAX, ROW_TXN_COUNT_MAX, rowCrc } from './txn-row.ts'

/** A segment with small pages gives way to one with large ones only after so many commits. */
const COMMITS_TO_JUDGE_BY = 256

/** Where the store is and how it behaves; from the options. */
export interface LogStoreSettings {
  /** dataDir/version-2 */
  readonly dataFolder: string
  /** dataLogDir/version-2 */
  readonly logFolder: string
  readonly sync: SyncMode
  readonly rollBytesMax: number
  readonly rollTxnCountMax: number
  readonly checkpointBytes: number
  readonly checkpointBytesMax: number
}

/**
 * The log while it is open, in the log thread: the active segment, older ones on their way to being closed, and the end
 * of the chain of rows. Errors of SQLite and of the operating system come out as they are; the caller decides which of
 * them are fatal.
 */
export class LogStore {
  readonly settings: LogStoreSettings
  readonly catalogue: Catalogue
  readonly #counters: Float64Array
  /** Open segments by file name. At most one is active; the others are to be finished. */
  readonly #open = new Map<string, LogSegment>()
  #active: LogSegment | null = null
  #activeTxns = 0
  #activeBytes = 0
  /** Commits to the active segment since it was opened, and their bytes. */
  #commits = 0
  #commitBytes = 0
  #isRollWanted = false
  #hasUnmarked = false
  #lastZxid = 0n
  #lastCrc = 0

  // The group commit that is being gathered; the chain goes on from these.
  /** Whether a row of it is written already, in a transaction that is open. */
  #isBegun = false
  readonly #row = Buffer.alloc(ROW_BODY_BYTES_MAX)
  readonly #coder = new RowCoder()
  #rowBytes = 0
  #rowTxns = 0
  #rowFirstZxid = 0n
  #rowLastZxid = 0n
  #groupLastZxid = 0n
  #groupCrc = 0
  #groupTxns = 0
  #groupBytes = 0

  constructor(settings: LogStoreSettings, catalogue: Catalogue, counters: Float64Array) {
    this.settings = settings
    this.catalogue = catalogue
    this.#counters = counters
  }

  /** Zxid of the last transaction that is durable. */
  get lastZxid(): bigint {
    return this.#lastZxid
  }

  /**
   * Takes the segment that appending goes on with (null: the next batch makes one), and the zxid that the log has come to.
   */
  resume(active: LogSegment | null, lastZxid: bigint): void {
    this.#active = active
    this.#lastZxid = lastZxid
    this.#lastCrc = active?.tip()?.crc ?? 0
    this.#activeTxns = 0
    this.#activeBytes = active === null ? 0 : fileBytes(active.path)
    this.#commits = 0
    this.#commitBytes = 0
    if (active !== null) this.#open.set(active.file, active)
  }

  /** Notes an open segment that is not the active one; it will be finished. */
  keepOpen(segment: LogSegment): void {
    this.#open.set(segment.file, segment)
  }

  /** Begins a group commit, in a new segment if one is due. */
  beginGroup(firstZxid: bigint): void {
    const active = this.#isRollDue() ? this.#startSegment(firstZxid) : this.#active
    const segment = active ?? this.#startSegment(firstZxid)
    if (segment.walBytes > this.settings.checkpointBytesMax) this.#checkpoint(segment)
    this.#isBegun = false
    this.#rowBytes = 0
    this.#rowTxns = 0
    this.#groupLastZxid = this.#lastZxid
    this.#groupCrc = this.#lastCrc
    this.#groupTxns = 0
    this.#groupBytes = 0
  }

  /** Adds a batch to the group. Batches share a row as long as it stays within its limits; a larger one gets several. */
  addBatch(firstZxid: bigint, lastZxid: bigint, txnCount: number, body: Uint8Array): void {
    if (txnCount > 1 && (txnCount > ROW_TXN_COUNT_MAX || body.length > ROW_BODY_BYTES_MAX)) {
      for (const part of partsOfRowSize(body)) this.addBatch(part.firstZxid, part.lastZxid, part.txnCount, part.body)
      return
    }
    const isFull = this.#rowBytes + body.length > ROW_BODY_BYTES_MAX || this.#rowTxns + txnCount > ROW_TXN_COUNT_MAX
    if (isFull && this.#rowTxns > 0) this.#writeRow()
    if (body.length > ROW_BODY_BYTES_MAX) {
      this.#begin()
      this.#insert(firstZxid, lastZxid, txnCount, body)
      return
    }
    if (this.#rowTxns === 0) this.#rowFirstZxid = firstZxid
    this.#row.set(body, this.#rowBytes)
    this.#rowBytes += body.length
    this.#rowTxns += txnCount
    this.#rowLastZxid = lastZxid
  }

  /** Commits the group: when this returns, it is on the disk. */
  commitGroup(): void {
    // perf: bench/load, set with one in flight; a single row is a transaction by itself, in one statement for three.
    if (!this.#isBegun) this.#insertRow()
    else {
      if (this.#rowTxns > 0) this.#insertRow()
      this.#activeSegment().commit()
    }
    this.#lastZxid = this.#groupLastZxid
    this.#lastCrc = this.#groupCrc
    this.#activeTxns += this.#groupTxns
    this.#activeBytes += this.#groupBytes
    this.#commits++
    this.#commitBytes += this.#groupBytes
    this.#count(CounterSlot.commits, 1)
    this.#count(CounterSlot.txns, this.#groupTxns)
    this.#count(CounterSlot.bytes, this.#groupBytes)
    this.#counters[CounterSlot.lastCommitTxns] = this.#groupTxns
  }

  /** Undoes what was added since `beginGroup`; for a retry. */
  rollbackGroup(): void {
    this.#active?.rollback()
  }

  /** The next batch goes into a new segment, which is made ready now. */
  roll(): void {
    if (this.#active === null || this.#isRollWanted) return
    LogSegment.prepare(this.settings.logFolder, this.#nextPageBytes)
    this.#isRollWanted = true
  }

  /** Tells whether `tidy` has something to do. */
  isTidyDue(): boolean {
    if (
      this.catalogue.isTidyDue() ||
      this.#hasUnmarked ||
      this.#open.size > 1 ||
      (this.#open.size === 1 && this.#active === null)
    )
      return true
    return this.#active !== null && this.#active.walBytes > this.settings.checkpointBytes
  }

  /** What can wait until no batch does: a checkpoint, finishing segments that are not active any more. */
  tidy(): void {
    if (this.#active !== null && this.#active.walBytes > this.settings.checkpointBytes) this.#checkpoint(this.#active)
    for (const segment of this.#open.values()) {
      if (segment !== this.#active) this.#finish(segment)
    }
    if (this.#hasUnmarked) this.#markClosed()
    if (this.catalogue.isTidyDue()) this.catalogue.tidy()
  }

  /** Moves what it can from the -wal files to the main ones; for a full disk, where a -wal's room can be used again. */
  reuseRoom(): void {
    this.catalogue.tidy()
    if (this.#active !== null) this.#checkpoint(this.#active)
  }

  /** Reads the log after a zxid. Close the reader before anything else is written. */
  reader(after: bigint): RowReader {
    const { segments } = this.catalogue.contents
    return new RowReader(this.settings.logFolder, segments, (file) => this.connectionOf(file), after)
  }

  /** This thread's connection to a segment, if it is open: then it must be read through that. */
  connectionOf(file: string): Connection | null {
    return this.#open.get(file)?.connection ?? null
  }

  /** Lets go of open segments, without finishing them: they are about to be changed or removed. */
  release(files: readonly string[]): void {
    for (const file of files) {
      const segment = this.#open.get(file)
      if (segment === undefined) continue
      segment.close()
      this.#open.delete(file)
      if (segment === this.#active) this.#active = null
    }
  }

  releaseAll(): void {
    this.release([...this.#open.keys()])
  }

  /** Takes files out of the catalogue, in one change with what else `edit` does to it, then removes them. */
  drop(
    segments: readonly SegmentEntry[],
    snapshots: CatalogueContents['snapshots'],
    edit: (contents: CatalogueContents) => CatalogueContents
  ): string[] {
    this.catalogue.change(withoutFiles(edit(this.catalogue.contents), segments, snapshots))
    this.release(segments.map(({ file }) => file))
    return this.removeDoomed()
  }

  /** Removes the files that the catalogue has doomed. Safe to repeat; a crash leaves it to the next start. */
  removeDoomed(): string[] {
    const { contents } = this.catalogue
    if (contents.doomed.length === 0) return []
    const { logFolder, dataFolder } = this.settings
    for (const { folder, file } of contents.doomed) removeDatabase(folder === 'log' ? logFolder : dataFolder, file)
    syncDirectory(logFolder)
    if (dataFolder !== logFolder) syncDirectory(dataFolder)
    this.catalogue.change({ ...contents, doomed: [] })
    return contents.doomed.map(({ file }) => file)
  }

  /** Finishes all that is open and notes that the log is whole; then gives up the lock. */
  close(): void {
    for (const segment of this.#open.values()) {
      if (segment !== this.#active) this.#finish(segment)
    }
    if (this.#hasUnmarked) this.#markClosed()
    this.#active?.close()
    this.#open.clear()
    this.#active = null
    const { contents } = this.catalogue
    this.catalogue.change({ ...contents, cleanShutdown: true, logFloor: this.#lastZxid })
    this.catalogue.close()
  }

  /** Closes everything as it is: the start did not succeed. */
  abandon(): void {
    this.releaseAll()
    this.catalogue.close()
  }

  #isRollDue(): boolean {
    const { rollBytesMax, rollTxnCountMax } = this.settings
    return (
      this.#isRollWanted ||
      this.#activeBytes >= rollBytesMax ||
      this.#activeTxns >= rollTxnCountMax ||
      this.#arePagesTooSmall
    )
  }

  /** What the commits to the active segment ask of the next one. */
  get #nextPageBytes(): number {
    return pageBytesFor(this.#commits, this.#commitBytes)
  }

  /** A segment lasts long where the server's snapshots are rare: large values do not wait for the next one. */
  get #arePagesTooSmall(): boolean {
    if (this.#active === null || this.#commits < COMMITS_TO_JUDGE_BY) return false
    return this.#active.pageBytes < LARGE_PAGE_BYTES && this.#nextPageBytes === LARGE_PAGE_BYTES
  }

  #activeSegment(): LogSegment {
    if (this.#active === null) throw new Error('no group commit was begun')
    return this.#active
  }

  /** Named, synced in its directory, catalogued, and only then used. */
  #startSegment(firstZxid: bigint): LogSegment {
    const { logFolder, sync } = this.settings
    const file = LogSegment.adopt(logFolder, firstZxid, this.#nextPageBytes)
    const entry: SegmentEntry = { firstZxid, lastZxid: null, file, bytes: null, isClosed: false }
    this.catalogue.change(withSegment(this.catalogue.contents, entry))
    const segment = LogSegment.open(logFolder, file, sync)
    this.#open.set(file, segment)
    this.#active = segment
    this.#activeTxns = 0
    this.#activeBytes = 0
    this.#commits = 0
    this.#commitBytes = 0
    this.#lastCrc = 0
    this.#isRollWanted = false
    this.#count(CounterSlot.rolls, 1)
    return segment
  }

  #finish(segment: LogSegment): void {
    segment.finish()
    this.#open.delete(segment.file)
    this.#hasUnmarked = true
  }

  /** Notes in the catalogue that finished segments are closed: where they end, and that nothing may be missing. */
  #markClosed(): void {
    const { logFolder } = this.settings
    let { contents } = this.catalogue
    for (const entry of contents.segments) {
      if (entry.isClosed || this.#open.has(entry.file)) continue
      const path = join(logFolder, entry.file)
      const lastZxid = lastZxidOf(path)
      const closed = { ...entry, lastZxid, bytes: fileBytes(path), isClosed: true }
      contents = { ...withSegment(contents, closed), logFloor: maxOf(contents.logFloor, lastZxid) }
    }
    this.catalogue.change(contents)
    this.#hasUnmarked = false
  }

  /** Writes the gathered row, with others of the group to follow. */
  #writeRow(): void {
    this.#begin()
    this.#insertRow()
  }

  #begin(): void {
    if (this.#isBegun) return
    this.#activeSegment().begin()
    this.#isBegun = true
  }

  #insertRow(): void {
    const body = this.#row.subarray(0, this.#rowBytes)
    this.#insert(this.#rowFirstZxid, this.#rowLastZxid, this.#rowTxns, body)
    this.#rowBytes = 0
    this.#rowTxns = 0
  }

  #insert(firstZxid: bigint, lastZxid: bigint, txnCount: number, body: Uint8Array): void {
    const prevZxid = this.#groupLastZxid
    if (firstZxid <= prevZxid || lastZxid < firstZxid) {
      throw new Error(`transactions ${firstZxid} to ${lastZxid} cannot follow ${prevZxid}`)
    }
    const stored = this.#coder.encode(body)
    const crc = rowCrc(this.#groupCrc, firstZxid, lastZxid, prevZxid, txnCount, stored)
    this.#activeSegment().insert(firstZxid, lastZxid, prevZxid, txnCount, crc, stored)
    this.#groupLastZxid = lastZxid
    this.#groupCrc = crc
    this.#groupTxns += txnCount
    this.#groupBytes += stored.length
  }

  #checkpoint(segment: LogSegment): void {
    const started = process.hrtime.bigint()
    segment.checkpoint()
    this.#count(CounterSlot.checkpoints, 1)
    this.#count(CounterSlot.checkpointNanos, Number(process.hrtime.bigint() - started))
  }

  #count(slot: number, amount: number): void {
    this.#counters[slot] = (this.#counters[slot] ?? 0) + amount
  }
}

function lastZxidOf(path: string): bigint {
  const connection = openImmutable(path)
  try {
    const row = connection
      .prepare<[], [bigint]>('SELECT last_zxid FROM batch ORDER BY first_zxid DESC LIMIT 1')
      .safeIntegers()
      .raw()
      .get()
    return row?.[0] ?? 0n
  } finally {
    connection.close()
  }
}

function maxOf(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
