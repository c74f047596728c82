import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { versionFolder } from '../file-names.ts'
import { StorageError, toStorageError } from '../storage-error.ts'
import { DamagedFileError } from './damaged-file-error.ts'
import { writeNewFile } from './durable-file.ts'

/** Which of Apache ZooKeeper's files there are. Of logs and snapshots only the names are looked at. */

export type Compression = 'none' | 'gz' | 'snappy'

export interface ApacheSnapshotFile {
  readonly path: string
  /** Last transaction that was applied when writing began; later ones may be in it, too. */
  readonly zxid: bigint
  readonly compression: Compression
}

export interface ApacheLogFile {
  readonly path: string
  /** Of its first transaction. */
  readonly firstZxid: bigint
}

export interface ApacheDirectory {
  /** Newest first. */
  readonly snapshots: readonly ApacheSnapshotFile[]
  /** Oldest first. */
  readonly logs: readonly ApacheLogFile[]
}

/** Null where there is no such file. */
export interface ApacheEpochs {
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number | null
}

/** A name has the zxid in hexadecimal, which Java reads as a signed long: what is more has no meaning to it. */
const ZXID_MAX = (1n << 63n) - 1n

/**
 * Looks at the folders `version-2` in both directories; missing ones have nothing in them.
 *
 * @throws StorageError CANNOT_OPEN when a folder cannot be listed
 */
export function findApacheFiles(dataDir: string, dataLogDir: string): ApacheDirectory {
  const dataFolder = versionFolder(dataDir)
  const logFolder = versionFolder(dataLogDir)
  const snapshots = namesIn(dataFolder).flatMap((name) => snapshotOf(dataFolder, name))
  const logs = namesIn(logFolder).flatMap((name) => logOf(logFolder, name))
  return {
    snapshots: snapshots.sort((one, other) => compare(other.zxid, one.zxid)),
    logs: logs.sort((one, other) => compare(one.firstZxid, other.firstZxid))
  }
}

const SUFFIX: Readonly<Record<Compression, string>> = { none: '', gz: '.gz', snappy: '.snappy' }

/** Path of a snapshot in a folder `version-2`. */
export function snapshotFileIn(folder: string, zxid: bigint, compression: Compression): ApacheSnapshotFile {
  return { path: join(folder, `snapshot.${zxid.toString(16)}${SUFFIX[compression]}`), zxid, compression }
}

/** Path of a log in a folder `version-2`. */
export function logFileIn(folder: string, firstZxid: bigint): ApacheLogFile {
  return { path: join(folder, `log.${firstZxid.toString(16)}`), firstZxid }
}

/** What a path means as that of a snapshot, judged by its name; null where it is none. */
export function snapshotFileAt(path: string): ApacheSnapshotFile | null {
  return snapshotOf(dirname(path), basename(path))[0] ?? null
}

/** @throws StorageError DAMAGED when an epoch file has no number; CANNOT_OPEN, IO_ERROR */
export function readEpochFiles(dataDir: string): ApacheEpochs {
  const folder = versionFolder(dataDir)
  return {
    acceptedEpoch: readEpoch(join(folder, 'acceptedEpoch')),
    currentEpoch: readEpoch(join(folder, 'currentEpoch'))
  }
}

/** Writes the two epoch files of a new data directory into its folder `version-2`. Errors are those of the system. */
export function writeEpochFiles(folder: string, acceptedEpoch: number, currentEpoch: number): void {
  writeNewFile(join(folder, 'acceptedEpoch'), String(acceptedEpoch))
  writeNewFile(join(folder, 'currentEpoch'), String(currentEpoch))
}

/**
 * With two directories, snapshots belong in the one and logs in the other: elsewhere they would be overlooked, and with
 * them what they hold. Apache's server refuses likewise.
 *
 * @throws StorageError CANNOT_OPEN that names a misplaced file
 */
export function assertInTheirPlaces(dataDir: string, dataLogDir: string): void {
  const dataFolder = versionFolder(dataDir)
  const logFolder = versionFolder(dataLogDir)
  if (resolve(dataFolder) === resolve(logFolder)) return
  const log = namesIn(dataFolder).find((name) => logOf(dataFolder, name).length > 0)
  if (log !== undefined) throw misplaced(join(dataFolder, log), 'a transaction log in dataDir, though dataLogDir')
  const snapshot = namesIn(logFolder).find((name) => snapshotOf(logFolder, name).length > 0)
  if (snapshot !== undefined) throw misplaced(join(logFolder, snapshot), 'a snapshot in dataLogDir, though dataDir')
}

function misplaced(path: string, what: string): StorageError {
  return new StorageError(
    'CANNOT_OPEN',
    `${path} is ${what} is another directory; check both settings, or move the file to where it belongs`
  )
}

function namesIn(folder: string): string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : []
  } catch (error) {
    throw toStorageError(error, `looking for files in ${folder}`)
  }
}

function snapshotOf(folder: string, name: string): ApacheSnapshotFile[] {
  const [, hex = '', suffix] = /^snapshot\.([0-9a-f]{1,16})(?:\.(gz|snappy))?$/.exec(name) ?? []
  const zxid = zxidOf(hex)
  if (zxid === null) return []
  const compression: Compression = suffix === 'gz' || suffix === 'snappy' ? suffix : 'none'
  return [{ path: join(folder, name), zxid, compression }]
}

function logOf(folder: string, name: string): ApacheLogFile[] {
  const [, hex = ''] = /^log\.([0-9a-f]{1,16})$/.exec(name) ?? []
  const firstZxid = zxidOf(hex)
  return firstZxid === null ? [] : [{ path: join(folder, name), firstZxid }]
}

function zxidOf(hex: string): bigint | null {
  if (hex === '') return null
  const zxid = BigInt(`0x${hex}`)
  return zxid > ZXID_MAX ? null : zxid
}

/** A number in decimal on the first line. */
function readEpoch(path: string): number | null {
  if (!existsSync(path)) return null
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
  const [line = ''] = text.split(/\r?\n/)
  if (!/^\d{1,10}$/.test(line)) throw new DamagedFileError(path, `its first line, '${line.slice(0, 40)}', is no epoch`)
  return Number(line)
}

function compare(one: bigint, other: bigint): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
