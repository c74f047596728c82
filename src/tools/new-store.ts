import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { highWord, lowWord } from '../protocol/int64.ts'
import { recover } from '../server/recovery.ts'
import { makeDirectory, syncDirectory } from '../storage/directory.ts'
import { showZxid, versionFolder } from '../storage/file-names.ts'
import { openStorage, type StorageLogger } from '../storage/storage.ts'
import { StorageError, toStorageError } from '../storage/storage-error.ts'
import { digestOf, lastZxidOf, newState, type State, snapshotStream } from './migrate/state.ts'

/** Makes a data directory that begins with a state. */

export interface NewStore {
  readonly dataDir: string
  readonly dataLogDir: string
  readonly state: State
  readonly acceptedEpoch: number | null
  readonly currentEpoch: number
  readonly log: StorageLogger
  /** The compiled `log-thread.js`; default: beside the storage's module. */
  readonly workerUrl?: URL | undefined
}

const CLOSE_DEADLINE_MS = 60_000
/** What is in it counts only when its `version-2` has come to its place. */
const UNFINISHED = 'restoring.unfinished'

/** @throws StorageError CANNOT_OPEN when there is data in one of the directories */
export function assertNoData(dataDir: string, dataLogDir: string): void {
  for (const directory of [dataDir, dataLogDir]) {
    const folder = versionFolder(directory)
    if (!existsSync(folder) || readdirSync(folder).length === 0) continue
    throw new StorageError('CANNOT_OPEN', `${folder} has data in it already: name an empty directory, or move it away`)
  }
}

/**
 * Writes the state as the base of a new store, reads it back as a server's start would, and only then puts it in its place.
 *
 * @throws StorageError: CANNOT_OPEN when there is data already; DAMAGED when what was read back differs; DISK_FULL, IO_ERROR.
 *         Nothing is left behind then.
 */
export async function makeStore(store: NewStore): Promise<void> {
  const { dataDir, dataLogDir } = store
  assertNoData(dataDir, dataLogDir)
  const unfinished = join(dataDir, UNFINISHED)
  try {
    rmSync(unfinished, { recursive: true, force: true })
    makeDirectory(unfinished)
    await writeState(store, unfinished)
    if (dataLogDir !== dataDir) makeDirectory(versionFolder(dataLogDir))
    rmSync(versionFolder(dataDir), { recursive: true, force: true })
    renameSync(versionFolder(unfinished), versionFolder(dataDir))
    syncDirectory(dataDir)
  } catch (error) {
    throw toStorageError(error, `writing to ${dataDir}`)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

async function writeState(store: NewStore, directory: string): Promise<void> {
  const { state, acceptedEpoch, currentEpoch, log, workerUrl } = store
  const { storage } = await openStorage({
    dataDir: directory,
    dataLogDir: directory,
    forceSync: true,
    autocreate: true,
    trustEmptySnapshot: false,
    fsyncWarningThresholdMs: Number.MAX_SAFE_INTEGER,
    logger: log,
    ...(workerUrl === undefined ? {} : { workerUrl })
  })
  try {
    const { tree, sessions } = state
    const zxid = lastZxidOf(state)
    const [zxidHi, zxidLo] = [highWord(zxid), lowWord(zxid)]
    const { digestHi, digestLo, nodeCount } = tree
    const writer = storage.beginInstall(zxidHi, zxidLo, currentEpoch)
    for (const piece of snapshotStream(state)) await writer.write(piece)
    await writer.finish({ zxidHi, zxidLo, digestHi, digestLo, nodeCount, sessionCount: sessions.size })
    if (acceptedEpoch !== null) await storage.setAcceptedEpoch(acceptedEpoch)
    const back = newState()
    await recover(await storage.reload(), back.tree, back.sessions, () => 0)
    assertSame('tree digest', digestOf(back.tree), digestOf(tree))
    assertSame('zxid', lastZxidOf(back), zxid)
    assertSame('count of znodes', BigInt(back.tree.nodeCount), BigInt(nodeCount))
    assertSame('count of sessions', BigInt(back.sessions.size), BigInt(sessions.size))
    await storage.flushAndClose(CLOSE_DEADLINE_MS)
  } catch (error) {
    await storage.abandon()
    throw error
  }
}

function assertSame(what: string, found: bigint, expected: bigint): void {
  if (found === expected) return
  throw new StorageError(
    'DAMAGED',
    `what was written was read back and its ${what} is ${showZxid(found)} instead of ${showZxid(expected)}; check the disk`
  )
}
