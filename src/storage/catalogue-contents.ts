import { crc32 } from 'node:zlib'

/**
 * What state.db says: which files count, and the few values that must survive. Plain data; `catalogue.ts` keeps it on
 * the disk.
 */

export interface SegmentEntry {
  readonly firstZxid: bigint
  /** Null while transactions are appended to it. */
  readonly lastZxid: bigint | null
  readonly file: string
  /** Null while transactions are appended to it. */
  readonly bytes: number | null
  readonly isClosed: boolean
}

export interface SnapshotEntry {
  readonly zxid: bigint
  /** The log must reach this zxid for the snapshot to be usable; more than `zxid` only for a fuzzy one. */
  readonly endZxid: bigint
  /** Tree digest at `zxid`, as an unsigned 64-bit number; null when the source knew none. */
  readonly digest: bigint | null
  readonly bytes: number
  readonly file: string
  /** A leader's snapshot that replaced everything older: there is no log before it. */
  readonly isBase: boolean
}

/** A file taken out of the catalogue, to be removed. `log` is the dataLogDir, `data` the dataDir. */
export interface DoomedFile {
  readonly folder: 'log' | 'data'
  readonly file: string
}

export interface CatalogueContents {
  /** Null before the first election. */
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number | null
  readonly cleanShutdown: boolean
  /** A truncation that was begun and perhaps not finished. */
  readonly pendingTruncate: bigint | null
  /** The log is known to have reached this zxid: if it ends before, something was lost. */
  readonly logFloor: bigint
  readonly doomed: readonly DoomedFile[]
  /** In zxid order. */
  readonly segments: readonly SegmentEntry[]
  /** In zxid order. */
  readonly snapshots: readonly SnapshotEntry[]
}

export const EMPTY_CATALOGUE: CatalogueContents = {
  acceptedEpoch: null,
  currentEpoch: null,
  cleanShutdown: true,
  pendingTruncate: null,
  logFloor: 0n,
  doomed: [],
  segments: [],
  snapshots: []
}

/** A checksum over everything: the tables are small, and a wrong value in them could cost the whole log. */
export function catalogueCheck(contents: CatalogueContents): number {
  const text = JSON.stringify([
    contents.acceptedEpoch,
    contents.currentEpoch,
    contents.cleanShutdown,
    String(contents.pendingTruncate),
    String(contents.logFloor),
    contents.doomed.map(({ folder, file }) => [folder, file]),
    contents.segments.map((entry) => [
      String(entry.firstZxid),
      String(entry.lastZxid),
      entry.file,
      entry.bytes,
      entry.isClosed
    ]),
    contents.snapshots.map((entry) => [
      String(entry.zxid),
      String(entry.endZxid),
      String(entry.digest),
      entry.bytes,
      entry.file,
      entry.isBase
    ])
  ])
  return crc32(text)
}

export function withSegment(contents: CatalogueContents, entry: SegmentEntry): CatalogueContents {
  const others = contents.segments.filter((other) => other.firstZxid !== entry.firstZxid)
  const segments = [...others, entry].sort((one, other) => compare(one.firstZxid, other.firstZxid))
  return { ...contents, segments }
}

export function withSnapshot(contents: CatalogueContents, entry: SnapshotEntry): CatalogueContents {
  const others = contents.snapshots.filter((other) => other.zxid !== entry.zxid)
  // The same state, written again: what it replaced long ago stays replaced.
  const isBase = entry.isBase || contents.snapshots.some((other) => other.zxid === entry.zxid && other.isBase)
  const snapshots = [...others, { ...entry, isBase }].sort((one, other) => compare(one.zxid, other.zxid))
  return { ...contents, snapshots }
}

/** The catalogue without these files, which are noted as doomed in the same change. */
export function withoutFiles(
  contents: CatalogueContents,
  segments: readonly SegmentEntry[],
  snapshots: readonly SnapshotEntry[]
): CatalogueContents {
  return {
    ...contents,
    segments: contents.segments.filter((entry) => !segments.includes(entry)),
    snapshots: contents.snapshots.filter((entry) => !snapshots.includes(entry)),
    doomed: [
      ...contents.doomed,
      ...segments.map(({ file }): DoomedFile => ({ folder: 'log', file })),
      ...snapshots.map(({ file }): DoomedFile => ({ folder: 'data', file }))
    ]
  }
}

/** Zxid at which the log goes on when no segment is being appended to. */
export function lastKnownZxid({ segments, snapshots }: CatalogueContents): bigint {
  const ofLog = segments.at(-1)?.lastZxid ?? 0n
  const ofSnapshot = snapshots.at(-1)?.zxid ?? 0n
  return ofLog > ofSnapshot ? ofLog : ofSnapshot
}

function compare(one: bigint, other: bigint): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
