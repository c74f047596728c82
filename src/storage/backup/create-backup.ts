import { constants, copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { copyNewFile, writeNewFile } from '../apache-files/durable-file.ts'
import type { SnapshotEntry } from '../catalogue-contents.ts'
import { syncFile } from '../directory.ts'
import { showZxid } from '../file-names.ts'
import { verifySnapshotFile } from '../snapshot-file.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { type BackupDirectory, backupName, type StoredBackup, sumOfFile } from './backup-directory.ts'
import { BackupLogWriter, endsOf, lastTxnOf } from './backup-log-writer.ts'
import {
  type BackupFile,
  type BackupManifest,
  type BackupSnapshot,
  encodeManifest,
  type LastTxn,
  MANIFEST_FILE
} from './backup-manifest.ts'
import { LiveStore } from './live-store.ts'

/** Makes one backup of a data directory, whether a server has it or not. */

export interface BackupOptions {
  readonly dataDir: string
  readonly dataLogDir: string
  readonly directory: BackupDirectory
  /** A full one in any case. */
  readonly isFull: boolean
  /** Incremental backups of a series, after which a full one begins the next. */
  readonly incrementsMax: number
  /** Files that lie beside the data and are to be had again with it. */
  readonly companions: readonly string[]
  readonly serverId: number | null
  readonly nowMs: () => number
  readonly say: (level: 'info' | 'warn', message: string) => void
  /** Is told the bytes that were read, and of how many. */
  readonly progress: (bytes: number, bytesTotal: number) => void
}

/** Null: nothing has changed since the last one, or nothing was ever written. */
export type CreatedBackup = StoredBackup | null

const ATTEMPT_COUNT_MAX = 5
/** Folder for copies of what is being written, in the backup's own. */
const SCRATCH = 'scratch'

/**
 * @throws StorageError BUSY while another backup is written there; INCOMPLETE, DAMAGED, CANNOT_OPEN, DISK_FULL, IO_ERROR.
 *         Nothing is left behind then.
 */
export async function createBackup(options: BackupOptions): Promise<CreatedBackup> {
  const lock = options.directory.lock()
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptBackup(options)
      } catch (error) {
        if (!mayRepeat(error) || attempt === ATTEMPT_COUNT_MAX) throw error
        options.say('info', `${error.message}: once more`)
      }
    }
  } finally {
    lock.close()
  }
}

/** Files that were listed may be purged, or changed by a truncation, before they are read. */
function mayRepeat(error: unknown): error is StorageError {
  return error instanceof StorageError && (error.code === 'CANNOT_OPEN' || error.code === 'LOCKED')
}

