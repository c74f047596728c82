import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { highWord, lowWord } from '../../protocol/int64.ts'
import { recover } from '../../server/recovery.ts'
import { copyNewFile, writeNewFile } from '../../storage/apache-files/durable-file.ts'
import type { BackupDirectory, BackupSeries } from '../../storage/backup/backup-directory.ts'
import { endsOf, lastTxnOf } from '../../storage/backup/backup-log-writer.ts'
import { bytesUpTo, rowsUpTo, snapshotOf, verifyFiles, zxidAtTime } from '../../storage/backup/backup-reader.ts'
import { makeDirectory } from '../../storage/directory.ts'
import { showZxid } from '../../storage/file-names.ts'
import { readBatchOf } from '../../storage/read-batch.ts'
import type { Recovery, StorageLogger } from '../../storage/storage.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'
import type { RowPart } from '../../storage/txn-row.ts'
import { digestOf, lastZxidOf, newState, type State } from '../migrate/state.ts'
import { assertNoData, makeStore } from '../new-store.ts'
import { moveToNewEpoch } from './new-epoch.ts'

/** Makes a data directory from backups: the state at their end, after a transaction, or at a time. */

export type RestorePoint =
  | { readonly kind: 'newest' }
  | { readonly kind: 'zxid'; readonly zxid: bigint }
  | { readonly kind: 'time'; readonly timeMs: number }

export interface RestoreOptions {
  readonly directory: BackupDirectory
  readonly point: RestorePoint
  readonly dataDir: string
  readonly dataLogDir: string
  /** The server goes on from a zxid above all in the backups, so that clients that have seen newer ones can come back. */
  readonly isAhead: boolean
  /** It begins an epoch above all that the backups know of: an election prefers it to what other members have. */
  readonly isNewEpoch: boolean
  /** Written to `myid` in place of the one that was backed up. */
  readonly myid: number | null
  readonly log: StorageLogger
  readonly progress: (done: number, total: number) => void
  readonly workerUrl?: URL | undefined
}

export interface RestoreReport {
  /** Of the last transaction that was restored. */
  readonly zxid: bigint
  /** Where the server goes on. */
  readonly goesOnFrom: bigint
  readonly digest: bigint
  /** That is recorded in the backup for `zxid`; null where none is (`digest.enabled=false`). */
  readonly recordedDigest: bigint | null
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly sessionCount: number
  readonly txnCount: number
  readonly series: string
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number
  readonly companions: readonly string[]
}

/**
 * @throws StorageError: INCOMPLETE where the backups do not reach to the point; DAMAGED when a checksum or the tree digest is
 *         wrong; CANNOT_OPEN when there is data in the target; RecoveryError when the data contradicts itself
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { directory, dataDir, dataLogDir, log } = options
  assertNoData(dataDir, dataLogDir)
  const all = directory.series((message) => log.warn(message))
  const { series, zxid } = choose(all, options)
  const restored = await replay(series, zxid, options)
  const { state, recordedDigest, txnCount } = restored
  const reached = lastZxidOf(state)
  const digest = digestOf(state.tree)
  // Without the setting the tree that is kept here has a digest, but nobody recorded one to compare it with.
  if (recordedDigest !== null && recordedDigest !== digest) {
    throw new StorageError(
      'DAMAGED',
      `the tree digest recorded at ${showZxid(reached)} is ${showZxid(recordedDigest)}, but the restored tree has ${showZxid(digest)}: ` +
        'nothing was restored'
    )
  }
  if (options.isNewEpoch) moveToNewEpoch(state, Math.max(0, ...acceptedEpochs(all)))
  else if (options.isAhead) moveAhead(state, all)
  const epochs = epochsOf(state, all)
  await makeStore({ dataDir, dataLogDir, state, ...epochs, log, workerUrl: options.workerUrl })
  const { tree, sessions } = state
  return {
    zxid: reached,
    goesOnFrom: lastZxidOf(state),
    digest,
    recordedDigest,
    nodeCount: tree.nodeCount,
    ephemeralCount: tree.ephemeralCount,
    sessionCount: sessions.size,
    txnCount,
    series: series.full.manifest.name,
    ...epochs,
    companions: restoreCompanions(series, options)
  }
}

/** The newest series that has the point: what an older one has behind its beginning may have been cut off. */
function choose(
  all: readonly BackupSeries[],
  { directory, point }: RestoreOptions
): { readonly series: BackupSeries; readonly zxid: bigint } {
  const newest = all.at(-1)
  if (newest === undefined) throw new StorageError('INCOMPLETE', `there are no backups in ${directory.path}`)
  switch (point.kind) {
    case 'newest':
      return { series: newest, zxid: newest.toZxid }
    case 'zxid': {
      const { zxid } = point
      const series = all.findLast(({ full, toZxid }) => full.manifest.fromZxid <= zxid && zxid <= toZxid)
      if (series !== undefined) return { series, zxid }
      throw new StorageError(
        'INCOMPLETE',
        `no backup in ${directory.path} reaches to ${showZxid(zxid)}; they hold ${spans(all)}`
      )
    }
    case 'time': {
      const { timeMs } = point
      const series = all.findLast(({ full }) => full.manifest.fromTimeMs <= timeMs)
      if (series !== undefined) return { series, zxid: zxidAtTime(series, timeMs) }
      const [oldest = newest] = all
      const begin = new Date(oldest.full.manifest.fromTimeMs).toISOString()
      throw new StorageError('INCOMPLETE', `the backups in ${directory.path} begin at ${begin}`)
    }
    default:
      return point
  }
}

