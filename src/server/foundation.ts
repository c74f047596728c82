import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import { createAclChecker } from '../core/acl/acl-checker.ts'
import { configuredProviders } from '../core/acl/configured-providers.ts'
import { createMetrics, createServerStats, type Metrics } from '../core/metrics.ts'
import { hasTotal } from '../core/pipeline/prefix-limit.ts'
import { SessionTable } from '../core/session/session-table.ts'
import { CompactTree } from '../core/tree/compact/compact-tree.ts'
import type { CommitLog } from '../core/zab/commit-log.ts'
import { openStorage } from '../storage/storage.ts'
import { authenticationSettingsOf } from './authentication-settings-of.ts'
import type { ServerSettings } from './config/settings.ts'
import { coreSettingsOf } from './core-settings-of.ts'
import { monotonicNowMs } from './event-loop.ts'
import { exitAtOnce } from './fatal-exit.ts'
import { createHashPort } from './hash-port.ts'
import { importApacheFiles } from './import-apache.ts'
import type { Logger } from './logging/logger.ts'
import { RecoveryError, type RecoveryReport, recover } from './recovery.ts'
import { clientSaslOf } from './sasl/server-login.ts'

/**
 * What every server stands on: the locked data directory, and the state that was read from it.
 *
 * @param auditUser who the server is in audit records; null = nothing is audited
 * @param commitLog is filled with the newest transactions of the log; null on a standalone server
 * @throws StorageError, RecoveryError
 */
export async function openFoundation(
  settings: ServerSettings,
  auditUser: string | null,
  commitLog: CommitLog | null,
  log: Logger
) {
  const core = coreSettingsOf(settings, auditUser)
  const hash = createHashPort(settings.acl.digestAlgorithm)
  const metrics = createMetrics()
  const acl = createAclChecker({
    providers: configuredProviders(authenticationSettingsOf(settings), hash, metrics),
    skipAcl: settings.acl.skipAcl
  })
  const sasl = clientSaslOf(settings, process.env)
  const stats = createServerStats()
  const { digestEnabled, extendedTypesEnabled } = core
  // A seed that nobody can know: who chooses paths must not choose which of them collide.
  const newTree = (): CompactTree =>
    new CompactTree(hash, { digestEnabled, extendedTypesEnabled, hashSeed: randomInt(2 ** 31) })
  const tree = newTree()
  // Before anything is in it, so that nothing has to be counted but once.
  tree.countSubtrees(settings.flow.prefixLimits.filter(hasTotal).map(({ path }) => path))
  const sessions = new SessionTable(core.tickTimeMs, monotonicNowMs())

  const opened = await openStorage(storageOptionsOf(settings, log.child('storage')))
  const { storage } = opened
  storage.onFatal((error) => exitAtOnce(error.message))
  // The storage itself says so in the log.
  let isDiskFull = false
  storage.onDiskFull((isFull) => {
    isDiskFull = isFull
    if (isFull) metrics.diskFullCount.add(1)
  })
  const importParts = { ...opened, settings, tree, sessions, log: log.child('import'), nowMs: monotonicNowMs }
  const recovery = await importApacheFiles(importParts)
  if (recovery.isUninitialized) {
    await storage.abandon()
    // compat: upstream runs then, at zxid -1, and turns all clients away.
    throw new RecoveryError(
      `${settings.storage.dataDir} has no data and db.autocreate is false: put the data back, or, to start empty, ` +
        `make the file ${join(settings.storage.dataLogDir, 'initialize')} (bin/zkServer-initialize.sh does)`
    )
  }
  const replayed = commitLog === null ? null : commitLog.add.bind(commitLog)
  const report = await recover(recovery, tree, sessions, monotonicNowMs, replayed)
  note(report, metrics, log)
  const parts = { core, hash, metrics, acl, sasl, stats, tree, newTree, sessions, storage, recovery, report }
  return { ...parts, isDiskFull: () => isDiskFull }
}

function note(report: RecoveryReport, metrics: Metrics, log: Logger): void {
  metrics.startupSnapLoadTime.add(Math.round(report.snapshotLoadMs))
  // A new server has loaded nothing, rather than nought transactions.
  if (report.snapshotZxid !== null || report.txnCount > 0) {
    metrics.startupTxnsLoadTime.add(Math.round(report.replayMs))
    metrics.startupTxnsLoaded.add(report.txnCount)
  }
  metrics.dbInitTime.add(Math.round(report.snapshotLoadMs + report.replayMs))
  metrics.digestMismatchesCount.add(report.digestMismatches.length)
  for (const zxid of report.digestMismatches.slice(0, 10)) log.error(`the digest of transaction 0x${zxid} is wrong`)
}

function storageOptionsOf(settings: ServerSettings, logger: Logger) {
  const { storage } = settings
  return {
    dataDir: storage.dataDir,
    dataLogDir: storage.dataLogDir,
    forceSync: storage.forceSync,
    autocreate: storage.dataDirAutocreate,
    dbAutocreate: storage.dbAutocreate,
    ...(storage.txnLogSizeLimitKb === null ? {} : { rollBytesMax: storage.txnLogSizeLimitKb * 1024 }),
    trustEmptySnapshot: storage.snapshotTrustEmpty,
    fsyncWarningThresholdMs: storage.fsyncWarningThresholdMs,
    logger
  }
}
