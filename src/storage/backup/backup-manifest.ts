import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { StorageError, toStorageError } from '../storage-error.ts'

/**
 * What one backup is, in a file beside its data: `manifest.json`. Zxids and digests are hexadecimal there, as everywhere
 * where JSON would round them; `check` is the SHA-256 of the text of all other fields.
 */

export const MANIFEST_FILE = 'manifest.json'
/** Of 1, the rows of segments are transactions as they are; of 2, there may be coded ones as well (`row-coding.ts`). */
const FORMAT = 2
const KNOWN_FORMATS: readonly unknown[] = [1, FORMAT]

export interface BackupFile {
  readonly file: string
  readonly bytes: number
  /** SHA-256, in hexadecimal. */
  readonly sha256: string
}

export interface BackupSnapshot extends BackupFile {
  readonly zxid: bigint
  /** Tree digest at `zxid`, unsigned; null where it was not known. */
  readonly digest: bigint | null
}

/** A segment as in a data directory, with checksums from row to row. */
export interface BackupLog extends BackupFile {
  readonly firstZxid: bigint
  readonly lastZxid: bigint
  readonly txnCount: number
  readonly firstTimeMs: number
  readonly lastTimeMs: number
}

/** The last transaction, by which the next backup knows that the log is still the same. */
export interface LastTxn {
  readonly zxid: bigint
  readonly crc: number
  /** Tree digest after it, as it is recorded there, unsigned; null where it was not recorded. */
  readonly digest: bigint | null
}

export interface BackupManifest {
  /** Name of its folder. */
  readonly name: string
  readonly kind: 'full' | 'incremental'
  /** The backup that an incremental one goes on from. */
  readonly previous: string | null
  readonly startedMs: number
  readonly finishedMs: number
  readonly serverId: number | null
  /** The state that it begins with: that of its snapshot, or the end of the previous backup. */
  readonly fromZxid: bigint
  /** The state at `fromZxid` was reached by then. */
  readonly fromTimeMs: number
  readonly toZxid: bigint
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number | null
  /** Null in an incremental backup, and in a full one of a server that had none. */
  readonly snapshot: BackupSnapshot | null
  readonly log: readonly BackupLog[]
  readonly lastTxn: LastTxn | null
  /** Files that lay beside the data: `myid`, dynamic configurations. */
  readonly companions: readonly BackupFile[]
}

export function encodeManifest(manifest: BackupManifest): string {
  const fields: unknown = JSON.parse(
    JSON.stringify({ format: FORMAT, ...manifest }, (_, value: unknown) =>
      typeof value === 'bigint' ? `0x${value.toString(16)}` : value
    )
  )
  return `${JSON.stringify({ ...Object(fields), check: checkOf(fields) }, null, 2)}\n`
}

/**
 * Reads the manifest in a backup's folder.
 *
 * @throws StorageError DAMAGED when it is not as it was written; CANNOT_OPEN, IO_ERROR
 */
export function readManifest(folder: string): BackupManifest {
  const path = join(folder, MANIFEST_FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
  let fields: unknown
  try {
    fields = JSON.parse(text)
  } catch (error) {
    throw new StorageError('DAMAGED', `${path} is damaged: it is no JSON`, { cause: error })
  }
  const { check, ...others } = Object(fields) as { readonly check?: unknown } & Record<string, unknown>
  if (check !== checkOf(others)) throw new StorageError('DAMAGED', `${path} is damaged: its checksum is wrong`)
  if (!KNOWN_FORMATS.includes(others.format)) {
    throw new StorageError(
      'DAMAGED',
      `${path} has format ${String(others.format)}, this program knows formats up to ${FORMAT}`
    )
  }
  // The checksum says that it is what `encodeManifest` made.
  return JSON.parse(JSON.stringify(others), reviveNumbers) as BackupManifest
}

const HEX_FIELDS = new Set(['zxid', 'digest', 'firstZxid', 'lastZxid', 'fromZxid', 'toZxid'])

function reviveNumbers(key: string, value: unknown): unknown {
  return HEX_FIELDS.has(key) && typeof value === 'string' ? BigInt(value) : value
}

function checkOf(fields: unknown): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}
