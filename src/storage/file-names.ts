import { join } from 'node:path'

/** Folder under dataDir and dataLogDir that holds the files; the version is that of Apache's layout. */
export const VERSION_FOLDER = 'version-2'

export const STATE_FILE = 'state.db'
/** The next segment, made ahead; renamed when its first zxid is known. */
export const NEXT_SEGMENT_FILE = 'log.next.db.tmp'

/** zxids in names are lower-case hexadecimal without leading zeros, as in Apache's names. */
function hex(zxid: bigint): string {
  return BigInt.asUintN(64, zxid).toString(16)
}

export function segmentFile(firstZxid: bigint): string {
  return `log.${hex(firstZxid)}.db`
}

export function snapshotFile(zxid: bigint): string {
  return `snapshot.${hex(zxid)}.db`
}

/** The name of a file while it is being written; `attempt` keeps two writers of the same file apart. */
export function temporaryFile(file: string, attempt: number): string {
  return `${file}.${attempt}.tmp`
}

/** Files that SQLite keeps beside a database. */
export const SIDE_FILES = ['-wal', '-shm', '-journal'] as const

/** What tools may build from a closed segment; it must not outlive what it was built from. */
export function indexFileOf(segment: string): string {
  return segment.replace(/\.db$/, '.index.db')
}

export function walOf(path: string): string {
  return `${path}-wal`
}

/** What a name under version-2 is. Files of Apache's and of others are `null`: never touched. */
export type FileKind = 'segment' | 'snapshot' | 'temporary' | 'side' | null

/** `of` is the name of the database that a side file belongs to, else the name itself. */
export function classifyFile(name: string): { kind: FileKind; of: string } {
  const match =
    /^((?:log|snapshot)\.(?:[0-9a-f]{1,16}|next)\.(?:index\.)?db((?:\.\d+)?\.tmp)?)(-wal|-shm|-journal)?$/.exec(name)
  const base = match?.[1]
  if (match === null || base === undefined) return { kind: null, of: name }
  if (match[2] !== undefined) return { kind: 'temporary', of: base }
  if (base.includes('.index.')) return { kind: null, of: base }
  if (match[3] !== undefined) return { kind: 'side', of: base }
  return { kind: base.startsWith('log.') ? 'segment' : 'snapshot', of: base }
}

/** A zxid for messages: 0x and lower-case hexadecimal, as upstream prints them. */
export function showZxid(zxid: bigint): string {
  return `0x${hex(zxid)}`
}

export function versionFolder(directory: string): string {
  return join(directory, VERSION_FOLDER)
}
