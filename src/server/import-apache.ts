import { createServer } from 'node:net'
import { JuteReader, JuteWriter } from 'jute-ts'
import { applyToSessions } from '../core/session/follow-txn.ts'
import type { SessionTable } from '../core/session/session-table.ts'
import type { DataTree } from '../core/tree/data-tree.ts'
import { highWord, lowWord, toBigInt, toHex } from '../protocol/int64.ts'
import { DIGEST_VERSION, decodeTxn, type Txn } from '../protocol/txn.ts'
import {
  type ApacheDirectory,
  type ApacheEpochs,
  type ApacheSnapshotFile,
  assertInTheirPlaces,
  findApacheFiles,
  readEpochFiles
} from '../storage/apache-files/apache-directory.ts'
import { DamagedFileError } from '../storage/apache-files/damaged-file-error.ts'
import { findNewerThanImport, writeImportMark } from '../storage/apache-files/import-mark.ts'
import { logHistory } from '../storage/apache-files/log-history.ts'
import { damagedRecord, type LogRecord } from '../storage/apache-files/log-reader.ts'
import { readSnapshot, type SnapshotDigest } from '../storage/apache-files/read-snapshot.ts'
import { looksWhole } from '../storage/apache-files/snapshot-bytes.ts'
import type { Recovery, Storage } from '../storage/storage.ts'
import { StorageError } from '../storage/storage-error.ts'
import type { ServerSettings } from './config/settings.ts'
import type { Logger } from './logging/logger.ts'
import { isDigestWrong } from './recovery.ts'

/**
 * The first start on a data directory of Apache ZooKeeper: reads its files, and writes what they say as the base of our
 * own store, which is complete by itself from then on. Apache's files stay as they are.
 *
 * The base counts from one moment to the next; until then nothing of ours does, so that an import which was interrupted
 * is begun again by the next start.
 */

/** What an import reads, and where it puts it. */
export interface ImportParts {
  readonly settings: Pick<ServerSettings, 'storage' | 'client' | 'quorum'>
  readonly storage: Storage
  /** What our own files say. */
  readonly recovery: Recovery
  /** Used for reading; `recover` fills both again from our own files. */
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly log: Logger
  readonly nowMs: () => number
  /** Where Apache's files are, if not in the directories of the settings. */
  readonly source?: ApacheSource
  /** A wrong digest of the snapshot ends the import; without this it is an error in the log. Default: false. */
  readonly refusesWrongDigest?: boolean
}

/** The directories of an Apache server. */
export interface ApacheSource {
  readonly dataDir: string
  readonly dataLogDir: string
}

/** Snapshots that are tried, from the newest on. */
const SNAPSHOTS_TRIED_MAX = 100
const SLICE_BYTES = 256 * 1024
const ERRORS_SHOWN_MAX = 10

/**
 * Imports Apache's files if there are any and nothing of ours. Returns what our own files say then.
 *
 * @throws StorageError: DAMAGED or INCOMPLETE files, which the message names; the system's error when the client port is
 *         in use. The server must not start; the storage is closed.
 */
export async function importApacheFiles(parts: ImportParts): Promise<Recovery> {
  try {
    return await importIfFirst(parts)
  } catch (error) {
    await parts.storage.abandon()
    throw error
  }
}

async function importIfFirst(parts: ImportParts): Promise<Recovery> {
  const { recovery, storage, log } = parts
  const { dataDir, dataLogDir } = sourceOf(parts)
  const files = findApacheFiles(dataDir, dataLogDir)
  if (!isEmpty(recovery)) {
    if (hasData(files)) tellIgnored(parts, files)
    return recovery
  }
  assertInTheirPlaces(dataDir, dataLogDir)
  if (!hasData(files)) return importEpochs(parts)
  await assertPortIsFree(parts.settings.client)
  log.info(`reading the files of Apache ZooKeeper in ${dataDir}, which this server has not served yet`)
  const outcome = await new Import(parts, files).read()
  const epochs = epochsOf(parts, readEpochFiles(dataDir))
  // Elsewhere, Apache's server may go on: what it writes there has nothing to do with this directory any more.
  if (dataDir === parts.settings.storage.dataDir)
    writeImportMark(dataDir, toBigInt(parts.tree.lastZxidHi, parts.tree.lastZxidLo))
  await writeBase(parts, epochs)
  log.info(describe(parts, outcome))
  return storage.reload()
}

