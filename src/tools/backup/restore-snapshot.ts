import { highWord, lowWord } from '../../protocol/int64.ts'
import { type Compression, snapshotFileAt } from '../../storage/apache-files/apache-directory.ts'
import { readSnapshot } from '../../storage/apache-files/read-snapshot.ts'
import { showZxid } from '../../storage/file-names.ts'
import { isSqliteFile } from '../../storage/segment-file.ts'
import type { StorageLogger } from '../../storage/storage.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'
import { digestOf, lastZxidOf, newState, type State } from '../migrate/state.ts'
import { assertNoData, makeStore } from '../new-store.ts'
import { loadSnapshot } from '../snapshots/load-snapshot.ts'
import { moveToNewEpoch } from './new-epoch.ts'

/** Makes a data directory from one snapshot file, of Apache's server or of ours: what the admin command `snapshot` gives. */

export interface SnapshotRestoreOptions {
  readonly path: string
  readonly dataDir: string
  readonly dataLogDir: string
  readonly isNewEpoch: boolean
  readonly log: StorageLogger
  readonly workerUrl?: URL | undefined
}

export interface SnapshotRestoreReport {
  readonly zxid: bigint
  readonly goesOnFrom: bigint
  readonly digest: bigint
  /** As the file says; null where it says none. */
  readonly recordedDigest: bigint | null
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly sessionCount: number
  readonly currentEpoch: number
}

/** @throws StorageError, ToolError: nothing is left in the target then */
export async function restoreSnapshot(options: SnapshotRestoreOptions): Promise<SnapshotRestoreReport> {
  const { path, dataDir, dataLogDir, isNewEpoch, log, workerUrl } = options
  assertNoData(dataDir, dataLogDir)
  const { state, recordedDigest } = await loadState(path)
  const zxid = lastZxidOf(state)
  const digest = digestOf(state.tree)
  if (recordedDigest !== null && recordedDigest !== digest) {
    throw new StorageError(
      'DAMAGED',
      `${path} says that its tree digest is ${showZxid(recordedDigest)}, but the tree has ${showZxid(digest)}: nothing was restored`
    )
  }
  if (isNewEpoch) moveToNewEpoch(state, 0)
  const goesOnFrom = lastZxidOf(state)
  const currentEpoch = Number(BigInt.asUintN(64, goesOnFrom) >> 32n)
  await makeStore({ dataDir, dataLogDir, state, acceptedEpoch: currentEpoch, currentEpoch, log, workerUrl })
  const { tree, sessions } = state
  return {
    zxid,
    goesOnFrom,
    digest,
    recordedDigest,
    nodeCount: tree.nodeCount,
    ephemeralCount: tree.ephemeralCount,
    sessionCount: sessions.size,
    currentEpoch
  }
}

async function loadState(path: string): Promise<{ readonly state: State; readonly recordedDigest: bigint | null }> {
  const state = newState()
  try {
    if (isSqliteFile(path)) {
      const { tree, sessions, digest } = await loadSnapshot(path)
      state.sessions.restore(sessions, 0)
      return { state: { tree, sessions: state.sessions }, recordedDigest: digest }
    }
    const named = snapshotFileAt(path)
    const loader = state.tree.loadSnapshot(0, 0)
    const { lastZxid, digest } = await readSnapshot({ path, zxid: 0n, compression: compressionOf(path) }, loader)
    state.sessions.restore(loader.sessions, 0)
    const zxid = lastZxid ?? named?.zxid ?? null
    if (zxid === null) throw new StorageError('DAMAGED', `${path} does not say at which zxid it was taken`)
    state.tree.setLastZxid(highWord(zxid), lowWord(zxid))
    // One that was made while transactions were applied may hold a part of later ones.
    const isComparable = digest !== null && digest.zxid === zxid && digest.digest !== 0n
    return { state, recordedDigest: isComparable ? BigInt.asUintN(64, digest.digest) : null }
  } catch (error) {
    throw toStorageError(error, `reading ${path}`)
  }
}

function compressionOf(path: string): Compression {
  return path.endsWith('.gz') ? 'gz' : path.endsWith('.snappy') ? 'snappy' : 'none'
}
