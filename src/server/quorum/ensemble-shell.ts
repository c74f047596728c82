import type { EnsembleView } from '../../admin/http/admin-target.ts'
import type { QuorumView, ServerMode } from '../../admin/server-view.ts'
import type { RoleView } from '../../core/ensemble/ensemble-outbox.ts'
import { EnsemblePeer } from '../../core/ensemble/ensemble-peer.ts'
import type { EnsembleSettings } from '../../core/ensemble/ensemble-settings.ts'
import type { InputBatch } from '../../core/input-batch.ts'
import type { Peer, PeerParts } from '../../core/peer.ts'
import { CommitLog } from '../../core/zab/commit-log.ts'
import type { EnsembleConfig, EnsembleMember, MemberAddress } from '../../core/zab/membership/ensemble-config.ts'
import { memberOf } from '../../core/zab/membership/member-of.ts'
import { ServerState } from '../../core/zab/vote.ts'
import type { Recovery } from '../../storage/storage.ts'
import type { ServerSettings } from '../config/settings.ts'
import type { EventLoop } from '../event-loop.ts'
import { exitAtOnce } from '../fatal-exit.ts'
import type { Logger } from '../logging/logger.ts'
import type { Machine } from '../machine.ts'
import type { PeerOutputs, ShellOutbox } from '../shell-outbox.ts'
import type { ConfigsAtStart } from './configs-at-start.ts'
import { ElectionLinks } from './election-links.ts'
import { ElectionPortError } from './election-port-error.ts'
import { LeaderConnector } from './leader-connector.ts'
import { LearnerPort } from './learner-port.ts'
import { OracleFile } from './oracle-file.ts'
import { PeerLinks } from './peer-links.ts'
import { openPeerSecurity, type PeerSecurity } from './peer-security.ts'
import { ensembleView, quorumView } from './quorum-view.ts'

/** What is kept of the newest transactions for learners that lag a little, beside `commitLogCount` of them. */
const COMMIT_LOG_BYTES = 16 * 1024 * 1024

/** What the storage does for a member, as the shell has it. */
export interface MemberStorage {
  readonly store: PeerOutputs['store']
  readonly installBegin: PeerOutputs['installBegin']
}

/** What a member tells the server that it is part of. */
export interface ShellEvents {
  /** The own line of the configuration in force is another one than before. */
  ownMemberChanged(own: EnsembleMember): void
}

/** The sockets between the members of an ensemble, and the machine that speaks through them. */
export class EnsembleShell implements Machine {
  readonly outputs: PeerOutputs
  readonly #settings: ServerSettings
  readonly #commitLog: CommitLog
  readonly #loop: EventLoop
  readonly #events: ShellEvents
  readonly #security: PeerSecurity
  /** Null: `oraclePath` is not set. */
  readonly #oracle: OracleFile | null
  #memberHosts: readonly string[]
  readonly #configs: ConfigsAtStart
  readonly #links: PeerLinks
  readonly #election: ElectionLinks
  readonly #learnerPort: LearnerPort
  readonly #connector: LeaderConnector
  /** The own line of the configuration in force; a server that was removed keeps the one that it had. */
  #own: EnsembleMember | undefined
  /** Where learners look for this server if it leads; they know a member that is not in force yet by the proposal only. */
  #quorumAddresses: readonly MemberAddress[]
  #outbox: ShellOutbox | null = null
  #member: EnsemblePeer | null = null
  #role: RoleView = { state: ServerState.looking, leader: null, isServing: false, isReadOnly: false }