function sourceOf({ source, settings }: ImportParts): ApacheSource {
  return source ?? settings.storage
}

function hasData({ snapshots, logs }: ApacheDirectory): boolean {
  return snapshots.length > 0 || logs.length > 0
}

function tellIgnored(parts: ImportParts, files: ApacheDirectory): void {
  const { recovery, log } = parts
  const { dataDir } = sourceOf(parts)
  log.info(
    `the files of Apache ZooKeeper in ${dataDir} are ignored: this server has its own there, ` +
      `up to zxid 0x${toHex(recovery.lastZxidHi, recovery.lastZxidLo)}`
  )
  const newer = findNewerThanImport(dataDir, files)
  if (newer === null) return
  log.warn(
    `${newer} is newer than the import: an Apache server has served this directory since, and what it wrote is not in ` +
      "this server's data. To import again, move state.db*, log.*.db* and snapshot.*.db away; " +
      "to go on without it, move Apache's files away"
  )
}

/**
 * An Apache server that still runs keeps its port, and goes on writing what would not be imported any more: nothing else
 * tells that it has the directory.
 */
function assertPortIsFree({ port, address }: ServerSettings['client']): Promise<void> {
  if (port === null || port === 0) return Promise.resolve()
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(address === null ? { port } : { port, host: address }, () => probe.close(() => resolve()))
  })
}

function isEmpty(recovery: Recovery): boolean {
  return recovery.snapshot === null && recovery.lastZxidHi === 0 && recovery.lastZxidLo === 0
}

/** A member that has never had a transaction may have promised something by its epochs. */
async function importEpochs(parts: ImportParts): Promise<Recovery> {
  const { storage, recovery } = parts
  const files = readEpochFiles(sourceOf(parts).dataDir)
  const currentEpoch = files.currentEpoch ?? 0
  const acceptedEpoch = Math.max(files.acceptedEpoch ?? 0, currentEpoch)
  if (acceptedEpoch <= recovery.acceptedEpoch && currentEpoch <= recovery.currentEpoch) return recovery
  if (acceptedEpoch > recovery.acceptedEpoch) await storage.setAcceptedEpoch(acceptedEpoch)
  if (currentEpoch > recovery.currentEpoch) await storage.setCurrentEpoch(currentEpoch)
  return storage.reload()
}

/** What was read, for the message. */
interface ImportOutcome {
  readonly snapshot: ApacheSnapshotFile | null
  readonly txnCount: number
  readonly digest: 'right' | 'wrong' | 'not checked'
  readonly digestMismatchCount: number
  readonly elapsedMs: number
}

/** One reading of Apache's files into tree and sessions. */
class Import {
  readonly #parts: ImportParts
  readonly #files: ApacheDirectory
  readonly #reader = new JuteReader(undefined, Number.MAX_SAFE_INTEGER)
  /** The snapshot's digest, until replay has come to its zxid: until then the tree is of no single zxid. */
  #expected: SnapshotDigest | null = null
  #snapshotEnd: bigint | null = null
  #digest: ImportOutcome['digest'] = 'not checked'
  #mismatches: string[] = []
  #txnCount = 0

  constructor(parts: ImportParts, files: ApacheDirectory) {
    this.#parts = parts
    this.#files = files
  }

  async read(): Promise<ImportOutcome> {
    const startMs = this.#parts.nowMs()
    const snapshot = await this.#readSnapshot()
    this.#checkDigest()
    this.#replay(snapshot?.zxid ?? null)
    if (snapshot !== null) this.#assertRepaired(snapshot)
    this.#reportMismatches()
    return {
      snapshot,
      txnCount: this.#txnCount,
      digest: this.#digest,
      digestMismatchCount: this.#mismatches.length,
      elapsedMs: this.#parts.nowMs() - startMs
    }
  }

