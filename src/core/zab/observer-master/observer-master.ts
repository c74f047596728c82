import { putSessionValidity, SESSION_VALIDITY_SIZE_BYTES } from '../../../protocol/generated/learner.ts'
import { compareInt64, toHex } from '../../../protocol/int64.ts'
import type { CommitLog, Zxid } from '../commit-log.ts'
import { History } from '../leading/history.ts'
import { LeaderClock } from '../leading/leader-clock.ts'
import type { LogSlice } from '../leading/leading-host.ts'
import type { Learner, LearnerView } from '../leading/learner.ts'
import { epochOfAck, introductionOf } from '../leading/learner-inbox.ts'
import { Learners } from '../leading/learners.ts'
import { Synchroniser } from '../leading/synchroniser.ts'
import { LEARNER_PROTOCOL_VERSION, PacketType } from '../packet-type.ts'
import type { LinkId } from '../peer-link.ts'
import type { QuorumPacketReader } from '../wire/quorum-packet-reader.ts'
import { suggestedLeaderData } from '../wire/suggested-leader.ts'
import { AwaitedAnswers } from './awaited-answers.ts'
import { takeObserverPacket } from './observer-inbox.ts'
import type { ObserverMasterHost, ObserverMasterSettings, ObserverMasterStart } from './observer-master-host.ts'

/**
 * A follower that serves observers in the leader's place (`observerMasterPort`), from the moment at which it serves clients
 * to the end of its role:
 *
 *     OBSERVERINFO ─► LEADERINFO ─► ACKEPOCH ─► history as a leader sends it ─► NEWLEADER ─► ACK ─► UPTODATE ─► INFORM …
 *
 * Observers get what has been committed here, in the epoch in force; nothing is agreed on with them. What they ask goes on to
 * the leader, and its answers come back to whoever asked. @see ObserverMaster
 */
export class ObserverMaster {
  readonly #host: ObserverMasterHost
  readonly #sizeLimitBytes: number
  readonly #epoch: number
  readonly #clock: LeaderClock
  readonly #history: History
  readonly #learners: Learners
  readonly #synchroniser: Synchroniser
  readonly #awaited = new AwaitedAnswers()
  /** Observers that get what is committed, from the end of their synchronisation on. */
  readonly #observers = new Set<Learner>()
  /** Observers that have more of this epoch than was committed here yet. */
  readonly #early = new Set<Learner>()
  #nextHalfTickMs: number
  #isOver = false

