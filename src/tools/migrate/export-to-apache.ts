import { DIGEST_VERSION } from '../../protocol/txn.ts'
import { recover } from '../../server/recovery.ts'
import {
  type ApacheLogFile,
  type ApacheSnapshotFile,
  type Compression,
  logFileIn,
  snapshotFileIn,
  writeEpochFiles
} from '../../storage/apache-files/apache-directory.ts'
import { LogWriter } from '../../storage/apache-files/log-writer.ts'
import { writeSnapshot } from '../../storage/apache-files/write-snapshot.ts'
import { showZxid } from '../../storage/file-names.ts'
import { OfflineStore } from '../../storage/offline-store.ts'
import type { Say } from '../../storage/open-log-store.ts'
import { StorageError, toStorageError } from '../../storage/storage-error.ts'
import { type Companion, findCompanions } from './companions.ts'
import { assertLogGives, assertSnapshotIs, type WrittenSnapshot } from './read-back.ts'
import { digestOf, lastZxidOf, newState, type State, StreamSum, snapshotStream } from './state.ts'
import { TargetDirectory } from './target-directory.ts'

/**
 * Makes a data directory of Apache ZooKeeper from one of ours: a snapshot of everything at the last zxid, the epochs and
 * the files beside them; on demand the log, too. What was written is read back before it counts.
 */

export interface ExportOptions {
  readonly dataDir: string
  readonly dataLogDir: string
  readonly toDataDir: string
  readonly toDataLogDir: string
  readonly compression: Compression
  /** False for a server with `zookeeper.digest.enabled=false`, which could not read the snapshot otherwise. */
  readonly hasDigest: boolean
  /** Also write the log as far back as there is one, and the oldest snapshot, from which it goes on. */
  readonly hasLog: boolean
  /** A dynamic configuration file that is in use, from the server's configuration. */
  readonly dynamicConfigFile: string | null
  readonly say: Say
}

export interface ExportReport {
  readonly zxid: bigint
  /** Unsigned. */
  readonly digest: bigint
  readonly nodeCount: number
  readonly ephemeralCount: number
  readonly sessionCount: number
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /** Names of all files, as they are in the new directories. */
  readonly files: readonly string[]
  /** Transactions in the exported log; null without one. */
  readonly logTxnCount: number | null
}

const WARNINGS_SHOWN_MAX = 10

/**
 * @throws StorageError: LOCKED while a server runs there, CANNOT_OPEN when the target is not empty, DAMAGED, INCOMPLETE,
 *         DISK_FULL, IO_ERROR; RecoveryError when the data contradicts itself. Nothing is left in the target then.
 */
export async function exportToApache(options: ExportOptions): Promise<ExportReport> {
  const target = new TargetDirectory(options.toDataDir, options.toDataLogDir)
  const store = OfflineStore.open(options.dataDir, options.dataLogDir, options.say)
  try {
    target.begin()
    const report = await new Export(options, store, target).run()
    target.finish()
    return report
  } catch (error) {
    target.abandon()
    throw error
  } finally {
    store.close()
  }
}

class Export {
  readonly #options: ExportOptions
  readonly #store: OfflineStore
  readonly #target: TargetDirectory
  readonly #files: string[] = []

  constructor(options: ExportOptions, store: OfflineStore, target: TargetDirectory) {
    this.#options = options
    this.#store = store
    this.#target = target
  }

