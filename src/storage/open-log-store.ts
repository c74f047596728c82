import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Catalogue } from './catalogue.ts'
import type { SegmentEntry } from './catalogue-contents.ts'
import { lastKnownZxid, withoutFiles } from './catalogue-contents.ts'
import { makeDirectory, removeDatabase, syncDirectory } from './directory.ts'
import { classifyFile, showZxid, walOf } from './file-names.ts'
import { LogSegment } from './log-segment.ts'
import type { LogStoreSettings } from './log-store.ts'
import { LogStore } from './log-store.ts'
import { openExclusive } from './sqlite-connection.ts'
import { StorageError, systemCode, toStorageError } from './storage-error.ts'
import { finishTruncation } from './truncation.ts'
import { cutTornTail, scanWal } from './wal-scan.ts'

/** Where messages of the start go. */
export type Say = (level: 'info' | 'warn' | 'error', message: string) => void

export interface OpenedLogStore {
  readonly store: LogStore
  readonly wasCleanShutdown: boolean
}

/**
 * Locks the data directory and brings its files into a state that can be served from: finishes what a crash interrupted,
 * looks at every -wal before SQLite does, removes what does not count.
 *
 * @throws StorageError: the server must not start
 */
export function openLogStore(
  settings: LogStoreSettings,
  autocreate: boolean,
  counters: Float64Array,
  say: Say
): OpenedLogStore {
  const { dataFolder, logFolder } = settings
  for (const folder of [dataFolder, logFolder]) ensureFolder(folder, autocreate)
  const catalogue = Catalogue.open(dataFolder, () => assertNoFiles(settings))
  const store = new LogStore(settings, catalogue, counters)
  try {
    const { cleanShutdown, pendingTruncate } = catalogue.contents
    store.removeDoomed()
    if (pendingTruncate === null) openSegments(store, say)
    else redoTruncation(store, pendingTruncate, say)
    removeLitter(store, say)
    assertFloor(store)
    if (cleanShutdown) catalogue.change({ ...catalogue.contents, cleanShutdown: false })
    return { store, wasCleanShutdown: cleanShutdown }
  } catch (error) {
    store.abandon()
    throw toStorageError(error, `opening the data directory ${dataFolder}`)
  }
}

function ensureFolder(folder: string, autocreate: boolean): void {
  if (existsSync(folder)) return
  if (!autocreate) {
    throw new StorageError(
      'CANNOT_OPEN',
      `${folder} is not there and datadir.autocreate is false; make it, then start again`
    )
  }
  try {
    makeDirectory(folder)
  } catch (error) {
    throw toStorageError(error, `making the directory ${folder}`)
  }
}

/** Without state.db nothing tells which files count; making a new one would take a whole history for litter. */
function assertNoFiles({ dataFolder, logFolder }: LogStoreSettings): void {
  for (const folder of [dataFolder, logFolder]) {
    const name = readdirSync(folder).find((file) => ['segment', 'snapshot'].includes(classifyFile(file).kind ?? ''))
    if (name === undefined) continue
    throw new StorageError(
      'INCOMPLETE',
      `${join(folder, name)} is there but ${join(dataFolder, 'state.db')} is not, or is empty: is this the right dataDir? ` +
        'Restore state.db from a backup, or move the other files away to start empty'
    )
  }
}

function openSegments(store: LogStore, say: Say): void {
  const opened = new Map<SegmentEntry, LogSegment>()
  for (const entry of store.catalogue.contents.segments) {
    const segment = openIfNeeded(store, entry, say)
    if (segment !== null) opened.set(entry, segment)
  }
  dropEmptyLast(store, opened)
  const lastEntry = store.catalogue.contents.segments.at(-1)
  let active: LogSegment | null = null
  for (const [entry, segment] of opened) {
    if (entry === lastEntry && !entry.isClosed) active = segment
    else store.keepOpen(segment)
  }
  store.resume(active, active?.tip()?.lastZxid ?? lastKnownZxid(store.catalogue.contents))
}

/** The last segment may have been made without its first commit ever coming; the next first zxid may be another. */
function dropEmptyLast(store: LogStore, opened: Map<SegmentEntry, LogSegment>): void {
  const { contents } = store.catalogue
  const last = contents.segments.at(-1)
  const segment = last === undefined ? undefined : opened.get(last)
  if (last === undefined || segment === undefined || segment.tip() !== null) return
  if (last.firstZxid <= contents.logFloor) {
    segment.close()
    throw new StorageError(
      'DAMAGED',
      `${segment.path} is empty, but the log had reached ${showZxid(contents.logFloor)}; restore the data directory from a backup`
    )
  }
  segment.close()
  opened.delete(last)
  store.catalogue.change(withoutFiles(contents, [last], []))
  store.removeDoomed()
}

