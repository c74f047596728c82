import { toHex } from '../../../protocol/int64.ts'
import { LEARNER_PROTOCOL_VERSION, PacketType } from '../packet-type.ts'
import { Electorate } from '../quorum/electorate.ts'
import { verifierOf } from '../quorum/verifier-of.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import type { ZabStage } from '../zab-meter.ts'
import { AckSet } from './ack-set.ts'
import type { Broadcast } from './broadcast.ts'
import type { Configurations } from './configurations.ts'
import { designatedLeader } from './designated-leader.ts'
import { Discovery } from './discovery.ts'
import type { History } from './history.ts'
import type { LeaderClock } from './leader-clock.ts'
import type { LeadingHost } from './leading-host.ts'
import type { LeadingSettings, LeadingStart } from './leading-settings.ts'
import type { Learner } from './learner.ts'
import { epochOfAck, introductionOf } from './learner-inbox.ts'
import type { Learners } from './learners.ts'
import type { Synchroniser } from './synchroniser.ts'

/**
 * What the leader itself is at. Each but the last two has initLimit ticks.
 *
 * ```
 * connecting --quorum connected--> storingAcceptedEpoch --stored--> promising --quorum promised--> storingCurrentEpoch
 *   --stored--> synchronising --quorum of NEWLEADER ACKs--> established, or deposed by the configuration completed
 * ```
 */
type Stage =
  | 'connecting'
  | 'storingAcceptedEpoch'
  | 'promising'
  | 'storingCurrentEpoch'
  | 'synchronising'
  | 'established'
  | 'deposed'

/** currentEpoch of one that does not count, see `Discovery`. */
const NOT_COUNTED = -1

/** The parts of a leader that its establishment sets in motion. */
export interface EstablishmentParts {
  readonly clock: LeaderClock
  readonly configurations: Configurations
  readonly history: History
  readonly broadcast: Broadcast
  readonly synchroniser: Synchroniser
  readonly learners: Learners
}

/**
 * From the election to serving, and the same way for each learner that comes later: FOLLOWERINFO to UPTODATE
 * (quorum-protocol sections 7 and 8). Its first packets are taken here, and answered.
 */
export class Establishment {
  readonly #host: LeadingHost
  readonly #settings: LeadingSettings
  readonly #parts: EstablishmentParts
  readonly #discovery: Discovery
  #stage: Stage = 'connecting'
  #newLeaderAcks = new AckSet(new Electorate([]))
  /** When the leader gives up. */
  deadlineMs: number

  constructor(host: LeadingHost, settings: LeadingSettings, start: LeadingStart, parts: EstablishmentParts) {
    this.#host = host
    this.#settings = settings
    this.#parts = parts
    const own = { currentEpoch: start.currentEpoch, lastHi: start.lastLoggedHi, lastLo: start.lastLoggedLo }
    const { current, currentVerifier } = parts.configurations
    // Whoever was elected by both voters waits for the other one, which may have accepted a later epoch.
    const verifier = start.isByOracle === true ? currentVerifier : verifierOf(current)
    this.#discovery = new Discovery(settings.sid, own, verifier)
    this.deadlineMs = parts.clock.initDeadlineMs
    this.#connected(settings.sid, start.acceptedEpoch)
  }

  /** The new epoch; -1 while it is not settled. */
  get epoch(): number {
    return this.#discovery.isAgreed ? this.#discovery.epoch : -1
  }

  /** As upstream, which calls it synchronisation when a quorum has acknowledged the epoch. */
  get zabStage(): ZabStage {
    switch (this.#stage) {
      case 'established':
      case 'deposed':
        return 'broadcast'
      case 'storingCurrentEpoch':
      case 'synchronising':
        return 'synchronization'
      default:
        return 'discovery'
    }
  }

  get isEstablished(): boolean {
    return this.#stage === 'established'
  }

  /** Whether it still waits for a quorum to connect. */
  get isConnecting(): boolean {
    return this.#stage === 'connecting'
  }