  /** @param commitLog the follower's, to which it adds before it tells by `committed` */
  constructor(
    host: ObserverMasterHost,
    settings: ObserverMasterSettings,
    start: ObserverMasterStart,
    commitLog: CommitLog
  ) {
    this.#host = host
    this.#sizeLimitBytes = settings.sizeLimitBytes
    this.#epoch = start.epoch
    this.#clock = new LeaderClock(settings, start.nowMs)
    this.#history = new History(commitLog, start.committedHi, start.committedLo)
    if (start.committedHi < start.epoch) this.#history.startEpoch(start.epoch)
    this.#learners = new Learners(host, this.#clock, settings.dataBytesMax, {
      packet: (learner, packet) => this.#takePacket(learner, packet),
      gone: (learner) => this.#gone(learner)
    })
    this.#synchroniser = new Synchroniser(host, settings, this.#history, {
      synchronised: (learner) => this.#synchronised(learner),
      refused: (learner, reason) => this.#learners.drop(learner, reason)
    })
    this.#nextHalfTickMs = start.nowMs + this.#clock.halfTickMs
  }

  /** Observers that get what is committed. */
  get observerCount(): number {
    return this.#observers.size
  }

  /** Those observers. */
  get observers(): readonly Pick<LearnerView, 'link' | 'sid' | 'address' | 'unsentBytes'>[] {
    return [...this.#observers]
  }

  /** An observer has connected. */
  connected(link: LinkId, address: string, nowMs: number): void {
    if (this.#isOver) return
    this.#clock.nowMs = nowMs
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
    if (learner === undefined) return
    this.#learners.closedByIt(learner)
  }

  /** Answers `awaitLinkDrained`. */
  linkDrained(link: LinkId, nowMs: number): void {
    const learner = this.#learners.get(link)
    if (learner === undefined) return
    this.#clock.nowMs = nowMs
    learner.drained()
    if (learner.phase !== 'syncing') return
    learner.readDeadlineMs = this.#clock.initDeadlineMs
    this.#synchroniser.drained(learner)
  }

  /** Answers `findInLog`. */
  logFound(request: number, zxid: Zxid | null): void {
    if (!this.#isOver) this.#synchroniser.logFound(request, zxid)
  }

  /** Answers `readLog`. */
  logRead(request: number, slice: LogSlice | null): void {
    if (!this.#isOver) this.#synchroniser.logRead(request, slice)
  }

  /**
   * A transaction has been committed here; the commit log has it.
   *
   * @param bytes header, record and digest; copied
   * @param designatedLeader sid that a reconfiguration suggests; null for other transactions
   */
  committed(zxidHi: number, zxidLo: number, bytes: Uint8Array, designatedLeader: number | null): void {
    if (this.#isOver) return
    this.#history.committed(zxidHi, zxidLo)
    const type = designatedLeader === null ? PacketType.inform : PacketType.informAndActivate
    const data = designatedLeader === null ? bytes : Buffer.concat([suggestedLeaderData(designatedLeader), bytes])
    for (const observer of this.#observers) {
      observer.send(type, zxidHi, zxidLo, data)
      if (observer.unsentBytes > this.#sizeLimitBytes) {
        this.#learners.drop(observer, `it lags by more than ${this.#sizeLimitBytes} bytes`)
      }
    }
    for (const learner of this.#early) if (!this.#isAhead(learner)) this.#synchronise(learner)
  }

  /** A client of this server has asked the leader for a sync. */
  ownSyncAsked(): void {
    this.#awaited.syncAsked(null)
  }

  /** A client of this server has come back, and the leader was asked for its session. */
  ownRevalidationAsked(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.#awaited.revalidationAsked(sessionHi, sessionLo, timeoutMs, null)
  }

  /** The leader's answer to the oldest sync, behind all that was committed before. @returns whether it is this server's own */
  synced(): boolean {
    const asker = this.#awaited.takeSync()
    if (asker === null) return true
    this.#served(asker)?.send(PacketType.sync, 0, 0, null)
    return false
  }

  /** The leader's answer for a session. @returns whether it is for a client of this server */
  revalidated(sessionHi: number, sessionLo: number, isValid: boolean): boolean {
    const asked = this.#awaited.takeRevalidation(sessionHi, sessionLo)
    if (asked === undefined || asked.asker === null) return true
    const answer = Buffer.allocUnsafe(SESSION_VALIDITY_SIZE_BYTES)
    putSessionValidity(answer, 0, { sessionIdHi: sessionHi, sessionIdLo: sessionLo, valid: isValid })
    this.#served(asked.asker)?.send(PacketType.revalidate, -1, -1, answer)
    if (isValid) this.#host.touch(sessionHi, sessionLo, asked.timeoutMs)
    return false
  }

  /** May be called at any time. */
  tick(nowMs: number): void {
    if (this.#isOver) return
    this.#clock.nowMs = nowMs
    if (nowMs < this.#nextHalfTickMs) return
    this.#nextHalfTickMs = nowMs + this.#clock.halfTickMs
    this.#learners.dropSilent()
    this.#synchroniser.tick()
    const { lastProcessedHi, lastProcessedLo } = this.#history
    for (const observer of this.#observers) observer.send(PacketType.ping, lastProcessedHi, lastProcessedLo, null)
  }

  /** When `tick` is due. */
  get nextDeadlineMs(): number {
    return this.#isOver || this.#learners.count === 0 ? Number.POSITIVE_INFINITY : this.#nextHalfTickMs
  }

  /** The process stood still for that long: everybody gets it on top. */
  postpone(deltaMs: number): void {
    this.#nextHalfTickMs += deltaMs
    this.#learners.postpone(deltaMs)
  }

  /** Ends: closes all links, and does nothing any more. */
  close(): void {
    this.#isOver = true
    for (const learner of this.#learners.all) {
      this.#host.closeLink(learner.link, 'this server has stopped following')
      this.#learners.forget(learner)
    }
  }

  /** Bytes have come: the observer lives. While it is brought up, only its reading counts. */
  #heard(learner: Learner): void {
    if (learner.phase === 'syncing' || learner.phase === 'promised') return
    const { syncDeadlineMs, initDeadlineMs } = this.#clock
    learner.readDeadlineMs = learner.phase === 'serving' ? syncDeadlineMs : initDeadlineMs
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
      case 'serving':
        return takeObserverPacket(learner, packet, this.#host, this.#awaited)
      default:
        return `a packet of type ${packet.type} while it is ${learner.phase}`
    }
  }

  #introduced(learner: Learner, packet: QuorumPacketReader): string | null {
    const introduction = introductionOf(packet)
    if (introduction === null) return `a packet of type ${packet.type} instead of OBSERVERINFO`
    const { sid, isObserver, configVersion } = introduction
    learner.introduced(sid, true, this.#host.meter)
    learner.phase = 'joining'
    if (!isObserver) return 'it is no observer, and this server does not lead'
    if (configVersion > this.#host.configVersion) {
      return `its configuration ${configVersion.toString(16)} is newer than ${this.#host.configVersion.toString(16)}`
    }
    const version = Buffer.alloc(4)
    version.writeInt32BE(LEARNER_PROTOCOL_VERSION)
    learner.send(PacketType.leaderInfo, this.#epoch, 0, version)
    return null
  }

  #epochAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    if (epochOfAck(packet) === null) return `a packet of type ${packet.type} instead of ACKEPOCH`
    learner.lastLoggedHi = packet.zxidHi
    learner.lastLoggedLo = packet.zxidLo
    if (!this.#isAhead(learner)) {
      this.#synchronise(learner)
      return null
    }
    learner.phase = 'promised'
    this.#early.add(learner)
    const last = toHex(learner.lastLoggedHi, learner.lastLoggedLo)
    this.#host.log('info', `${learner.name} has 0x${last} of this epoch, which is not committed here yet: it waits`)
    return null
  }

  /**
   * Whether it has transactions of the epoch in force that were not committed here yet: they have been elsewhere, and come.
   * (Upstream has it cut them off its log, and get them again.)
   */
  #isAhead({ lastLoggedHi, lastLoggedLo }: Learner): boolean {
    const { lastProcessedHi, lastProcessedLo } = this.#history
    return (
      lastLoggedHi === this.#epoch && compareInt64(lastLoggedHi, lastLoggedLo, lastProcessedHi, lastProcessedLo) > 0
    )
  }

  #synchronise(learner: Learner): void {
    this.#early.delete(learner)
    learner.phase = 'syncing'
    learner.readDeadlineMs = this.#clock.initDeadlineMs
    this.#synchroniser.begin(learner)
  }

  /** It has everything committed here: what is committed from now on follows, behind NEWLEADER. */
  #synchronised(learner: Learner): void {
    this.#observers.add(learner)
    learner.send(PacketType.newLeader, this.#epoch, 0, this.#host.configText)
    learner.phase = 'synced'
    learner.readDeadlineMs = this.#clock.initDeadlineMs
  }

  #newLeaderAcknowledged(learner: Learner, packet: QuorumPacketReader): string | null {
    if (packet.type !== PacketType.ack) return `a packet of type ${packet.type} instead of the ACK of NEWLEADER`
    // compat: some versions of upstream's learner acknowledge transactions before NEWLEADER.
    if (packet.zxidHi !== this.#epoch || packet.zxidLo !== 0) return null
    this.#synchroniser.end(learner)
    learner.phase = 'serving'
    learner.readDeadlineMs = this.#clock.syncDeadlineMs
    learner.send(PacketType.upToDate, -1, -1, null)
    this.#host.log('info', `${learner.name} observes by this server`)
    return null
  }

  /** The observer of a link, if it is still there. */
  #served(link: LinkId): Learner | null {
    const learner = this.#learners.get(link)
    return learner?.phase === 'serving' ? learner : null
  }

  #gone(learner: Learner): void {
    this.#synchroniser.end(learner)
    this.#observers.delete(learner)
    this.#early.delete(learner)
  }
}