/** Opens a segment that is not closed, or has a -wal that it should not have, after a look at that. */
function openIfNeeded(store: LogStore, entry: SegmentEntry, say: Say): LogSegment | null {
  const { logFolder, sync } = store.settings
  const path = join(logFolder, entry.file)
  if (!existsSync(path)) {
    throw new StorageError(
      'INCOMPLETE',
      `${path} is missing: it holds the transactions from ${showZxid(entry.firstZxid)} on; restore it from a backup`
    )
  }
  if (entry.isClosed && !existsSync(walOf(path))) return null
  checkWal(path, say)
  try {
    return LogSegment.open(logFolder, entry.file, sync)
  } catch (error) {
    throw toStorageError(error, `opening ${path}`)
  }
}

function checkWal(path: string, say: Say): void {
  const wal = walOf(path)
  const scan = scanWal(wal)
  if (scan.verdict === 'clean') return
  const where = scan.badFrame === 0 ? 'its header' : `frame ${scan.badFrame} at offset ${scan.badOffset}`
  if (scan.verdict === 'damaged') {
    throw new StorageError(
      'DAMAGED',
      `${wal} is damaged: ${where} is wrong but what follows is whole, so acknowledged transactions would be lost; ` +
        'restore the data directory from a backup, or empty it if this server can be brought up by its ensemble'
    )
  }
  say(
    'warn',
    `${wal}: cut off a torn tail of ${scan.fileBytes - scan.validBytes} bytes (from ${where}), never acknowledged`
  )
  cutTornTail(wal, scan.validBytes)
}

function redoTruncation(store: LogStore, zxid: bigint, say: Say): void {
  say('info', `finishing the truncation of the log to ${showZxid(zxid)} that was interrupted`)
  for (const entry of store.catalogue.contents.segments) {
    const path = join(store.settings.logFolder, entry.file)
    // Later ones are going to be removed, and may be gone already.
    if (entry.firstZxid <= zxid && existsSync(walOf(path))) checkWal(path, say)
  }
  finishTruncation(store, zxid)
  store.releaseAll()
  openSegments(store, say)
}

/** Removes files of ours that the catalogue does not know: left by a crash between making a file and cataloguing it. */
function removeLitter(store: LogStore, say: Say): void {
  const { dataFolder, logFolder } = store.settings
  const { segments, snapshots } = store.catalogue.contents
  const known = new Set([...segments, ...snapshots].map(({ file }) => file))
  for (const folder of new Set([dataFolder, logFolder])) {
    const litter = new Set<string>()
    for (const name of readdirSync(folder)) {
      const { kind, of } = classifyFile(name)
      if (kind !== null && !known.has(of)) litter.add(of)
    }
    for (const file of litter) {
      if (classifyFile(file).kind === 'segment') assertNoTransactions(join(folder, file))
      say('info', `removing ${join(folder, file)}, left unfinished by an earlier run`)
      removeDatabase(folder, file)
    }
    if (litter.size > 0) syncDirectory(folder)
  }
}

/** A segment is catalogued before its first commit: one with transactions is another server's, or the catalogue is wrong. */
function assertNoTransactions(path: string): void {
  if (!existsSync(path)) return
  let hasRows: boolean
  try {
    hasRows = hasBatches(path)
  } catch (error) {
    const isBusy = systemCode(error).startsWith('SQLITE_BUSY')
    throw new StorageError(
      isBusy ? 'LOCKED' : 'DAMAGED',
      `${path} is no segment of this server's log${isBusy ? ' and another server has it open' : ' and cannot be read'}; ` +
        'set another dataLogDir, or move the file away',
      { cause: error }
    )
  }
  if (!hasRows) return
  throw new StorageError(
    'DAMAGED',
    `${path} holds transactions but is no segment of this server's log: are dataDir and dataLogDir the right ones? ` +
      'Set them right, or move the file away'
  )
}

function hasBatches(path: string): boolean {
  const connection = openExclusive(path, 'FULL', null)
  try {
    return connection.prepare('SELECT 1 FROM batch LIMIT 1').get() !== undefined
  } finally {
    connection.close()
  }
}

/** What the log once reached must still be there, or in a snapshot. */
function assertFloor(store: LogStore): void {
  const { logFloor, snapshots } = store.catalogue.contents
  const ofSnapshot = snapshots.at(-1)?.zxid ?? 0n
  const floor = ofSnapshot > logFloor ? ofSnapshot : logFloor
  if (store.lastZxid >= floor) return
  throw new StorageError(
    'DAMAGED',
    `the log in ${store.settings.logFolder} ends at ${showZxid(store.lastZxid)} but had reached ` +
      `${showZxid(floor)}; restore the data directory from a backup`
  )
}

/** Uses up the file that says that an empty start is meant (`db.autocreate=false`). Returns whether it was there. */
export function takeInitializeFile(dataLogDir: string): boolean {
  const path = join(dataLogDir, 'initialize')
  if (!existsSync(path)) return false
  rmSync(path)
  return true
}
