import type { CommitLog, Zxid } from '../commit-log.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { roleOf } from '../membership/member-of.ts'
import { PacketType } from '../packet-type.ts'
import type { LinkId } from '../peer-link.ts'
import type { LoneVoter } from '../quorum/oracle.ts'
import { verifierOf } from '../quorum/verifier-of.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { ZabStage } from '../zab-meter.ts'
import { Broadcast } from './broadcast.ts'
import { Configurations } from './configurations.ts'
import { Establishment } from './establishment.ts'
import { History } from './history.ts'
import { LeaderClock } from './leader-clock.ts'
import type { LeadingHost, LogSlice, PendingProposal } from './leading-host.ts'
import { type LeadingSettings, type LeadingStart, UNSENT_BYTES_MAX } from './leading-settings.ts'
import type { Learner, LearnerView } from './learner.ts'
import { takeServedPacket } from './learner-inbox.ts'
import { Learners } from './learners.ts'
import { Pulse } from './pulse.ts'
import { Synchroniser } from './synchroniser.ts'

/**
 * A server that has been elected (quorum-protocol sections 7, 8, 10 to 14): agrees with a quorum on an epoch, brings learners
 * up, and commits what a quorum has logged. Begins with its construction. Knows nothing of requests and trees, which are its
 * host's. After `LeadingHost.resign` and `close` every call is without effect, but `close` still returns what is pending.
 */
export class Leading {
  readonly #host: LeadingHost
  readonly #settings: LeadingSettings
  readonly #clock: LeaderClock
  readonly #configurations: Configurations
  readonly #broadcast: Broadcast
  readonly #learners: Learners
  readonly #synchroniser: Synchroniser
  readonly #establishment: Establishment
  readonly #pulse: Pulse
  readonly #startMs: number
  #nextHalfTickMs: number
  #isOver = false

