import { join } from 'node:path'
import type { ServerView } from '../admin/server-view.ts'
import { createAclChecker } from '../core/acl/acl-checker.ts'
import { configuredProviders } from '../core/acl/configured-providers.ts'
import type { InputBatch } from '../core/input-batch.ts'
import { createMetrics, createServerStats } from '../core/metrics.ts'
import { Peer } from '../core/peer.ts'
import { SessionTable } from '../core/session/session-table.ts'
import { PlainTree } from '../core/tree/plain-tree.ts'
import { openStorage, type Storage } from '../storage/storage.ts'
import { authenticationSettingsOf } from './authentication-settings-of.ts'
import { ClientListener, type ClientListenerPorts } from './client-listener.ts'
import type { ServerSettings } from './config/settings.ts'
import { coreSettingsOf } from './core-settings-of.ts'
import { EventLoop, monotonicNowMs } from './event-loop.ts'
import { exitAtOnce } from './fatal-exit.ts'
import { createHashPort } from './hash-port.ts'
import { importApacheFiles } from './import-apache.ts'
import { LogFeed } from './log-feed.ts'
import { LogMeter } from './log-meter.ts'
import type { AuditLog } from './logging/audit-log.ts'
import type { Logger } from './logging/logger.ts'
import { PauseMonitor } from './pause-monitor.ts'
import { RecoveryError, recover } from './recovery.ts'
import { LiveServerView } from './server-view.ts'
import { ShellOutbox } from './shell-outbox.ts'
import { SnapshotPump } from './snapshot-pump.ts'

/** Distance of ticks at most, ms; sessions expire in buckets of tickTime. */
const TICK_MS_MAX = 500
/** How long an orderly stop may take to get everything to the disk, ms. */
const CLOSE_DEADLINE_MS = 10_000
/** How long it waits for clients to take what is written for them, ms. */
const SEND_DEADLINE_MS = 2000

/** A running server, standalone for now. */
export interface RunningServer {
  /** Port that plain clients use. */
  readonly clientPort: number
  /** Looks into the server, for administration. */
  readonly view: ServerView
  /** Stops accepting, lets what is under way finish, closes the store. Idempotent. */
  stop(): Promise<void>
}

/** What a server takes from outside of its settings. */
export interface ServerOptions {
  readonly settings: ServerSettings
  readonly log: Logger
  /** Null where nothing is audited. */
  readonly audit: AuditLog | null
  /** Answers four-letter words; made once the server exists, since it shows what is in there. */
  readonly fourLetterWords: (server: () => RunningServer | null) => ClientListenerPorts['fourLetterWord']
}