  /** Reads the newest snapshot that is whole; null if there is none, and that is allowed. */
  async #readSnapshot(): Promise<ApacheSnapshotFile | null> {
    const { log, sessions, nowMs } = this.#parts
    const unfinished = this.#files.snapshots.filter((file) => !looksWhole(file))
    for (const { path } of unfinished) log.warn(`${path} was not written to its end; going on without it`)
    const candidates = this.#files.snapshots.filter((file) => !unfinished.includes(file)).slice(0, SNAPSHOTS_TRIED_MAX)
    const problems: string[] = []
    for (const file of candidates) {
      try {
        const loader = this.#parts.tree.loadSnapshot(highWord(file.zxid), lowWord(file.zxid))
        const trailer = await readSnapshot(file, loader)
        sessions.restore(loader.sessions, nowMs())
        this.#expected = trailer.digest?.version === DIGEST_VERSION ? trailer.digest : null
        this.#snapshotEnd = trailer.lastZxid
        return file
      } catch (error) {
        if (!(error instanceof DamagedFileError)) throw error
        problems.push(error.message)
        log.warn(`${error.message}; trying to start without it`)
      }
    }
    this.#assertMayGoWithout(problems)
    return null
  }

  #assertMayGoWithout(problems: readonly string[]): void {
    const { snapshots, logs } = this.#files
    const advice = 'restore the files from a backup, or empty the directory if an ensemble can bring this server up'
    if (problems.length > 0) throw new StorageError('DAMAGED', `${problems.join('; ')}; no snapshot is left: ${advice}`)
    // A server that was stopped while it wrote its very first snapshot, before anything happened.
    if (logs.length === 0 && snapshots.every(({ zxid }) => zxid === 0n)) return
    if (this.#parts.settings.storage.snapshotTrustEmpty) {
      this.#parts.log.warn('no snapshot: the log is taken for all there is, since snapshot.trust.empty is set')
      return
    }
    const path = logs[0]?.path ?? snapshots[0]?.path
    throw new StorageError(
      'INCOMPLETE',
      `${path} is there but no whole snapshot: ${advice}; ` +
        'set snapshot.trust.empty=true if the log is known to have all transactions'
    )
  }

  #replay(after: bigint | null): void {
    const { log, settings } = this.#parts
    const recordBytesMax = settings.client.juteMaxBufferBytes + settings.client.juteExtraSizeBytes
    const warn = (message: string): void => log.warn(message)
    for (const record of logHistory({ logs: this.#files.logs, after, recordBytesMax, warn })) this.#apply(record)
  }

  #apply(record: LogRecord): void {
    const { tree, sessions, nowMs } = this.#parts
    const txn = this.#decode(record)
    tree.apply(txn, null)
    applyToSessions(txn, sessions, nowMs())
    if (this.#expected === null && txn.digest?.version === DIGEST_VERSION && isDigestWrong(txn, tree)) {
      this.#mismatches.push(toHex(record.zxidHi, record.zxidLo))
    }
    this.#txnCount++
    this.#checkDigest()
  }

  /**
   * A snapshot that was written while transactions went on has some of their changes; only replay makes it whole. A
   * member's log may end before them, since it applies what a quorum has: the leader sends them again.
   */
  #assertRepaired({ path }: ApacheSnapshotFile): void {
    const { tree, log, settings } = this.#parts
    const end = this.#snapshotEnd
    if (end === null || end <= toBigInt(tree.lastZxidHi, tree.lastZxidLo)) return
    const problem =
      `${path} has changes up to transaction 0x${end.toString(16)}, but the log ends at ` +
      `0x${toHex(tree.lastZxidHi, tree.lastZxidLo)}`
    if (!settings.quorum.standalone) {
      log.warn(`${problem}; the leader of the ensemble will send what is missing`)
      return
    }
    throw new StorageError(
      'INCOMPLETE',
      `${problem}: put the missing log files back, or move this snapshot away to begin with an older one`
    )
  }

  #decode({ path, offset, body, zxidHi, zxidLo }: LogRecord): Txn {
    try {
      return decodeTxn(this.#reader.reset(body, 0, body.length))
    } catch (error) {
      const problem = `transaction 0x${toHex(zxidHi, zxidLo)} cannot be read: ${String(error)}; its checksum is right, so a server of another version may have written it`
      throw damagedRecord(path, offset, problem, { cause: error })
    }
  }

  /** The snapshot's digest is that of one zxid; before and after it the tree has another. */
  #checkDigest(): void {
    const { tree, log, refusesWrongDigest = false } = this.#parts
    const expected = this.#expected
    if (expected === null) return
    if (toBigInt(tree.lastZxidHi, tree.lastZxidLo) !== expected.zxid) return
    this.#expected = null
    if (tree.digestHi === 0 && tree.digestLo === 0) return
    const digest = BigInt.asUintN(64, toBigInt(tree.digestHi, tree.digestLo))
    this.#digest = digest === expected.digest ? 'right' : 'wrong'
    if (this.#digest === 'right') return
    const problem =
      `the snapshot says that the tree digest at zxid 0x${expected.zxid.toString(16)} is ` +
      `0x${expected.digest.toString(16)}, but the tree that was read has 0x${digest.toString(16)}: ` +
      'compare the data with another member, or with the Apache server, before relying on it'
    if (refusesWrongDigest) throw new StorageError('DAMAGED', problem)
    log.error(problem)
  }

  /** An Apache leader is known to compute some wrongly, so this alone is no damage. */
  #reportMismatches(): void {
    const { log } = this.#parts
    for (const zxid of this.#mismatches.slice(0, ERRORS_SHOWN_MAX))
      log.warn(`the digest of transaction 0x${zxid} is wrong`)
  }
}