  constructor(
    settings: ServerSettings,
    configs: ConfigsAtStart,
    commitLog: CommitLog,
    loop: EventLoop,
    storage: MemberStorage,
    events: ShellEvents,
    log: Logger
  ) {
    const { quorum } = settings
    this.#settings = settings
    this.#loop = loop
    this.#configs = configs
    this.#own = memberOf(configs.config, quorum.serverId)
    this.#quorumAddresses = (this.#own ?? memberOf(configs.lastSeen, quorum.serverId))?.addresses ?? []
    this.#events = events
    this.#commitLog = commitLog
    const { oraclePath } = quorum
    this.#oracle = oraclePath === null ? null : new OracleFile(oraclePath, log.child('oracle'))
    this.#memberHosts = hostsOf(configs.config, configs.lastSeen)
    this.#security = openPeerSecurity(settings, () => this.#memberHosts, log)
    const { transport, authentication } = this.#security
    const linkEvents = {
      opened: (link, address) => this.#tell(() => loop.inputs.pushLinkOpened(link, address)),
      received: (link, buffer, count) => {
        const start = loop.arena.keep(buffer, count)
        loop.inputs.pushLinkBytes(link, loop.arena.page, start, start + count)
        loop.schedule()
      },
      closed: (link) => this.#tell(() => loop.inputs.pushLinkClosed(link)),
      drained: (link) => this.#tell(() => loop.inputs.pushLinkDrained(link))
    } satisfies ConstructorParameters<typeof PeerLinks>[0]
    this.#links = new PeerLinks(linkEvents, log.child('links'))
    const tickMs = settings.session.tickTimeMs
    const { syncLimitTicks, initLimitTicks, connectToLearnerMasterLimitTicks } = ticksOf(settings)
    this.#election = new ElectionLinks(
      {
        sid: quorum.serverId,
        listenOnAllIps: quorum.quorumListenOnAllIps,
        multiAddressEnabled: quorum.multiAddressEnabled,
        reachabilityTimeoutMs: quorum.multiAddressReachabilityCheckEnabled
          ? quorum.multiAddressReachabilityCheckTimeoutMs
          : null,
        bindTries: quorum.electionPortBindRetry,
        connectTimeoutMs: quorum.cnxTimeoutMs,
        handshakeTimeoutMs: quorum.quorumCnxnTimeoutMs ?? syncLimitTicks * tickMs,
        keepAlive: quorum.tcpKeepAlive
      },
      configs.config,
      configs.lastSeen,
      {
        onNotification: (from, bytes) => this.#tell(() => loop.inputs.pushNotification(from, bytes, 0, bytes.length)),
        onUnbound: (error) => exitAtOnce(`no election address can be bound: ${error.message}`),
        transport,
        authentication
      },
      log.child('election links')
    )
    this.#learnerPort = new LearnerPort(
      {
        listenOnAllIps: quorum.quorumListenOnAllIps,
        noDelay: quorum.leaderNoDelay,
        keepAlive: quorum.tcpKeepAlive,
        authenticationTimeoutMs: initLimitTicks * tickMs
      },
      this.#links,
      transport,
      authentication,
      log.child('quorum port')
    )
    const limitTicks = connectToLearnerMasterLimitTicks === 0 ? initLimitTicks : connectToLearnerMasterLimitTicks
    this.#connector = new LeaderConnector(
      {
        limitMs: limitTicks * tickMs,
        retryDelayMs: quorum.leaderConnectDelayDuringRetryMs,
        noDelay: quorum.followerNoDelay,
        keepAlive: quorum.tcpKeepAlive,
        authenticationTimeoutMs: quorum.cnxTimeoutMs
      },
      this.#links,
      transport,
      authentication,
      log.child('leader connection')
    )
    this.outputs = this.#makeOutputs(storage)
  }

  /** Makes the member; listening and stepping may begin then. */
  begin(parts: Omit<PeerParts, 'out'>, outbox: ShellOutbox, epochs: EpochsAtStart): this {
    this.#outbox = outbox
    this.#member = new EnsemblePeer({
      ...parts,
      ...epochs,
      out: outbox,
      ensemble: { ...ensembleSettingsOf(this.#settings), ...(this.#oracle === null ? {} : { oracle: this.#oracle }) },
      ...this.#configs,
      commitLog: this.#commitLog
    })
    return this
  }

  /** Opens the election port. @throws ElectionPortError if no address of it can be bound */
  async listen(): Promise<void> {
    try {
      await this.#election.listen()
    } catch (error) {
      throw error instanceof Error ? new ElectionPortError(error) : error
    }
  }

  /** Closes everything between the members. */
  close(): void {
    this.#learnerPort.close()
    this.#links.closeAll()
    this.#election.close()
    this.#security.close()
    this.#oracle?.close()
  }

  get peer(): Peer | null {
    return this.#member?.peer ?? null
  }

  get isServing(): boolean {
    return this.#role.isServing
  }

  get mode(): ServerMode {
    if (this.#role.isReadOnly) return 'read-only'
    switch (this.#role.state) {
      case ServerState.leading:
        return 'leader'
      case ServerState.observing:
        return 'observer'
      default:
        return 'follower'
    }
  }

  get nextStepMs(): number {
    return this.#member?.nextStepMs ?? Number.POSITIVE_INFINITY
  }

  quorum(): QuorumView | null {
    return this.#member === null ? null : quorumView(this.#member, this.#role)
  }

  ensemble(): EnsembleView | null {
    if (this.#member === null) return null
    return ensembleView(this.#member, this.#role, (link) => this.#links.openedMs(link))
  }

  /** Whether it leads, or is about to. */
  get isLeading(): boolean {
    return this.#role.state === ServerState.leading
  }

  /** Who leads and is known to; null while looking. */
  get leaderId(): number | null {
    return this.#role.leader
  }

  /** As `EnsemblePeer.askToHandOver`. */
  askToHandOver(heir: number | null): ReturnType<EnsemblePeer['askToHandOver']> {
    const answer = this.#member?.askToHandOver(heir) ?? { refusal: 'this server does not lead' }
    this.#loop.schedule()
    return answer
  }

  step(inputs: InputBatch): void {
    if (this.#outbox === null) return
    this.#member?.step(inputs, this.#outbox)
    this.#links.flush()
  }

  settle(monotonicMs: number): void {
    this.#member?.settle(monotonicMs)
  }

  #tell(push: () => void): void {
    push()
    this.#loop.schedule()
  }

  #makeOutputs(storage: MemberStorage): PeerOutputs {
    return {
      linkWriter: (link) => this.#links.linkWriter(link),
      awaitLinkDrained: (link) => this.#links.awaitLinkDrained(link),
      closeLink: (link, reason) => this.#links.closeLink(link, reason),
      sendNotification: (to, bytes) => this.#election.send(to, bytes),
      openLearnerPort: (port) =>
        this.#learnerPort.open(
          this.#quorumAddresses,
          (problem) => this.#tell(() => this.#loop.inputs.pushLearnerPortFailed(problem)),
          port
        ),
      closeLearnerPort: () => this.#learnerPort.close(),
      connectToLeader: (link, sid, addresses) => this.#connector.connect(link, sid, addresses),
      store: (request) => storage.store(request),
      installBegin: (hi, lo, epoch) => storage.installBegin(hi, lo, epoch),
      roleChanged: (view) => {
        this.#role = view
      },
      configurationChanged: (config, lastSeen) => this.#reconfigure(config, lastSeen)
    }
  }

  #reconfigure(config: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    this.#memberHosts = hostsOf(config, lastSeen)
    this.#election.setMembers(config, lastSeen)
    const { serverId } = this.#settings.quorum
    const own = memberOf(config, serverId)
    this.#quorumAddresses = (own ?? memberOf(lastSeen, serverId))?.addresses ?? this.#quorumAddresses
    if (own === undefined || JSON.stringify(own) === JSON.stringify(this.#own)) return
    this.#own = own
    this.#events.ownMemberChanged(own)
  }
}

function hostsOf(config: EnsembleConfig, lastSeen: EnsembleConfig | null): string[] {
  const members = [...config.members, ...(lastSeen?.members ?? [])]
  return members.flatMap(({ addresses }) => addresses.map(({ host }) => host))
}

/** The newest transactions, for learners that lag a little; to be filled by the recovery. */
export function newCommitLog(settings: ServerSettings): CommitLog {
  return new CommitLog(settings.storage.commitLogCount, COMMIT_LOG_BYTES)
}

/** Epochs as they are stored. */
export interface EpochsAtStart {
  readonly acceptedEpoch: number
  readonly currentEpoch: number
}

/** A store that knows no epochs, as a standalone server's, has those of its last zxid. */
export function epochsAtStart(recovery: Recovery): EpochsAtStart {
  const { acceptedEpoch, currentEpoch, lastZxidHi } = recovery
  const current = currentEpoch > 0 ? currentEpoch : lastZxidHi
  return { acceptedEpoch: Math.max(acceptedEpoch, current), currentEpoch: current }
}

function ticksOf({ quorum }: ServerSettings) {
  const { initLimitTicks, syncLimitTicks, connectToLearnerMasterLimitTicks } = quorum
  if (initLimitTicks === null || syncLimitTicks === null) throw new Error('an ensemble without initLimit or syncLimit')
  return { initLimitTicks, syncLimitTicks, connectToLearnerMasterLimitTicks }
}

function ensembleSettingsOf(settings: ServerSettings): EnsembleSettings {
  const { quorum, session, client, storage } = settings
  return {
    ...ticksOf(settings),
    sid: quorum.serverId,
    tickTimeMs: session.tickTimeMs,
    minNotificationIntervalMs: quorum.minNotificationIntervalMs,
    maxNotificationIntervalMs: quorum.maxNotificationIntervalMs,
    maxConcurrentSnapSyncs: quorum.maxConcurrentSnapSyncs,
    maxConcurrentDiffSyncs: quorum.maxConcurrentDiffSyncs,
    forceSnapshotSync: quorum.forceSnapshotSync,
    snapshotSizeFactor: storage.snapshotSizeFactor,
    reconfigEnabled: quorum.reconfigEnabled,
    standaloneEnabled: quorum.standaloneEnabled,
    multiAddressEnabled: quorum.multiAddressEnabled,
    maxTimeToWaitForEpochMs: quorum.leaderMaxTimeToWaitForEpochMs ?? -1,
    // A transaction is a little larger than the request that it came from.
    dataBytesMax: client.juteMaxBufferBytes + client.juteExtraSizeBytes + 1024,
    readOnlyModeEnabled: quorum.readOnlyModeEnabled,
    observerReconnectDelayMs: quorum.observerReconnectDelayMs,
    observerElectionDelayMs: quorum.observerElectionDelayMs,
    leaderServes: quorum.leaderServes,
    ...(quorum.messageTrackerEnabled ? { messageTrackerSize: quorum.messageTrackerBufferSize } : {}),
    ...(quorum.initialZxid === null ? {} : { initialCounter: quorum.initialZxid }),
    ...observerMasterOf(settings)
  }
}

function observerMasterOf({ quorum }: ServerSettings): Pick<EnsembleSettings, 'observerMaster'> {
  const { observerMasterPort: port, observerMasterSizeLimitBytes: sizeLimitBytes } = quorum
  return port > 0 ? { observerMaster: { port, sizeLimitBytes } } : {}
}