/**
 * Opens the store, recovers the tree, and serves.
 *
 * @throws StorageError, RecoveryError, or the system's error of listening
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { settings, log, audit } = options
  const core = coreSettingsOf(settings, audit?.serverUser ?? null)
  const hash = createHashPort(settings.acl.digestAlgorithm)
  const metrics = createMetrics()
  const acl = createAclChecker({
    providers: configuredProviders(authenticationSettingsOf(settings), hash, metrics),
    skipAcl: settings.acl.skipAcl
  })
  const stats = createServerStats()
  const tree = new PlainTree(hash, {
    digestEnabled: core.digestEnabled,
    extendedTypesEnabled: core.extendedTypesEnabled
  })
  const sessions = new SessionTable(core.tickTimeMs, monotonicNowMs())

  const opened = await openStorage(storageOptionsOf(settings, log.child('storage')))
  const { storage } = opened
  storage.onFatal((error) => exitAtOnce(error.message))
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
  const report = await recover(recovery, tree, sessions, monotonicNowMs)
  metrics.startupSnapLoadTime.add(Math.round(report.snapshotLoadMs))
  metrics.startupTxnsLoadTime.add(Math.round(report.replayMs))
  metrics.startupTxnsLoaded.add(report.txnCount)
  metrics.dbInitTime.add(Math.round(report.snapshotLoadMs + report.replayMs))
  metrics.digestMismatchesCount.add(report.digestMismatches.length)
  for (const zxid of report.digestMismatches.slice(0, 10)) log.error(`the digest of transaction 0x${zxid} is wrong`)

  let running: RunningServer | null = null
  let isServing = false
  const tickMs = Math.min(TICK_MS_MAX, Math.max(50, Math.floor(core.tickTimeMs / 2)))
  const pauses = new PauseMonitor(settings.metrics, metrics, log.child('pauses'))
  const loop = new EventLoop(tickMs, runStep, (lateMs) => pauses.note(lateMs))
  const ports: ClientListenerPorts = {
    fourLetterWord: options.fourLetterWords(() => running),
    isServing: () => isServing,
    sessionTimeoutMs: (id) => peer.state.connections.get(id)?.session?.timeoutMs ?? null,
    metrics
  }
  const listener = new ClientListener(listenerOptionsOf(settings), loop, ports, log.child('connections'))
  const snapshots = new SnapshotPump(storage, loop, log.child('snapshot'), (elapsedMs) => {
    metrics.snapshotTime.add(Math.round(elapsedMs))
  })
  const feed = new LogFeed(storage, new LogMeter(metrics, settings.storage.forceSync))
  const outbox = new ShellOutbox({
    socket: (id) => listener.socket(id),
    unsentBytes: () => listener.unsentBytes,
    close: (socket, reason) => listener.close(socket, reason),
    overflow: (socket) => listener.overflow(socket),
    persist: (sequence, batch) => feed.append(sequence, batch),
    snapshotBegin: (hi, lo) => snapshots.begin(hi, lo),
    snapshotChunk: (bytes) => snapshots.chunk(bytes),
    snapshotEnd: (summary) => snapshots.end(summary),
    snapshotAbandon: () => snapshots.abandon(),
    audit: (record) => audit?.write(record),
    log: (level, message) => log[level](message)
  })
  const seed = Number(process.hrtime.bigint() & 0x7fffffffn)
  const peer = new Peer({
    settings: core,
    hash,
    tree,
    sessions,
    replayed: { txnCount: report.txnCount, bytes: report.txnBytes },
    acl,
    metrics,
    stats,
    seed,
    monotonicMs: monotonicNowMs(),
    out: outbox
  })
  storage.onPersisted((sequence) => {
    feed.persisted(sequence)
    loop.inputs.pushPersisted(sequence)
    loop.schedule()
  })

  function runStep(inputs: InputBatch): void {
    feed.retry()
    listener.tick(inputs.monotonicMs, inputs.lateMs)
    peer.step(inputs, outbox)
    outbox.flush()
    audit?.flush()
    peer.settle(monotonicNowMs())
    loop.wakeAt(peer.nextStepMs)
  }

  const clientPort = await listener.listen()
  loop.start()
  isServing = true
  const purge = startPurge(settings, storage, log)

  let stopping: Promise<void> | null = null
  const view = new LiveServerView({
    settings,
    metrics,
    stats,
    tree,
    sessions,
    peer: () => peer,
    mode: () => 'standalone',
    quorum: () => null,
    listener,
    clientPort: () => clientPort,
    isServing: () => isServing,
    diskBytes: () => diskBytes(settings, storage)
  })
  running = {
    clientPort,
    view,
    stop: () => {
      stopping ??= stop()
      return stopping
    }
  }
  return running

  /** What has been read is done and answered; sessions stay, and so nothing may expire while clients are not heard. */
  async function stop(): Promise<void> {
    isServing = false
    listener.stopAccepting()
    listener.stopReading()
    loop.stopTicks()
    clearInterval(purge)
    const isThrottleEmpty = (): boolean => loop.isIdle && peer.throttledRequests === 0
    await until(isThrottleEmpty, settings.flow.requestThrottlerShutdownTimeoutMs)
    peer.dropThrottled()
    outbox.flush()
    await until(() => loop.isIdle && peer.waitingWrites === 0, CLOSE_DEADLINE_MS)
    await listener.closeAll(SEND_DEADLINE_MS)
    loop.stop()
    await storage.flushAndClose(CLOSE_DEADLINE_MS)
  }
}

function listenerOptionsOf(settings: ServerSettings) {
  const { client } = settings
  return {
    port: client.port ?? 0,
    address: client.address,
    backlog: client.listenBacklog,
    maxClientCnxns: client.maxClientCnxns,
    maxCnxns: client.maxCnxns,
    keepAlive: client.tcpKeepAlive,
    frameBytesMax: client.juteMaxBufferBytes,
    sessionlessTimeoutMs: client.sessionlessTimeoutMs
  }
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

/** Removes old snapshots and segments each purge interval (`autopurge.*`); off by default. */
function startPurge(settings: ServerSettings, storage: Storage, log: Logger): NodeJS.Timeout | undefined {
  const { autopurgePurgeIntervalMs, autopurgeSnapRetainCount } = settings.storage
  if (autopurgePurgeIntervalMs <= 0) return undefined
  const purge = (): void => {
    storage.purge(autopurgeSnapRetainCount).then(
      ({ removed }) => log.info(`purge: ${removed.length} files removed`),
      (error: unknown) => log.error('purge failed', error)
    )
  }
  purge()
  return setInterval(purge, autopurgePurgeIntervalMs)
}

/** Sizes of the two directories; one that is both has the same size twice, as upstream. */
function diskBytes(settings: ServerSettings, storage: Storage) {
  const { dataDir, dataLogDir } = settings.storage
  const sizes = storage.sizes()
  if (dataDir !== dataLogDir) return sizes
  const bytes = sizes.dataDirBytes + sizes.logDirBytes
  return { dataDirBytes: bytes, logDirBytes: bytes }
}

/** Resolves when the condition holds, or at the deadline. */
async function until(condition: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!condition() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5))
}
