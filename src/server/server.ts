import type { AdminServer } from '../admin/http/admin-server.ts'
import { RestoreRefusedError } from '../admin/http/admin-target.ts'
import type { ServerView } from '../admin/server-view.ts'
import type { StorageRequest } from '../core/ensemble/ensemble-outbox.ts'
import type { InputBatch } from '../core/input-batch.ts'
import { SlowRequests } from '../core/pipeline/slow-requests.ts'
import type { Storage } from '../storage/storage.ts'
import { certificateIdBy } from '../tls/certificate-id.ts'
import { initialConfigurationOf, openAdminPort } from './admin-port.ts'
import { BackupSchedule } from './backup-schedule.ts'
import { ClientListener, type ClientListenerOptions, type ClientListenerPorts } from './client-listener.ts'
import { newSecureAcceptor, openClientContext } from './client-tls.ts'
import { ClockWatch } from './clock-watch.ts'
import { bindAddress } from './config/client-address.ts'
import type { EnsembleMember, ServerSettings } from './config/settings.ts'
import { EventLoop, monotonicNowMs } from './event-loop.ts'
import { exitAtOnce } from './fatal-exit.ts'
import { openFoundation } from './foundation.ts'
import { handOver, stepDown } from './hand-over.ts'
import { LiveAdminTarget } from './live-admin-target.ts'
import { LogFeed } from './log-feed.ts'
import { LogMeter } from './log-meter.ts'
import type { AuditLog } from './logging/audit-log.ts'
import type { Logger } from './logging/logger.ts'
import { openMetricsPort } from './metrics-port.ts'
import { PauseMonitor } from './pause-monitor.ts'
import { configFilesOf, configsAtStart } from './quorum/configs-at-start.ts'
import type { EnsembleShell } from './quorum/ensemble-shell.ts'
import { StorageRequests } from './quorum/storage-requests.ts'
import { Restorer } from './restore.ts'
import type { SecureAcceptor } from './secure-acceptor.ts'
import { LiveServerView } from './server-view.ts'
import { ShellOutbox } from './shell-outbox.ts'
import { SnapshotPump } from './snapshot-pump.ts'
import { StandaloneMachine } from './standalone-machine.ts'
import { openTracer } from './tracing/open-tracer.ts'

/** Distance of ticks at most, ms; sessions expire in buckets of tickTime. */
const TICK_MS_MAX = 500
/** How long an orderly stop may take to get everything to the disk, ms. */
const CLOSE_DEADLINE_MS = 10_000
/** How long it waits for clients to take what is written for them, ms. */
const SEND_DEADLINE_MS = 2000

const RESTORE_REFUSED =
  'a member of an ensemble does not restore while it runs: stop all, and use zkBackup.sh restore --snapshot FILE --new-epoch on one'

/** A running server, standalone or a member of an ensemble. */
export interface RunningServer {
  /** Port that plain clients use; 0 = none. */
  readonly clientPort: number
  /** Port for TLS alone; null where there is none. */
  readonly secureClientPort: number | null
  /** Port of the HTTP admin server; null where there is none. */
  readonly adminPort: number | null
  /** Port of Prometheus's exporter; null where there is none. */
  readonly metricsPort: number | null
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
 * Opens the store, recovers the tree, and serves: by itself, or as a member of an ensemble once that has a leader.
 *
 * @throws StorageError, RecoveryError, or the system's error of listening
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  // It listens first, so that a probe is told what a long start is about.
  const admin = await openAdminPort(options.settings, options.log.child('admin'))
  try {
    return await startBehind(admin, options)
  } catch (error) {
    await admin?.close()
    throw error
  }
}

