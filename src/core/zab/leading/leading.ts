import { JuteError } from 'jute-ts'
import { toHex } from '../../../protocol/int64.ts'
import type { CommitLog, Zxid } from '../commit-log.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { LEARNER_PROTOCOL_VERSION, PacketType } from '../packet-type.ts'
import type { LinkId } from '../peer-link.ts'
import { verifierOf } from '../quorum/verifier-of.ts'
import type { PacketHandler, QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import { AckSet } from './ack-set.ts'
import { Broadcast } from './broadcast.ts'
import { Configurations } from './configurations.ts'
import { designatedLeader } from './designated-leader.ts'
import { Discovery } from './discovery.ts'
import { History } from './history.ts'
import type { LeadingHost, LogSlice, PendingProposal } from './leading-host.ts'
import { LEARNER_COUNT_MAX, type LeadingSettings, type LeadingStart, UNSENT_BYTES_MAX } from './leading-settings.ts'
import { Learner, type LearnerView } from './learner.ts'
import { epochOfAck, introductionOf, takeServedPacket } from './learner-inbox.ts'
import { Synchroniser } from './synchroniser.ts'

/**
 * What the leader itself is at. Each but the last has initLimit ticks.
 *
 * ```
 * connecting --quorum connected--> storingAcceptedEpoch --stored--> promising --quorum promised--> storingCurrentEpoch
 *   --stored--> synchronising --quorum of NEWLEADER ACKs--> established            any --> over
 * ```
 */
type Stage =
  | 'connecting'
  | 'storingAcceptedEpoch'
  | 'promising'
  | 'storingCurrentEpoch'
  | 'synchronising'
  | 'established'
  | 'over'

/** LEADERINFO's data. */
const PROTOCOL_VERSION_BYTES_COUNT = 4

/**
 * A server that has been elected (quorum-protocol sections 7, 8, 10 to 14): agrees with a quorum on an epoch, brings learners
 * up, and commits what a quorum has logged. Begins with its construction. Knows nothing of requests and trees, which are its
 * host's. After `LeadingHost.resign` and `close` every call is without effect, but `close` still returns what is pending.
 */
export class Leading {
  readonly #host: LeadingHost
  readonly #settings: LeadingSettings
  readonly #configurations: Configurations
  readonly #discovery: Discovery
  readonly #history: History
  readonly #synchroniser: Synchroniser
  readonly #broadcast: Broadcast
  readonly #learners = new Map<LinkId, Learner>()
  readonly #packets: PacketHandler
  readonly #startMs: number
  /** Whose bytes are being read. */
  #speaker: Learner | null = null
  #stage: Stage = 'connecting'
  #newLeaderAcks = new AckSet([])
  /** As of the last call that told. */
  #nowMs: number
  #stageDeadlineMs: number
  #nextHalfTickMs: number
  /** Whole ticks since it is established; half of them is when pings go out. */
  #tick = 0
  #isWholeTick = false

  constructor(host: LeadingHost, settings: LeadingSettings, start: LeadingStart, commitLog: CommitLog) {
    this.#host = host
    this.#settings = settings
    this.#configurations = new Configurations(start.config, start.lastSeen)
    const own = { currentEpoch: start.currentEpoch, lastHi: start.lastLoggedHi, lastLo: start.lastLoggedLo }
    this.#discovery = new Discovery(settings.sid, own, this.#configurations.currentVerifier)
    this.#history = new History(commitLog, start.lastLoggedHi, start.lastLoggedLo)
    this.#broadcast = new Broadcast(host, settings.sid, this.#configurations, this.#history)
    this.#synchroniser = new Synchroniser(host, settings, this.#history, {
      synchronised: (learner) => this.#synchronised(learner),
      refused: (learner, reason) => this.#drop(learner, reason)
    })
    this.#packets = { packet: (packet) => this.#packet(packet), raw: (bytes) => bytes.length }
    this.#startMs = start.nowMs
    this.#nowMs = start.nowMs
    this.#stageDeadlineMs = start.nowMs + this.#initLimitMs
    this.#nextHalfTickMs = start.nowMs + this.#halfTickMs
    this.#connected(settings.sid, start.acceptedEpoch)
  }

  /** The new epoch; -1 while it is not settled. */
  get epoch(): number {
    return this.#discovery.isAgreed ? this.#discovery.epoch : -1
  }

  get isEstablished(): boolean {
    return this.#stage === 'established'
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

  get outstandingCount(): number {
    return this.#broadcast.outstandingCount
  }

  /** Learners that have said who they are. Cost: their count. */
  get learners(): readonly LearnerView[] {
    return [...this.#learners.values()]
      .filter((learner) => learner.phase !== 'connecting')
      .map((learner) => ({
        link: learner.link,
        sid: learner.sid,
        address: learner.address,
        isObserver: learner.isObserver,
        isSynced: this.#broadcast.has(learner) && this.#isHeard(learner),
        lastAckedHi: learner.lastAckedHi,
        lastAckedLo: learner.lastAckedLo,
        unsentBytes: learner.unsentBytes
      }))
  }

  /** Whether this server and the followers in sync with it are a quorum of this configuration, as a reconfiguration asks for. */
  isQuorumSynced(config: EnsembleConfig): boolean {
    const sids = new Set([this.#settings.sid])
    for (const follower of this.#broadcast.followers) {
      if (this.#isHeard(follower)) sids.add(follower.sid)
    }
    return verifierOf(config).isQuorum(sids)
  }

  /** A learner has connected to the quorum port. */
  learnerConnected(link: LinkId, address: string, nowMs: number): void {
    if (this.#stage === 'over') return
    this.#nowMs = nowMs
    if (this.#learners.size >= LEARNER_COUNT_MAX) {
      this.#host.log('warn', `learner at ${address}: ${LEARNER_COUNT_MAX} links are open: connection closed`)
      this.#host.closeLink(link, 'too many learners')
      return
    }
    const { initLimitTicks, syncLimitTicks, dataBytesMax } = this.#settings
    const untilTick = this.#tick + initLimitTicks + syncLimitTicks
    const readDeadlineMs = nowMs + this.#initLimitMs
    this.#learners.set(link, new Learner(this.#host, link, address, dataBytesMax, readDeadlineMs, untilTick))
  }

  /** Bytes of a link, split anyhow; they may be reused afterwards. */
  received(link: LinkId, bytes: Uint8Array, nowMs: number): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#stage === 'over') return
    this.#nowMs = nowMs
    if (learner.readDeadlineMs !== Number.POSITIVE_INFINITY && learner.phase !== 'syncing') {
      learner.readDeadlineMs = nowMs + (learner.phase === 'serving' ? this.#syncLimitMs : this.#initLimitMs)
    }
    this.#speaker = learner
    try {
      learner.reader.push(bytes, this.#packets)
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.#drop(learner, `malformed packet: ${error.message}`)
    } finally {
      this.#speaker = null
    }
  }

  /** The link is closed from the other side, or broken. */
  linkClosed(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#stage === 'over') return
    this.#host.log('info', `${learner.name}: connection closed by it`)
    this.#forget(learner)
  }

  /** Answers `awaitLinkDrained`. */
  linkDrained(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner === undefined || this.#stage === 'over') return
    learner.drained()
    if (learner.phase !== 'syncing') return
    learner.readDeadlineMs = this.#nowMs + this.#initLimitMs
    this.#synchroniser.drained(learner)
  }

  /** Answers `setAcceptedEpoch`, then `setCurrentEpoch`. */
  epochStored(): void {
    if (this.#stage === 'storingAcceptedEpoch') {
      this.#acceptedEpochStored()
    } else if (this.#stage === 'storingCurrentEpoch') {
      this.#stage = 'synchronising'
      this.#newLeaderAcks.add(this.#settings.sid)
      this.#establishIfQuorum()
    }
  }

  /** This server's own log is durable up to the zxid. */
  logged(zxidHi: number, zxidLo: number): void {
    if (this.#stage === 'established') this.#broadcast.logged(zxidHi, zxidLo)
  }

  /** Answers `findInLog`. */
  logFound(request: number, zxid: Zxid | null): void {
    if (this.#stage !== 'over') this.#synchroniser.logFound(request, zxid)
  }

  /** Answers `readLog`. */
  logRead(request: number, slice: LogSlice | null): void {
    if (this.#stage !== 'over') this.#synchroniser.logRead(request, slice)
  }

  /**
   * A transaction that this leader has made: with the zxid after the last one.
   *
   * @param bytes header, record and digest; copied
   * @param config the new configuration, if it is a reconfiguration
   */
  proposed(zxidHi: number, zxidLo: number, bytes: Uint8Array, config: EnsembleConfig | null): void {
    if (this.#stage !== 'established') return
    this.#broadcast.propose(zxidHi, zxidLo, bytes, config, this.#nowMs)
    for (const learner of this.#learners.values()) {
      if (learner.unsentBytes > UNSENT_BYTES_MAX) this.#drop(learner, 'it does not read what is sent to it')
    }
    // One zxid earlier than upstream, so that the last one of an epoch is never taken by a transaction.
    if (zxidLo === -2) this.#resign('the counter of zxids has run out: a new epoch is needed')
  }

  /** The answer to the oldest sync that this learner forwarded. */
  sendSync(link: LinkId): void {
    const learner = this.#learners.get(link)
    if (learner !== undefined && this.#stage === 'established') learner.send(PacketType.sync, 0, 0, null)
  }

  /** A voter was heard to look for a leader, after this one has been elected. */
  voterLooks(sid: number, nowMs: number): void {
    const { maxTimeToWaitForEpochMs } = this.#settings
    if (this.#stage !== 'connecting' || maxTimeToWaitForEpochMs < 0) return
    if (!this.#configurations.currentVerifier.voters.has(sid) || nowMs - this.#startMs <= maxTimeToWaitForEpochMs)
      return
    this.#resign(`server ${sid} looks for a leader again`)
  }

  /** May be called at any time. */
  tick(nowMs: number): void {
    if (this.#stage === 'over') return
    this.#nowMs = nowMs
    if (nowMs >= this.#stageDeadlineMs) {
      this.#resign(this.#timeoutReason())
      return
    }
    if (nowMs < this.#nextHalfTickMs) return
    this.#nextHalfTickMs = nowMs + this.#halfTickMs
    for (const learner of [...this.#learners.values()]) {
      if (nowMs >= learner.readDeadlineMs) this.#drop(learner, 'nothing was heard of it in time')
    }
    this.#synchroniser.tick()
    if (this.isEstablished) this.#halfTick(nowMs)
  }

  /** When `tick` is due. */
  get nextDeadlineMs(): number {
    return this.#stage === 'over' ? Number.POSITIVE_INFINITY : Math.min(this.#stageDeadlineMs, this.#nextHalfTickMs)
  }

  /** The process stood still for that long: everybody gets it on top. */
  postpone(deltaMs: number): void {
    this.#stageDeadlineMs += deltaMs
    this.#nextHalfTickMs += deltaMs
    for (const learner of this.#learners.values()) {
      learner.readDeadlineMs += deltaMs
      learner.ackDeadline.postpone(deltaMs)
    }
  }

  /** Ends: closes all links. Returns what was proposed and not committed, in order of zxid. */
  close(): PendingProposal[] {
    this.#stage = 'over'
    for (const learner of this.#learners.values()) {
      this.#synchroniser.end(learner)
      learner.phase = 'gone'
      learner.reader.stop()
      this.#host.closeLink(learner.link, 'this server has stopped leading')
    }
    this.#learners.clear()
    return this.#broadcast.close()
  }

  get #initLimitMs(): number {
    return this.#settings.initLimitTicks * this.#settings.tickTimeMs
  }

  get #syncLimitMs(): number {
    return this.#settings.syncLimitTicks * this.#settings.tickTimeMs
  }

  get #halfTickMs(): number {
    return Math.max(1, this.#settings.tickTimeMs / 2)
  }

  #isHeard(learner: Learner): boolean {
    return this.#tick <= learner.syncedUntilTick
  }

  #packet(packet: QuorumPacketReader): void {
    const learner = this.#speaker
    if (learner === null || learner.isGone) return
    const problem = this.#takePacket(learner, packet)
    if (problem !== null) this.#drop(learner, problem)
  }

  /** @returns what is wrong with it, in this phase */
  #takePacket(learner: Learner, packet: QuorumPacketReader): string | null {
    switch (learner.phase) {
      case 'connecting':
        return this.#introduced(learner, packet)
      case 'joining':
        return this.#epochAcknowledged(learner, packet)
      case 'synced':
        return this.#newLeaderAcknowledged(learner, packet)
      case 'ready':
        if (packet.type !== PacketType.ack) break
        this.#broadcast.acknowledge(learner, packet.zxidHi, packet.zxidLo)
        return null
      case 'serving':
        learner.syncedUntilTick = this.#tick + this.#settings.syncLimitTicks
        return takeServedPacket(learner, packet, this.#host, this.#broadcast)
      default:
        break
    }
    return `a packet of type ${packet.type} while it is ${learner.phase}`
  }

  #introduced(learner: Learner, packet: QuorumPacketReader): string | null {
    const introduction = introductionOf(packet)
    if (introduction === null) return `its first packet, type ${packet.type}, is no FOLLOWERINFO or OBSERVERINFO`
    const { sid, acceptedEpoch, isObserver, configVersion } = introduction
    if (configVersion > this.#configurations.current.version) {
      return `it is ahead of the leader: its configuration has version ${configVersion.toString(16)}`
    }
    if (sid === this.#settings.sid) return `its sid ${sid} is that of this server`
    learner.sid = sid
    learner.isObserver = isObserver
    learner.phase = 'awaitingEpoch'
    learner.readDeadlineMs = Number.POSITIVE_INFINITY
    this.#host.log('info', `${learner.name} has connected as ${isObserver ? 'an observer' : 'a follower'}`)
    if (this.#stage === 'connecting') this.#connected(sid, acceptedEpoch)
    else if (this.#stage !== 'storingAcceptedEpoch') this.#sendLeaderInfo(learner)
    return null
  }

  #connected(sid: number, acceptedEpoch: number): void {
    if (!this.#discovery.connect(sid, acceptedEpoch)) return
    this.#stage = 'storingAcceptedEpoch'
    this.#host.setAcceptedEpoch(this.#discovery.epoch)
  }

  #acceptedEpochStored(): void {
    const { epoch } = this.#discovery
    this.#stage = 'promising'
    this.#stageDeadlineMs = this.#nowMs + this.#initLimitMs
    this.#broadcast.startEpoch(epoch)
    this.#completeConfiguration(epoch)
    for (const learner of this.#learners.values()) {
      if (learner.phase === 'awaitingEpoch') this.#sendLeaderInfo(learner)
    }
    this.#promised(this.#settings.sid, 0)
  }

  /** A configuration that was never agreed on gets its version from the first leader, with NEWLEADER. */
  #completeConfiguration(epoch: number): void {
    const { current, lastSeen } = this.#configurations
    if (this.#settings.reconfigEnabled && current.version === 0n && lastSeen.version === 0n) {
      const config = { ...current, version: BigInt(epoch) << 32n }
      this.#configurations.see(config)
      this.#host.configurationSeen(config)
    }
    this.#newLeaderAcks = new AckSet(this.#configurations.verifiers)
  }

  #sendLeaderInfo(learner: Learner): void {
    const version = Buffer.alloc(PROTOCOL_VERSION_BYTES_COUNT)
    version.writeInt32BE(LEARNER_PROTOCOL_VERSION)
    learner.phase = 'joining'
    learner.readDeadlineMs = this.#nowMs + this.#initLimitMs
    learner.send(PacketType.leaderInfo, this.#discovery.epoch, 0, version)
  }

  #epochAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    const currentEpoch = epochOfAck(packet)
    if (currentEpoch === null) return `a packet of type ${packet.type} instead of ACKEPOCH`
    const history = { currentEpoch, lastHi: packet.zxidHi, lastLo: packet.zxidLo }
    if (this.#discovery.isAhead(history)) {
      return `it is ahead of the leader: current epoch ${currentEpoch}, last zxid 0x${toHex(packet.zxidHi, packet.zxidLo)}`
    }
    learner.lastLoggedHi = packet.zxidHi
    learner.lastLoggedLo = packet.zxidLo
    learner.phase = 'promised'
    learner.readDeadlineMs = Number.POSITIVE_INFINITY
    if (this.#discovery.isElected) this.#synchronise(learner)
    else this.#promised(learner.sid, currentEpoch)
    return null
  }

  #promised(sid: number, currentEpoch: number): void {
    if (!this.#discovery.promise(sid, currentEpoch)) return
    this.#stage = 'storingCurrentEpoch'
    this.#stageDeadlineMs = this.#nowMs + this.#initLimitMs
    this.#host.setCurrentEpoch(this.#discovery.epoch)
    for (const learner of [...this.#learners.values()]) {
      if (learner.phase === 'promised') this.#synchronise(learner)
    }
  }

  #synchronise(learner: Learner): void {
    learner.phase = 'syncing'
    learner.readDeadlineMs = this.#nowMs + this.#initLimitMs
    this.#synchroniser.begin(learner)
  }

  /** The learner has what is committed: what is outstanding and live follows, and NEWLEADER among it. */
  #synchronised(learner: Learner): void {
    this.#broadcast.join(learner)
    learner.send(PacketType.newLeader, this.#discovery.epoch, 0, this.#configurations.lastSeenText)
    learner.phase = 'synced'
    learner.readDeadlineMs = this.#nowMs + this.#initLimitMs
  }

  #newLeaderAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    if (packet.type !== PacketType.ack) return `a packet of type ${packet.type} instead of the ACK of NEWLEADER`
    if (packet.zxidHi !== this.#discovery.epoch || packet.zxidLo !== 0) {
      // compat: some versions of upstream's learner acknowledge proposals before NEWLEADER; they have logged them.
      this.#broadcast.acknowledge(learner, packet.zxidHi, packet.zxidLo)
      return null
    }
    this.#synchroniser.end(learner)
    learner.ackDeadline.start()
    learner.phase = 'ready'
    learner.readDeadlineMs = Number.POSITIVE_INFINITY
    if (this.isEstablished) {
      this.#sendUpToDate(learner)
    } else {
      this.#newLeaderAcks.add(learner.sid)
      this.#establishIfQuorum()
    }
    return null
  }

  #establishIfQuorum(): void {
    if (this.#stage !== 'synchronising' || !this.#newLeaderAcks.isQuorum) return
    const { epoch } = this.#discovery
    const { current, lastSeen, isPending } = this.#configurations
    const { sid } = this.#settings
    this.#stageDeadlineMs = Number.POSITIVE_INFINITY
    if (isPending && this.#settings.reconfigEnabled) {
      const designated = designatedLeader(sid, current, lastSeen, this.#newLeaderAcks, [])
      this.#configurations.activate(lastSeen)
      if (designated !== sid) {
        // A quorum has the configuration: it is in force, and the learners that are told so go to its leader.
        this.#broadcast.depose()
        this.#sendUpToDateToReady()
        this.#host.configurationActivated(lastSeen, designated)
        return
      }
      this.#host.configurationActivated(lastSeen, sid)
    }
    this.#stage = 'established'
    this.#nextHalfTickMs = this.#nowMs + this.#halfTickMs
    this.#history.startEpoch(epoch)
    this.#host.established(epoch)
    this.#sendUpToDateToReady()
  }

  #sendUpToDateToReady(): void {
    for (const learner of this.#learners.values()) {
      if (learner.phase === 'ready') this.#sendUpToDate(learner)
    }
  }

  #sendUpToDate(learner: Learner): void {
    learner.phase = 'serving'
    learner.readDeadlineMs = this.#nowMs + this.#syncLimitMs
    learner.send(PacketType.upToDate, -1, -1, null)
  }

  /** Checks the quorum each tick, and pings each half tick, in upstream's order. */
  #halfTick(nowMs: number): void {
    if (this.#isWholeTick) {
      this.#tick++
      const acks = new AckSet(this.#configurations.verifiers)
      acks.add(this.#settings.sid)
      for (const learner of this.#learners.values()) {
        if (learner.phase !== 'connecting' && this.#isHeard(learner)) acks.add(learner.sid)
      }
      if (!acks.isQuorum) {
        this.#resign(`not enough followers are in sync, only ${listed(acks.sids)}`)
        return
      }
    }
    this.#isWholeTick = !this.#isWholeTick
    for (const learner of [...this.#learners.values()]) this.#ping(learner, nowMs)
  }

  #ping(learner: Learner, nowMs: number): void {
    if (learner.phase !== 'synced' && learner.phase !== 'ready' && learner.phase !== 'serving') return
    if (learner.ackDeadline.isOver(nowMs, this.#syncLimitMs)) {
      this.#drop(learner, 'it has not acknowledged a proposal in time')
      return
    }
    learner.send(PacketType.ping, this.#broadcast.lastProposedHi, this.#broadcast.lastProposedLo, null)
  }

  #timeoutReason(): string {
    switch (this.#stage) {
      case 'connecting':
        return `timeout while waiting for the epoch of a quorum, connected: ${listed(this.#discovery.connected)}`
      case 'promising':
        return `timeout while waiting for a quorum to acknowledge the epoch, done: ${listed(this.#discovery.promised)}`
      case 'synchronising':
        return `timeout while waiting for a quorum to acknowledge NEWLEADER, done: ${listed(this.#newLeaderAcks.sids)}`
      default:
        return 'timeout while an epoch was being stored'
    }
  }

  /** Closes a learner's link, with one line that says why. */
  #drop(learner: Learner, reason: string): void {
    if (learner.isGone) return
    this.#host.log('warn', `${learner.name}: ${reason}: connection closed`)
    this.#host.closeLink(learner.link, reason)
    this.#forget(learner)
  }

  #forget(learner: Learner): void {
    this.#learners.delete(learner.link)
    this.#synchroniser.end(learner)
    this.#broadcast.leave(learner)
    learner.phase = 'gone'
    learner.reader.stop()
    this.#host.learnerGone(learner.link)
  }

  #resign(reason: string): void {
    this.#stage = 'over'
    this.#host.resign(reason)
  }
}

function listed(sids: ReadonlySet<number>): string {
  return `[${[...sids].join(', ')}]`
}