  constructor(host: LeadingHost, settings: LeadingSettings, start: LeadingStart, commitLog: CommitLog) {
    this.#host = host
    this.#settings = settings
    const clock = new LeaderClock(settings, start.nowMs)
    const configurations = new Configurations(start.config, start.lastSeen, this.#loneVoter(settings))
    const history = new History(commitLog, start.lastLoggedHi, start.lastLoggedLo)
    const broadcast = new Broadcast(host, settings.sid, configurations, history)
    const learners = new Learners(host, clock, settings.dataBytesMax, {
      packet: (learner, packet) => this.#takePacket(learner, packet),
      gone: (learner) => this.#gone(learner)
    })
    const synchroniser = new Synchroniser(host, settings, history, {
      synchronised: (learner) => this.#establishment.synchronised(learner),
      refused: (learner, reason) => learners.drop(learner, reason)
    })
    this.#clock = clock
    this.#configurations = configurations
    this.#broadcast = broadcast
    this.#learners = learners
    this.#synchroniser = synchroniser
    this.#pulse = new Pulse(settings.sid, clock, learners, broadcast, configurations)
    this.#startMs = start.nowMs
    this.#nextHalfTickMs = start.nowMs + clock.halfTickMs
    const parts = { clock, configurations, history, broadcast, synchroniser, learners }
    this.#establishment = new Establishment(host, settings, start, parts)
  }

  /** The new epoch; -1 while it is not settled. */
  get epoch(): number {
    return this.#establishment.epoch
  }

  get stage(): ZabStage {
    return this.#establishment.zabStage
  }

  /** Whether it serves: a quorum has taken over its history. */
  get isEstablished(): boolean {
    return this.#establishment.isEstablished && !this.#isOver
  }

  get lastProposedHi(): number {
    return this.#broadcast.lastProposedHi
  }

  get lastProposedLo(): number {
    return this.#broadcast.lastProposedLo
  }

  get lastCommittedHi(): number {
    return this.#broadcast.lastCommittedHi
  }

  get lastCommittedLo(): number {
    return this.#broadcast.lastCommittedLo
  }

  /** Proposals that are not committed. */
  get outstandingCount(): number {
    return this.#broadcast.outstandingCount
  }

  /** Learners that have said who they are. Cost: their count. */
  get learners(): readonly LearnerView[] {
    return this.#learners.views(this.#broadcast)
  }

  /**
   * Whether this server and the followers in sync with it are a quorum of this configuration, as a reconfiguration asks for.
   *
   * Followers that observe by the configuration in force are about to come back as observers, to whom nothing is proposed:
   * with them a reconfiguration would never be acknowledged, nor anything behind it. (Upstream counts them.)
   */
  isQuorumSynced(config: EnsembleConfig): boolean {
    const { current } = this.#configurations
    const sids = new Set([this.#settings.sid])
    for (const follower of this.#broadcast.followers) {
      if (this.#learners.isHeard(follower) && roleOf(current, follower.sid) !== 'observer') sids.add(follower.sid)
    }
    return verifierOf(config).isQuorum(sids)
  }

  /** Voters that could take the lead: followers in sync, by their ids, greatest first. */
  get candidates(): readonly number[] {
    const verifier = this.#configurations.currentVerifier
    // One without a weight votes, but nobody votes for it.
    const sids = [...this.#broadcast.followers].flatMap((follower) =>
      verifier.voters.has(follower.sid) && verifier.weight(follower.sid) > 0 && this.#learners.isHeard(follower)
        ? [follower.sid]
        : []
    )
    return [...new Set(sids)].sort((a, b) => b - a)
  }

  /**
   * Begins to hand the lead to a follower. The host proposes one last transaction at once, and resigns when {@link isHandedOver}; see `Broadcast`.
   *
   * @returns why that cannot be; null if it has begun
   */
  handOver(sid: number): string | null {
    if (!this.isEstablished || this.#broadcast.isDeposed) return 'this server does not lead, or not yet'
    if (this.#broadcast.heir !== null) return `the lead is being handed to server ${this.#broadcast.heir.sid}`
    if (this.#configurations.isPending) return 'a reconfiguration is under way'
    const heirs = [...this.#broadcast.followers].filter((follower) => follower.sid === sid)
    const heir = heirs.at(-1)
    if (heir === undefined || !this.candidates.includes(sid)) return `server ${sid} is no voter that follows in sync`
    this.#broadcast.handOver(heir)
    return null
  }

  /** Whose acknowledgement has completed the quorum of the last commit. */
  get completedBy(): number {
    return this.#broadcast.completedBy
  }

  get isHandedOver(): boolean {
    return this.#broadcast.isHandedOver
  }

  /** Whether the server that is to get the lead has gone. */
  get isHeirGone(): boolean {
    return this.#broadcast.heir?.isGone ?? false
  }

  /** A learner has connected to the quorum port. */
  learnerConnected(link: LinkId, address: string, nowMs: number): void {
    if (this.#isOver) return
    this.#clock.nowMs = nowMs
    if (this.#broadcast.isDeposed) return this.#host.closeLink(link, 'another server leads now')
    this.#learners.connected(link, address)
  }

  /** Bytes of a link, split anyhow; they may be reused afterwards. */
  received(link: LinkId, bytes: Uint8Array, nowMs: number): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#isOver) return
    this.#clock.nowMs = nowMs
    this.#heard(learner)
    this.#learners.read(learner, bytes)
  }

  /** The link is closed from the other side, or broken. */
  linkClosed(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#isOver) return
    this.#learners.closedByIt(learner)
  }

  /** Answers `awaitLinkDrained`. */
  linkDrained(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#isOver) return
    learner.drained()
    if (learner.phase !== 'syncing') return
    learner.readDeadlineMs = this.#clock.initDeadlineMs
    this.#synchroniser.drained(learner)
  }

  /** Answers `setAcceptedEpoch`, then `setCurrentEpoch`. */
  epochStored(): void {
    if (!this.#isOver) this.#withPulse(() => this.#establishment.epochStored())
  }

  /** This server's own log is durable up to the zxid. */
  logged(zxidHi: number, zxidLo: number): void {
    if (this.isEstablished) this.#broadcast.logged(zxidHi, zxidLo)
  }

  /** Answers `findInLog`. */
  logFound(request: number, zxid: Zxid | null): void {
    if (!this.#isOver) this.#synchroniser.logFound(request, zxid)
  }

  /** Answers `readLog`. */
  logRead(request: number, slice: LogSlice | null): void {
    if (!this.#isOver) this.#synchroniser.logRead(request, slice)
  }

  /** The first proposal will be the one after this counter; before it, as the server is established. */
  skipTo(counter: number): void {
    this.#broadcast.skipTo(counter)
  }

  /**
   * A transaction that this leader has made: with the zxid after the last one.
   *
   * @param bytes header, record and digest; copied
   * @param config the new configuration, if it is a reconfiguration
   */
  proposed(zxidHi: number, zxidLo: number, bytes: Uint8Array, config: EnsembleConfig | null): void {
    if (!this.isEstablished) return
    this.#broadcast.propose(zxidHi, zxidLo, bytes, config, this.#clock.nowMs)
    for (const learner of this.#broadcast.overdue(UNSENT_BYTES_MAX)) {
      this.#learners.drop(learner, 'it does not read what is sent to it')
    }
    if (this.#broadcast.isExhausted) this.#resign('the counter of zxids has run out: a new epoch is needed')
  }

  /** The answer to the oldest sync that this learner forwarded. */
  sendSync(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner !== undefined && this.isEstablished) learner.send(PacketType.sync, 0, 0, null)
  }

  /** A voter was heard to look for a leader after this one has been elected: with `maxTimeToWaitForEpochMs`, it may give up. */
  voterLooks(sid: number, nowMs: number): void {
    const { maxTimeToWaitForEpochMs } = this.#settings
    if (this.#isOver || !this.#establishment.isConnecting || maxTimeToWaitForEpochMs < 0) return
    if (!this.#configurations.currentVerifier.voters.has(sid)) return
    if (nowMs - this.#startMs > maxTimeToWaitForEpochMs) {
      this.#host.meter?.deserted()
      this.#resign(`server ${sid} looks for a leader again`)
    }
  }

  /** May be called at any time. */
  tick(nowMs: number): void {
    if (this.#isOver) return
    this.#clock.nowMs = nowMs
    if (nowMs >= this.#establishment.deadlineMs) {
      this.#resign(this.#establishment.timeoutReason)
      return
    }
    if (nowMs < this.#nextHalfTickMs) return
    this.#nextHalfTickMs = nowMs + this.#clock.halfTickMs
    this.#learners.dropSilent()
    // The oracle's word may commit what nobody else can acknowledge any more.
    if (this.#settings.oracle !== undefined && this.isEstablished) this.#broadcast.recount()
    this.#synchroniser.tick()
    const problem = this.isEstablished ? this.#pulse.beat() : null
    if (problem !== null) this.#resign(problem)
  }

  /** When `tick` is due. */
  get nextDeadlineMs(): number {
    return this.#isOver ? Number.POSITIVE_INFINITY : Math.min(this.#establishment.deadlineMs, this.#nextHalfTickMs)
  }

  /** The process stood still for that long: everybody gets it on top. */
  postpone(deltaMs: number): void {
    this.#establishment.deadlineMs += deltaMs
    this.#nextHalfTickMs += deltaMs
    this.#learners.postpone(deltaMs)
  }

  /** Ends: closes all links. Returns what was proposed and not committed, in order of zxid. */
  close(): PendingProposal[] {
    this.#isOver = true
    for (const learner of this.#learners.all) {
      this.#host.closeLink(learner.link, 'this server has stopped leading')
      this.#learners.forget(learner)
    }
    return this.#broadcast.close()
  }

  /** Bytes have come: the learner lives. While it is brought up, only its reading counts. */
  #heard(learner: Learner): void {
    if (learner.readDeadlineMs === Number.POSITIVE_INFINITY || learner.phase === 'syncing') return
    const { syncDeadlineMs, initDeadlineMs } = this.#clock
    learner.readDeadlineMs = learner.phase === 'serving' ? syncDeadlineMs : initDeadlineMs
  }

  /** @returns what is wrong with it, in this phase */
  #takePacket(learner: Learner, packet: QuorumPacketReader): string | null {
    switch (learner.phase) {
      case 'connecting':
        return this.#establishment.introduced(learner, packet)
      case 'joining':
        return this.#establishment.epochAcknowledged(learner, packet)
      case 'synced':
        return this.#withPulse(() => this.#establishment.newLeaderAcknowledged(learner, packet))
      case 'serving':
        learner.syncedUntilTick = this.#clock.tickLimit
        return takeServedPacket(learner, packet, this.#host, this.#broadcast)
      default:
        return `a packet of type ${packet.type} while it is ${learner.phase}`
    }
  }

  /** With an oracle: this server, while no other voter follows. */
  #loneVoter({ sid, oracle }: LeadingSettings): LoneVoter | null {
    if (oracle === undefined) return null
    const isFollowed = (): boolean => {
      const { voters } = this.#configurations.currentVerifier
      for (const follower of this.#broadcast.followers) if (voters.has(follower.sid)) return true
      return false
    }
    return { sid, isGranted: () => oracle.grants && !isFollowed() }
  }

  /** The half ticks count from the moment at which the leader is established. */
  #withPulse<T>(act: () => T): T {
    const wasEstablished = this.isEstablished
    const result = act()
    if (!wasEstablished && this.isEstablished) this.#nextHalfTickMs = this.#clock.nowMs + this.#clock.halfTickMs
    return result
  }

  #gone(learner: Learner): void {
    this.#synchroniser.end(learner)
    this.#broadcast.leave(learner)
    this.#host.learnerGone(learner.link)
  }

  #resign(reason: string): void {
    this.#isOver = true
    this.#host.resign(reason)
  }
}