/** Writes tree and sessions as the base of our store. Only its last step, which is one transaction, makes it count. */
async function writeBase(
  { storage, tree, sessions }: ImportParts,
  { acceptedEpoch, currentEpoch }: { readonly acceptedEpoch: number; readonly currentEpoch: number }
): Promise<void> {
  await storage.setAcceptedEpoch(acceptedEpoch)
  const records = sessions.records()
  const cursor = tree.openSnapshot(records)
  const { zxidHi, zxidLo, digestHi, digestLo, nodeCount } = cursor
  const snapshot = storage.beginInstall(zxidHi, zxidLo, currentEpoch)
  try {
    const writer = new JuteWriter(2 * SLICE_BYTES)
    for (let hasMore = true; hasMore; ) {
      hasMore = cursor.next(writer.reset(), SLICE_BYTES)
      await snapshot.write(writer.bytes())
    }
    await snapshot.finish({ zxidHi, zxidLo, digestHi, digestLo, nodeCount, sessionCount: records.length })
  } finally {
    snapshot.abort()
    cursor.close()
  }
}

/** The epochs as Apache's server takes them from its files: that of the last zxid where there is none. */
function epochsOf(parts: ImportParts, files: ApacheEpochs): { acceptedEpoch: number; currentEpoch: number } {
  const { tree, settings } = parts
  const ofZxid = tree.lastZxidHi >>> 0
  const currentEpoch = files.currentEpoch ?? ofZxid
  const acceptedEpoch = files.acceptedEpoch ?? Math.max(ofZxid, currentEpoch)
  if (currentEpoch >= ofZxid && acceptedEpoch >= currentEpoch) return { acceptedEpoch, currentEpoch }
  // A standalone server does not look at epochs: its files may be of an earlier life as a member.
  if (settings.quorum.standalone) {
    const current = Math.max(currentEpoch, ofZxid)
    return { acceptedEpoch: Math.max(acceptedEpoch, current), currentEpoch: current }
  }
  throw new StorageError(
    'DAMAGED',
    `the epoch files in ${sourceOf(parts).dataDir}/version-2 contradict the log: acceptedEpoch ${acceptedEpoch}, currentEpoch ` +
      `${currentEpoch}, epoch of the last transaction ${ofZxid}; restore the files from a backup, or empty the directory ` +
      'if the ensemble can bring this server up'
  )
}

function describe({ tree, sessions }: ImportParts, outcome: ImportOutcome): string {
  const { snapshot, txnCount, digest, digestMismatchCount, elapsedMs } = outcome
  const from = snapshot === null ? 'no snapshot' : `snapshot 0x${snapshot.zxid.toString(16)}`
  const mismatches = digestMismatchCount === 0 ? '' : `, ${digestMismatchCount} of them with a wrong digest`
  return (
    `imported Apache ZooKeeper's files: ${from} and ${txnCount} transactions of the log${mismatches}; ` +
    `now at zxid 0x${toHex(tree.lastZxidHi, tree.lastZxidLo)} with ${tree.nodeCount} znodes ` +
    `(${tree.ephemeralCount} ephemeral) and ${sessions.size} sessions; digest of the snapshot ${digest}; ` +
    `${Math.round(elapsedMs)} ms. They stay where they are and are not used any more`
  )
}