async function attemptBackup(options: BackupOptions): Promise<CreatedBackup> {
  const { directory, say } = options
  const series = directory.series((message) => say('warn', message)).at(-1)
  const unfinished = directory.begin()
  try {
    mkdirSync(join(unfinished, SCRATCH))
    const store = await LiveStore.open(options.dataDir, options.dataLogDir, join(unfinished, SCRATCH))
    try {
      const reason = fullReason(options, series?.backups ?? [], store)
      const previous = reason === null ? (series?.backups.at(-1) ?? null) : null
      if (reason !== null) say('info', `a full backup: ${reason}`)
      return new Writing(options, store, unfinished, previous?.manifest ?? null).run()
    } finally {
      store.close()
    }
  } catch (error) {
    throw toStorageError(error, `backing up ${options.dataDir}`)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** Why an incremental one cannot be, or is not to be, made; null if it can. */
function fullReason(options: BackupOptions, backups: readonly StoredBackup[], store: LiveStore): string | null {
  const last = backups.at(-1)?.manifest
  if (options.isFull) return 'it was asked for'
  if (last === undefined) return 'there is none yet'
  if (backups.length > options.incrementsMax) return `${backups.length - 1} incremental ones go on from the last`
  if (last.lastTxn === null) return 'the last one has no transaction to go on from'
  return goesOn(store, last.lastTxn)
    ? null
    : `the log does not go on from ${last.name}, which ends at ${showZxid(last.toZxid)}`
}

/** Whether the log has this very transaction: a log that was cut off, or replaced, or purged too far, has not. */
function goesOn(store: LiveStore, { zxid, crc }: LastTxn): boolean {
  return txnAt(store, zxid)?.crc === crc
}

/** Null where the log does not have it. */
function txnAt(store: LiveStore, zxid: bigint): LastTxn | null {
  try {
    const [row] = take(store.rows(zxid - 1n))
    return row?.firstZxid === zxid ? lastTxnOf(endsOf(row.body).first) : null
  } catch (error) {
    if (error instanceof StorageError && error.code === 'INCOMPLETE') return null
    throw error
  }
}

function take<T>(values: Generator<T>): T[] {
  const { value, done } = values.next()
  values.return(undefined)
  return done === true ? [] : [value]
}

class Writing {
  readonly #options: BackupOptions
  readonly #store: LiveStore
  readonly #folder: string
  readonly #previous: BackupManifest | null
  readonly #startedMs: number
  #bytesTotal = 0
  #bytesRead = 0

  constructor(options: BackupOptions, store: LiveStore, folder: string, previous: BackupManifest | null) {
    this.#options = options
    this.#store = store
    this.#folder = folder
    this.#previous = previous
    this.#startedMs = options.nowMs()
  }

  run(): CreatedBackup {
    const { directory, nowMs, serverId } = this.#options
    const base = this.#previous === null ? this.#copyNewestSnapshot() : null
    const fromZxid = this.#previous?.toZxid ?? base?.snapshot.zxid ?? 0n
    const log = this.#copyLog(fromZxid)
    const isEmpty = this.#previous === null ? base === null && log.toZxid === 0n : log.toZxid === fromZxid
    if (isEmpty) return null
    const { acceptedEpoch, currentEpoch } = this.#store.contents
    const kind = this.#previous === null ? 'full' : 'incremental'
    const manifest: BackupManifest = {
      name: backupName(this.#startedMs, kind, log.toZxid),
      kind,
      previous: this.#previous?.name ?? null,
      startedMs: this.#startedMs,
      finishedMs: nowMs(),
      serverId,
      fromZxid,
      fromTimeMs:
        this.#previous?.log.at(-1)?.lastTimeMs ?? base?.takenMs ?? log.logs[0]?.firstTimeMs ?? this.#startedMs,
      toZxid: log.toZxid,
      acceptedEpoch,
      currentEpoch,
      snapshot: base?.snapshot ?? null,
      log: log.logs,
      lastTxn: log.lastTxn ?? txnAt(this.#store, log.toZxid),
      companions: this.#copyCompanions()
    }
    // Copies of what is being written are no part of it.
    this.#store.close()
    this.#removeAllBut([...[manifest.snapshot ?? []].flat(), ...manifest.log, ...manifest.companions])
    writeNewFile(join(this.#folder, MANIFEST_FILE), encodeManifest(manifest))
    return { folder: directory.finish(this.#folder, manifest.name), manifest }
  }

  /** One that is not as it was written is passed over. Null where the log is all there is. */
  #copyNewestSnapshot(): { readonly snapshot: BackupSnapshot; readonly takenMs: number } | null {
    let problem: StorageError | null = null
    for (const entry of this.#store.snapshots) {
      try {
        return this.#copySnapshot(entry)
      } catch (error) {
        problem = toStorageError(error, `copying ${entry.file}`)
        if (problem.code !== 'DAMAGED' && problem.code !== 'INCOMPLETE') throw problem
        this.#options.say('warn', problem.message)
      }
    }
    if (problem !== null) throw problem
    return null
  }

  #copySnapshot(entry: SnapshotEntry): { readonly snapshot: BackupSnapshot; readonly takenMs: number } {
    const { zxid, file, digest } = entry
    const path = join(this.#folder, file)
    const { mtimeMs, size } = statSync(this.#store.snapshotPath(entry))
    this.#bytesTotal = size + this.#logBytes(zxid)
    copyFileSync(this.#store.snapshotPath(entry), path, constants.COPYFILE_FICLONE)
    syncFile(path)
    verifySnapshotFile(path, zxid)
    const sum = sumOfFile(path, (bytes) => this.#progress(bytes))
    return { snapshot: { file, zxid, digest: digest === 0n ? null : digest, ...sum }, takenMs: Math.ceil(mtimeMs) }
  }

  #copyLog(after: bigint) {
    if (this.#bytesTotal === 0) this.#bytesTotal = this.#logBytes(after)
    const writer = new BackupLogWriter(join(this.#folder), after)
    try {
      for (const row of this.#store.rows(after)) {
        if (writer.lastZxid === after && row.firstZxid <= after) throw new Error('the log was read from a wrong place')
        writer.add(row)
        this.#progress(row.body.length)
      }
      return { ...writer.finish(), toZxid: writer.lastZxid }
    } catch (error) {
      writer.abandon()
      throw error
    }
  }

  /** An estimate: whole files. */
  #logBytes(after: bigint): number {
    const { segments } = this.#store.contents
    let bytes = 0
    for (const { lastZxid, file } of segments) {
      if (lastZxid !== null && lastZxid <= after) continue
      bytes += statSync(join(this.#store.logFolder, file), { throwIfNoEntry: false })?.size ?? 0
    }
    return bytes
  }

  #copyCompanions(): BackupFile[] {
    return this.#options.companions.map((path) => {
      const file = basename(path)
      copyNewFile(path, join(this.#folder, file))
      return { file, ...sumOfFile(join(this.#folder, file)) }
    })
  }

  #removeAllBut(files: readonly BackupFile[]): void {
    const kept = new Set(files.map(({ file }) => file))
    for (const name of readdirSync(this.#folder))
      if (!kept.has(name)) rmSync(join(this.#folder, name), { recursive: true })
  }

  #progress(bytes: number): void {
    this.#bytesRead += bytes
    this.#options.progress(this.#bytesRead, Math.max(this.#bytesTotal, this.#bytesRead))
  }
}