  async run(): Promise<ExportReport> {
    const companions = findCompanions(this.#options.dataDir, this.#options.dynamicConfigFile)
    const newest = await this.#writeState()
    const log = this.#options.hasLog ? await this.#writeHistory(newest) : null
    const epochs = this.#writeEpochs(newest.zxid)
    // The tree that it was written from is gone by now, so that memory holds one tree at a time.
    await assertSnapshotIs(newest)
    if (log !== null) await assertLogGives(newest, log.origin, log.files)
    this.#copy(companions)
    const { zxid, digest, nodeCount, ephemeralCount, sessionCount } = newest
    const logTxnCount = log?.txnCount ?? null
    return { zxid, digest, nodeCount, ephemeralCount, sessionCount, ...epochs, files: this.#files, logTxnCount }
  }

  async #writeState(): Promise<WrittenSnapshot> {
    const state = await this.#recover()
    const zxid = lastZxidOf(state)
    if (zxid !== this.#store.lastZxid) {
      throw new StorageError(
        'DAMAGED',
        `what can be read ends at ${showZxid(zxid)}, but the log had come to ${showZxid(this.#store.lastZxid)}`
      )
    }
    const { tree, sessions } = state
    const sum = new StreamSum()
    const file = await this.#writeSnapshot(zxid, digestOf(tree), sum.through(snapshotStream(state)))
    return {
      file,
      zxid,
      digest: digestOf(tree),
      hasDigest: this.#options.hasDigest,
      nodeCount: tree.nodeCount,
      ephemeralCount: tree.ephemeralCount,
      sessionCount: sessions.size,
      streamSum: sum.end()
    }
  }

  async #recover(): Promise<State> {
    const state = newState()
    const report = await recover(this.#store.recovery(), state.tree, state.sessions, () => 0)
    for (const zxid of report.digestMismatches.slice(0, WARNINGS_SHOWN_MAX)) {
      this.#options.say('warn', `transaction 0x${zxid} says another tree digest than the tree has that it gives`)
    }
    return state
  }

  async #writeSnapshot(zxid: bigint, digest: bigint, stream: Iterable<Uint8Array>): Promise<ApacheSnapshotFile> {
    const { compression, hasDigest } = this.#options
    const file = snapshotFileIn(this.#target.dataFolder, zxid, compression)
    // compat: as Apache's server writes it while it knows no digest, which is before the first transaction
    const isKnown = zxid > 0n && digest > 0n
    const part = { zxid: isKnown ? zxid : 0n, version: DIGEST_VERSION, digest: isKnown ? digest : 0n }
    await writeSnapshot(file, stream, { digest: hasDigest ? part : null, lastZxid: zxid })
    this.#note(file.path)
    return file
  }

  /** The log as far back as it goes, and the oldest snapshot, without which a server would not look at it. */
  async #writeHistory(newest: WrittenSnapshot): Promise<WrittenLog> {
    const log = this.#writeLog()
    const [oldest] = this.#store.snapshots
    if (log.files.length === 0 || oldest?.zxid === newest.zxid) return { ...log, origin: newest.file }
    if (oldest === undefined) return { ...log, origin: null }
    return { ...log, origin: await this.#writeSnapshot(oldest.zxid, oldest.digest, oldest.chunks()) }
  }

  #writeLog(): Pick<WrittenLog, 'files' | 'txnCount'> {
    const files: ApacheLogFile[] = []
    const { segments } = this.#store
    const [first] = segments
    if (first === undefined) return { files, txnCount: 0 }
    const starts = new Set(segments.map(({ firstZxid }) => firstZxid))
    let writer: LogWriter | null = null
    let txnCount = 0
    try {
      for (const { body, firstZxid } of this.#store.rows(first.firstZxid - 1n)) {
        if (starts.has(firstZxid)) {
          writer?.finish()
          const file = logFileIn(this.#target.logFolder, firstZxid)
          writer = new LogWriter(file.path)
          files.push(file)
          this.#note(file.path)
        }
        for (const txn of txnsOf(body)) {
          writer?.append(txn)
          txnCount++
        }
      }
      writer?.finish()
    } catch (error) {
      writer?.abandon()
      throw error
    }
    return { files, txnCount }
  }

  /**
   * As a server would derive them where none were ever set. A standalone server does not look at its epochs, so they may
   * be behind what it has; a member would refuse to start with such.
   */
  #writeEpochs(zxid: bigint): { acceptedEpoch: number; currentEpoch: number } {
    const ofZxid = Number(BigInt.asUintN(64, zxid) >> 32n)
    const currentEpoch = Math.max(this.#store.currentEpoch ?? 0, ofZxid)
    const acceptedEpoch = Math.max(this.#store.acceptedEpoch ?? 0, currentEpoch)
    try {
      writeEpochFiles(this.#target.dataFolder, acceptedEpoch, currentEpoch)
    } catch (error) {
      throw toStorageError(error, `writing the epochs in ${this.#target.dataFolder}`)
    }
    this.#files.push('version-2/acceptedEpoch', 'version-2/currentEpoch')
    return { acceptedEpoch, currentEpoch }
  }

  #copy(companions: readonly Companion[]): void {
    for (const { path, name } of companions) {
      this.#target.copy(path, name)
      this.#files.push(name)
    }
  }

  #note(path: string): void {
    this.#files.push(`version-2/${path.slice(path.lastIndexOf('/') + 1)}`)
  }
}

interface WrittenLog {
  /** What the log goes on from; null: from nothing. */
  readonly origin: ApacheSnapshotFile | null
  readonly files: readonly ApacheLogFile[]
  readonly txnCount: number
}

/** The transactions of a row: each behind its length. */
function* txnsOf(row: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  for (let at = 0; at < row.length; ) {
    const end = at + 4 + view.getInt32(at)
    yield row.subarray(at + 4, end)
    at = end
  }
}