  /** Why the deadline was missed. */
  get timeoutReason(): string {
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

  /** Answer to the one set…Epoch outstanding. */
  epochStored(): void {
    if (this.#stage === 'storingAcceptedEpoch') {
      this.#acceptedEpochStored()
    } else if (this.#stage === 'storingCurrentEpoch') {
      this.#stage = 'synchronising'
      this.#newLeaderAcks.add(this.#settings.sid)
      this.#establishIfQuorum()
    }
  }

  /**
   * FOLLOWERINFO or OBSERVERINFO: a learner's first packet.
   * @returns what is wrong with it, upon which the learner must go; null if nothing is. The same holds for those below
   */
  introduced(learner: Learner, packet: QuorumPacketReader): string | null {
    const introduction = introductionOf(packet)
    if (introduction === null) return `its first packet, type ${packet.type}, is no FOLLOWERINFO or OBSERVERINFO`
    const { sid, acceptedEpoch, isObserver, configVersion } = introduction
    if (configVersion > this.#parts.configurations.current.version) {
      return `it is ahead of the leader: its configuration has version ${configVersion.toString(16)}`
    }
    // Its ACKs would count as this server's own.
    if (sid === this.#settings.sid) return `its sid ${sid} is that of this server`
    learner.introduced(sid, isObserver, this.#host.meter)
    learner.phase = 'awaitingEpoch'
    learner.readDeadlineMs = Number.POSITIVE_INFINITY
    this.#host.log('info', `${learner.name} has connected as ${isObserver ? 'an observer' : 'a follower'}`)
    this.#warnOfTwin(learner)
    if (this.#stage === 'connecting') this.#connected(sid, acceptedEpoch)
    else if (this.#stage !== 'storingAcceptedEpoch') this.#sendLeaderInfo(learner)
    return null
  }

  epochAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    const { zxidHi, zxidLo } = packet
    const currentEpoch = epochOfAck(packet)
    if (currentEpoch === null) return `a packet of type ${packet.type} instead of ACKEPOCH`
    if (this.#discovery.isAhead({ currentEpoch, lastHi: zxidHi, lastLo: zxidLo })) {
      return `it is ahead of the leader: current epoch ${currentEpoch}, last zxid 0x${toHex(zxidHi, zxidLo)}`
    }
    learner.lastLoggedHi = zxidHi
    learner.lastLoggedLo = zxidLo
    learner.phase = 'promised'
    learner.readDeadlineMs = Number.POSITIVE_INFINITY
    if (this.#discovery.isElected) this.#synchronise(learner)
    else this.#promised(learner.sid, zxidHi === -1 && zxidLo === -1 ? NOT_COUNTED : currentEpoch)
    return null
  }

  /** The learner has what is committed: what is outstanding and live follows, and NEWLEADER among it. */
  synchronised(learner: Learner): void {
    const { broadcast, configurations, clock } = this.#parts
    broadcast.join(learner)
    // It would be in force on an observer, which hears of no proposals: those hear of it when it is committed.
    const isProposed = this.isEstablished && learner.isObserver
    const text = isProposed ? configurations.currentText : configurations.lastSeenText
    learner.send(PacketType.newLeader, this.#discovery.epoch, 0, text)
    learner.phase = 'synced'
    learner.readDeadlineMs = clock.initDeadlineMs
  }

  newLeaderAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    const { broadcast, synchroniser } = this.#parts
    if (packet.type !== PacketType.ack) return `a packet of type ${packet.type} instead of the ACK of NEWLEADER`
    if (packet.zxidHi !== this.#discovery.epoch || packet.zxidLo !== 0) {
      // compat: some versions of upstream's learner acknowledge proposals before NEWLEADER; they have logged them.
      broadcast.acknowledge(learner, packet.zxidHi, packet.zxidLo)
      return null
    }
    synchroniser.end(learner)
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

  /** compat: as upstream, both stay: whoever gives somebody's id must not be able to turn that one away. */
  #warnOfTwin({ link, sid, address }: Learner): void {
    const twin = this.#parts.learners.all.find(
      (other) => other.link !== link && other.sid === sid && other.phase !== 'connecting'
    )
    if (twin === undefined) return
    this.#host.log(
      'warn',
      `learners at ${twin.address} and ${address} both give the id ${sid}: unless the first connection is a dead one, two ` +
        'servers have the same myid'
    )
  }

  #connected(sid: number, acceptedEpoch: number): void {
    if (!this.#discovery.connect(sid, acceptedEpoch)) return
    this.#stage = 'storingAcceptedEpoch'
    this.#host.setAcceptedEpoch(this.#discovery.epoch)
  }

  #acceptedEpochStored(): void {
    const { broadcast, learners, clock, configurations } = this.#parts
    const { epoch } = this.#discovery
    this.#stage = 'promising'
    this.deadlineMs = clock.initDeadlineMs
    broadcast.startEpoch(epoch)
    this.#completeVersion(epoch)
    this.#newLeaderAcks = new AckSet(configurations.electorate)
    for (const learner of learners.all) {
      if (learner.phase === 'awaitingEpoch') this.#sendLeaderInfo(learner)
    }
    this.#promised(this.#settings.sid, epoch)
  }

  /** A configuration that was never agreed on gets its version from the first leader, with NEWLEADER. */
  #completeVersion(epoch: number): void {
    const { configurations } = this.#parts
    const { current, lastSeen } = configurations
    if (!this.#settings.reconfigEnabled || current.version !== 0n || lastSeen.version !== 0n) return
    const config = { ...current, version: BigInt(epoch) << 32n }
    configurations.see(config)
    this.#host.configurationSeen(config)
  }

  #sendLeaderInfo(learner: Learner): void {
    const version = Buffer.alloc(4)
    version.writeInt32BE(LEARNER_PROTOCOL_VERSION)
    learner.phase = 'joining'
    learner.readDeadlineMs = this.#parts.clock.initDeadlineMs
    learner.send(PacketType.leaderInfo, this.#discovery.epoch, 0, version)
  }

  #promised(sid: number, currentEpoch: number): void {
    if (!this.#discovery.promise(sid, currentEpoch)) return
    this.#stage = 'storingCurrentEpoch'
    this.deadlineMs = this.#parts.clock.initDeadlineMs
    this.#host.setCurrentEpoch(this.#discovery.epoch)
    for (const learner of this.#parts.learners.all) {
      if (learner.phase === 'promised') this.#synchronise(learner)
    }
  }

  #synchronise(learner: Learner): void {
    learner.phase = 'syncing'
    learner.readDeadlineMs = this.#parts.clock.initDeadlineMs
    this.#parts.broadcast.begin(learner)
    this.#parts.synchroniser.begin(learner)
  }

  #establishIfQuorum(): void {
    if (this.#stage !== 'synchronising' || !this.#newLeaderAcks.isQuorum) return
    const { configurations, history, learners } = this.#parts
    const { epoch } = this.#discovery
    this.deadlineMs = Number.POSITIVE_INFINITY
    if (configurations.isPending && this.#settings.reconfigEnabled && !this.#completeReconfiguration()) return
    this.#stage = 'established'
    history.startEpoch(epoch)
    this.#host.established(epoch)
    for (const learner of learners.all) {
      if (learner.phase === 'ready') this.#sendUpToDate(learner)
    }
  }

  /** A quorum has the configuration last seen: it is in force. @returns whether this server still leads */
  #completeReconfiguration(): boolean {
    const { configurations, broadcast, learners } = this.#parts
    const { current, lastSeen } = configurations
    const { sid } = this.#settings
    const designated = designatedLeader(sid, current, lastSeen, this.#newLeaderAcks, [])
    configurations.activate(lastSeen)
    if (designated !== sid) {
      this.#stage = 'deposed'
      broadcast.depose()
      // They activate it upon UPTODATE, and look for its leader.
      for (const learner of learners.all) {
        if (learner.phase === 'ready') this.#sendUpToDate(learner)
      }
    }
    this.#host.configurationActivated(lastSeen, designated)
    return designated === sid
  }

  #sendUpToDate(learner: Learner): void {
    learner.phase = 'serving'
    learner.readDeadlineMs = this.#parts.clock.syncDeadlineMs
    learner.send(PacketType.upToDate, -1, -1, null)
  }
}

/** Sids, for messages. */
export function listed(sids: ReadonlySet<number>): string {
  return `[${[...sids].join(', ')}]`
}