async function startBehind(admin: AdminServer | null, options: ServerOptions): Promise<RunningServer> {
  const { settings, log, audit } = options
  const initialConfiguration = admin === null ? null : initialConfigurationOf(settings)
  // A third of the program is for members of ensembles only.
  const quorum = settings.quorum.standalone ? null : await import('./quorum/ensemble-shell.ts')
  const commitLog = quorum?.newCommitLog(settings) ?? null
  const configFiles = configFilesOf(settings)
  const clientContext = openClientContext(settings, log.child('client TLS'))
  const configs = await configsAtStart(settings, configFiles, log)
  const foundation = await openFoundation(settings, audit?.serverUser ?? null, commitLog, log)
  const { core, hash, metrics, acl, stats, tree, newTree, sessions, storage, recovery, report } = foundation

  let running: RunningServer | null = null
  let isOpen = false
  const tickMs = Math.min(TICK_MS_MAX, Math.max(50, Math.floor(core.tickTimeMs / 2)))
  const pauses = new PauseMonitor(settings.metrics, metrics, log.child('pauses'))
  const clock = new ClockWatch(log)
  const loop = new EventLoop(tickMs, runStep, (lateMs) => pauses.note(lateMs))
  const isServing = (): boolean => isOpen && machine.isServing && restorer?.isSuspended !== true
  const ports: ClientListenerPorts = {
    fourLetterWord: options.fourLetterWords(() => running),
    isServing,
    sessionTimeoutMs: (id) => machine.peer?.state.connections.get(id)?.session?.timeoutMs ?? null,
    metrics
  }
  const connectionsLog = log.child('connections')
  const secure = newSecureAcceptor(settings, clientContext, { metrics, stats, isServing }, connectionsLog)
  const listener = new ClientListener(listenerOptionsOf(settings, secure), loop, ports, connectionsLog)
  const snapshots = new SnapshotPump(storage, loop, log.child('snapshot'), (elapsedMs) => {
    metrics.snapshotTime.add(Math.round(elapsedMs))
  })
  const logMeter = new LogMeter(metrics, settings.storage.forceSync, {
    thresholdMs: settings.storage.fsyncWarningThresholdMs,
    count: stats.fsyncThresholdExceedCount
  })
  const feed = new LogFeed(storage, logMeter)
  const requests = new StorageRequests(
    {
      storage,
      feed,
      tree,
      newTree,
      sessions,
      configFiles,
      nowMs: monotonicNowMs,
      snapshotSizeFactor: settings.storage.snapshotSizeFactor,
      log: log.child('storage')
    },
    {
      answered: (id, answer) => {
        loop.inputs.pushStored(id, answer)
        loop.schedule()
      },
      fatal: exitAtOnce
    }
  )
  const memberStorage = {
    store: (request: StorageRequest) => requests.store(request),
    installBegin: (hi: number, lo: number, epoch: number) => snapshots.installBegin(hi, lo, epoch)
  }
  const shellEvents = { ownMemberChanged: (own: EnsembleMember) => rebindClients(listener, own) }
  const ensemble =
    quorum === null || commitLog === null
      ? null
      : new quorum.EnsembleShell(settings, configs, commitLog, loop, memberStorage, shellEvents, log)
  const outbox = new ShellOutbox(
    {
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
    },
    ensemble?.outputs
  )
  const { slowRequestThresholdMs } = settings.metrics
  const tracer = await openTracer(settings, metrics, log.child('tracing'))
  const hasSlow = slowRequestThresholdMs !== null
  const slow =
    hasSlow || tracer !== null ? new SlowRequests(slowRequestThresholdMs ?? Number.POSITIVE_INFINITY, tracer) : null
  const parts = {
    settings: core,
    hash,
    tree,
    sessions,
    replayed: { txnCount: report.txnCount, bytes: report.txnBytes },
    acl,
    sasl: foundation.sasl,
    metrics,
    stats,
    slow,
    seed: Number(process.hrtime.bigint() & 0x7fffffffn),
    monotonicMs: monotonicNowMs(),
    out: outbox
  }
  const machine: EnsembleShell | StandaloneMachine =
    quorum !== null && ensemble !== null
      ? ensemble.begin(parts, outbox, quorum.epochsAtStart(recovery))
      : new StandaloneMachine(parts)
  const restorer = machine instanceof StandaloneMachine ? newRestorer(machine) : null
  storage.onPersisted((sequence) => {
    feed.persisted(sequence)
    loop.inputs.pushPersisted(sequence)
    loop.schedule()
  })

  function runStep(inputs: InputBatch): void {
    clock.see(inputs.monotonicMs, inputs.wallMs)
    feed.retry()
    listener.tick(inputs.monotonicMs, inputs.lateMs)
    machine.step(inputs)
    outbox.flush()
    audit?.flush()
    machine.settle(monotonicNowMs())
    loop.wakeAt(machine.nextStepMs)
  }

  await listener.listen()
  await ensemble?.listen()
  loop.start()
  isOpen = true
  loop.schedule()
  const purge = startPurge(settings, storage, log)
  const backups = new BackupSchedule(settings, log.child('backup'))

  let stopping: Promise<void> | null = null
  const view = new LiveServerView({
    settings,
    metrics,
    stats,
    tree,
    sessions,
    peer: () => machine.peer,
    mode: () => machine.mode,
    quorum: () => machine.quorum(),
    listener,
    clientPort: () => (settings.client.port === null ? null : listener.port),
    secureClientPort: () => (settings.client.securePort === null ? null : listener.securePort),
    isServing,
    diskBytes: () => diskBytes(settings, storage)
  })
  admin?.attach(
    new LiveAdminTarget({
      view,
      initialConfiguration,
      tree,
      sessions,
      acl,
      certificateId: certificateIdBy(settings.tls.certificateId, (problem) => log.warn(problem)),
      machine,
      listener,
      logMeter,
      isDiskFull: foundation.isDiskFull,
      isStopping: () => stopping !== null,
      askForSnapshot: () => {
        machine.peer?.beginSnapshot()
        loop.schedule()
      },
      restore: async (bytes) => {
        if (restorer === null || stopping !== null) throw new RestoreRefusedError(RESTORE_REFUSED)
        return restorer.restore(bytes)
      },
      slow: hasSlow ? slow : null,
      handOver: (heir) => handOver(ensemble, heir)
    })
  )
  const exporter = await openMetricsPort(view, log.child('metrics'))
  running = {
    get clientPort() {
      return listener.port
    },
    get secureClientPort() {
      return settings.client.securePort === null ? null : listener.securePort
    },
    adminPort: admin?.port ?? null,
    metricsPort: exporter?.port ?? null,
    view,
    stop: () => {
      stopping ??= stop()
      return stopping
    }
  }
  return running

  /** What has been read is done and answered; sessions stay, and so nothing may expire while clients are not heard. */
  async function stop(): Promise<void> {
    isOpen = false
    listener.stopAccepting()
    clearInterval(purge)
    backups.stop()
    listener.stopReading()
    await stepDown(ensemble)
    await finishRequests()
    await listener.closeAll(SEND_DEADLINE_MS)
    ensemble?.close()
    requests.stop()
    loop.stop()
    await tracer?.close()
    await storage.flushAndClose(CLOSE_DEADLINE_MS)
    clientContext?.close()
    await exporter?.close()
    await admin?.close()
  }

  /** Reads no more requests, and has those that were read answered, as far as the disk lets it in time. */
  async function finishRequests(): Promise<void> {
    listener.stopReading()
    loop.stopTicks()
    const isThrottleEmpty = (): boolean => loop.isIdle && (machine.peer?.throttledRequests ?? 0) === 0
    await until(isThrottleEmpty, settings.flow.requestThrottlerShutdownTimeoutMs)
    machine.peer?.dropThrottled()
    outbox.flush()
    await until(() => loop.isIdle && (machine.peer?.waitingWrites ?? 0) === 0, CLOSE_DEADLINE_MS)
  }

  function newRestorer(alone: StandaloneMachine): Restorer {
    return new Restorer({
      dataDir: settings.storage.dataDir,
      tickTimeMs: core.tickTimeMs,
      storage,
      tree,
      newTree,
      sessions,
      currentEpoch: recovery.currentEpoch,
      log: log.child('restore'),
      suspend: async () => {
        await finishRequests()
        if (alone.peer.waitingWrites > 0) throw new Error('writes are under way that the disk does not take')
        alone.suspend()
        outbox.flush()
        await listener.closeAll(SEND_DEADLINE_MS)
      },
      resume: () => {
        if (stopping !== null) return
        // Those that came meanwhile are known to nobody.
        for (const socket of listener.sockets.values()) socket.destroy()
        alone.resume(monotonicNowMs())
        loop.start()
        loop.schedule()
      },
      fatal: exitAtOnce
    })
  }
}

function listenerOptionsOf({ client, tls }: ServerSettings, secure: SecureAcceptor | null): ClientListenerOptions {
  const { port, address, securePort, secureAddress } = client
  return {
    plainPlace: port === null ? null : { port, address },
    securePlace: securePort === null ? null : { port: securePort, address: secureAddress },
    secure,
    isPortUnified: tls.clientPortUnification,
    backlog: client.listenBacklog,
    maxClientCnxns: client.maxClientCnxns,
    maxCnxns: client.maxCnxns,
    keepAlive: client.tcpKeepAlive,
    frameBytesMax: client.juteMaxBufferBytes,
    sessionlessTimeoutMs: client.sessionlessTimeoutMs
  }
}

/** compat: a line without a client port changes nothing: clients go on where they are. */
function rebindClients(listener: ClientListener, own: EnsembleMember): void {
  const { clientPort, clientAddress, secureClientPort, secureClientAddress } = own
  if (clientPort !== null) listener.rebind({ port: clientPort, address: bindAddress(clientAddress) })
  if (secureClientPort === null) return
  listener.rebindSecure({ port: secureClientPort, address: bindAddress(secureClientAddress) })
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