function spans(all: readonly BackupSeries[]): string {
  return all.map(({ full, toZxid }) => `${showZxid(full.manifest.fromZxid)} to ${showZxid(toZxid)}`).join(', ')
}

async function replay(
  series: BackupSeries,
  zxid: bigint,
  { progress }: RestoreOptions
): Promise<{ readonly state: State; readonly recordedDigest: bigint | null; readonly txnCount: number }> {
  const total = 2 * bytesUpTo(series, zxid)
  let done = 0
  const read = (bytes: number): void => {
    done += bytes
    progress(done, total)
  }
  verifyFiles(series, zxid, read)
  const state = newState()
  const snapshot = snapshotOf(series)
  const seen: { last: RowPart | null } = { last: null }
  const recovery: Recovery = {
    lastZxidHi: highWord(zxid),
    lastZxidLo: lowWord(zxid),
    acceptedEpoch: 0,
    currentEpoch: 0,
    wasCleanShutdown: true,
    isUninitialized: false,
    snapshot:
      snapshot === null
        ? null
        : {
            zxidHi: highWord(snapshot.summary.zxid),
            zxidLo: lowWord(snapshot.summary.zxid),
            summary: {
              zxidHi: highWord(snapshot.summary.zxid),
              zxidLo: lowWord(snapshot.summary.zxid),
              digestHi: highWord(BigInt.asIntN(64, snapshot.summary.digest)),
              digestLo: lowWord(BigInt.asIntN(64, snapshot.summary.digest)),
              nodeCount: snapshot.summary.nodeCount,
              sessionCount: snapshot.summary.sessionCount
            },
            chunks: () => inTurn(snapshot.chunks(), read)
          },
    batches: async function* () {
      for (const row of rowsUpTo(series, zxid)) {
        seen.last = row
        yield readBatchOf(row)
        read(row.body.length)
      }
    }
  }
  const { txnCount } = await recover(recovery, state.tree, state.sessions, () => 0)
  const { last } = seen
  const recordedDigest = last === null ? (snapshot?.snapshot.digest ?? null) : lastTxnOf(endsOf(last.body).last).digest
  return { state, recordedDigest, txnCount }
}

async function* inTurn(chunks: Iterable<Uint8Array>, read: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    read(chunk.length)
    yield chunk
  }
}

function moveAhead({ tree }: State, all: readonly BackupSeries[]): void {
  const ends = all.map(({ toZxid }) => toZxid)
  const next = ends.reduce((one, other) => (one > other ? one : other)) + 1n
  tree.setLastZxid(highWord(next), lowWord(next))
}

/** No epoch that was ever accepted may be given out again; nobody says which those were on a server without an ensemble. */
function epochsOf(
  state: State,
  all: readonly BackupSeries[]
): { readonly acceptedEpoch: number | null; readonly currentEpoch: number } {
  const currentEpoch = Number(BigInt.asUintN(64, lastZxidOf(state)) >> 32n)
  const accepted = acceptedEpochs(all)
  return { acceptedEpoch: accepted.length === 0 ? null : Math.max(currentEpoch, ...accepted), currentEpoch }
}

function acceptedEpochs(all: readonly BackupSeries[]): number[] {
  return all.flatMap(({ backups }) => backups.flatMap(({ manifest }) => manifest.acceptedEpoch ?? []))
}

/** Files beside the data, unless they are there. Those of the newest backup of the series. */
function restoreCompanions(series: BackupSeries, { dataDir, myid }: RestoreOptions): string[] {
  const restored: string[] = []
  const { folder, manifest } = series.backups.at(-1) ?? series.full
  try {
    makeDirectory(dataDir)
    if (myid !== null && !existsSync(join(dataDir, 'myid'))) {
      writeNewFile(join(dataDir, 'myid'), `${myid}\n`)
      restored.push('myid')
    }
    for (const { file } of manifest.companions) {
      if (existsSync(join(dataDir, file))) continue
      copyNewFile(join(folder, file), join(dataDir, file))
      restored.push(file)
    }
  } catch (error) {
    throw toStorageError(error, `copying to ${dataDir}`)
  }
  return restored
}
