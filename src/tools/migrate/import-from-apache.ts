import { rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { ServerSettings } from '../../server/config/settings.ts'
import { type ApacheSource, importApacheFiles } from '../../server/import-apache.ts'
import type { Logger } from '../../server/logging/logger.ts'
import { recover } from '../../server/recovery.ts'
import { findApacheFiles } from '../../storage/apache-files/apache-directory.ts'
import { copyNewFile } from '../../storage/apache-files/durable-file.ts'
import { versionFolder } from '../../storage/file-names.ts'
import { openStorage, type Recovery, type StorageOptions } from '../../storage/storage.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'
import { findCompanions } from './companions.ts'
import { digestOf, lastZxidOf, newState } from './state.ts'
import { TargetDirectory } from './target-directory.ts'

/** The import of the first start, by command: in place, or into a directory of its own. */

export interface ImportOptions {
  /** Of the server that is going to serve the data. */
  readonly settings: Pick<ServerSettings, 'storage' | 'client' | 'quorum'>
  readonly source: ApacheSource
  /** May be the source. */
  readonly target: ApacheSource
  readonly dynamicConfigFile: string | null
  readonly log: Logger
  /** The compiled `log-thread.js`; default: beside the storage's module. */
  readonly workerUrl?: URL
}

export interface ImportReport {
  readonly zxid: bigint
  /** Unsigned. */
  readonly digest: bigint
  readonly nodeCount: number
  readonly sessionCount: number
}

const CLOSE_DEADLINE_MS = 30_000

/**
 * @throws StorageError: INCOMPLETE where Apache's files are not there or not all, DAMAGED also for a wrong digest,
 *         CANNOT_OPEN when there is data in the target already, LOCKED while a server runs there
 */
export async function importFromApache(options: ImportOptions): Promise<ImportReport> {
  const { source, target } = options
  const { snapshots, logs } = findApacheFiles(source.dataDir, source.dataLogDir)
  if (snapshots.length === 0 && logs.length === 0) {
    throw new StorageError('INCOMPLETE', `there are no snapshots and no logs of Apache ZooKeeper in ${source.dataDir}`)
  }
  if (resolve(source.dataDir) === resolve(target.dataDir)) return importInto(options)
  assertEmpty(target)
  const companions = findCompanions(source.dataDir, options.dynamicConfigFile)
  try {
    const report = await importInto(options)
    for (const { path, name } of companions) copyNewFile(path, join(target.dataDir, name))
    return report
  } catch (error) {
    for (const directory of [target.dataDir, target.dataLogDir])
      rmSync(versionFolder(directory), { recursive: true, force: true })
    throw toStorageError(error, `importing into ${target.dataDir}`)
  }
}

function assertEmpty({ dataDir, dataLogDir }: ApacheSource): void {
  new TargetDirectory(dataDir, dataLogDir)
}

async function importInto({ settings, source, target, log, workerUrl }: ImportOptions): Promise<ImportReport> {
  const storageOptions: StorageOptions = {
    ...target,
    forceSync: true,
    autocreate: true,
    trustEmptySnapshot: false,
    fsyncWarningThresholdMs: Number.MAX_SAFE_INTEGER,
    logger: log,
    ...(workerUrl === undefined ? {} : { workerUrl })
  }
  const { storage, recovery } = await openStorage(storageOptions)
  try {
    assertNothingYet(recovery, target)
    const nowMs = (): number => performance.now()
    const storageSettings = { ...settings.storage, ...target }
    const parts = { settings: { ...settings, storage: storageSettings }, source, storage, recovery, log, nowMs }
    const imported = await importApacheFiles({ ...parts, ...newState(), refusesWrongDigest: true })
    // What counts is what a start will find; it also compares the digest.
    const state = newState()
    await recover(imported, state.tree, state.sessions, nowMs)
    await storage.flushAndClose(CLOSE_DEADLINE_MS)
    const { tree, sessions } = state
    return { zxid: lastZxidOf(state), digest: digestOf(tree), nodeCount: tree.nodeCount, sessionCount: sessions.size }
  } catch (error) {
    await storage.abandon()
    throw error
  }
}

function assertNothingYet({ snapshot, lastZxidHi, lastZxidLo }: Recovery, { dataDir }: ApacheSource): void {
  if (snapshot === null && lastZxidHi === 0 && lastZxidLo === 0) return
  throw new StorageError('CANNOT_OPEN', `${dataDir} has data of a zoonode server already: nothing was imported`)
}
