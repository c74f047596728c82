import type { InputBatch } from '../input-batch.ts'
import { InputKind } from '../input-batch.ts'
import { Peer, type PeerParts } from '../peer.ts'
import { LogBatcher } from '../pipeline/log-batcher.ts'
import type { RolePort } from '../pipeline/role-ports.ts'
import { Snapshotter, type SnapshotterState } from '../pipeline/snapshotter.ts'
import type { ConnectionId } from '../ports.ts'
import { seededRandom } from '../random.ts'
import { SessionIdSequence } from '../session/session-id.ts'
import type { CommitLog } from '../zab/commit-log.ts'
import { Election } from '../zab/election/election.ts'
import type { ElectionHost } from '../zab/election/election-host.ts'
import type { EnsembleConfig } from '../zab/membership/ensemble-config.ts'
import { memberOf, roleOf } from '../zab/membership/member-of.ts'
import type { LinkId } from '../zab/peer-link.ts'
import { ServerState, type Vote } from '../zab/vote.ts'
import type { ZabStage } from '../zab/zab-meter.ts'
import type { EnsembleOutbox, RoleView } from './ensemble-outbox.ts'
import type { EnsembleSettings } from './ensemble-settings.ts'
import { FollowingRole } from './following-role.ts'
import { HandOver } from './hand-over.ts'
import { LeadingRole, type RoleEvents } from './leading-role.ts'
import { type LearnerMaster, LearnerMasters } from './learner-masters.ts'
import { Member } from './member.ts'
import { PlayedRole } from './played-role.ts'

/** A leader is looked for at least so long before reads are served without one. */
const READ_ONLY_AFTER_MS = 2000

/** How long a server that could not open its quorum port leaves it to the others to find a leader. */
const LEAD_AGAIN_MS = 2000

/** What a member of an ensemble is made of: a server's parts, and what its start found about the ensemble. */
export interface EnsembleParts extends Omit<PeerParts, 'role' | 'log' | 'snapshotter' | 'sessionIds' | 'out'> {
  readonly ensemble: EnsembleSettings
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  readonly config: EnsembleConfig
  readonly lastSeen: EnsembleConfig | null
  /** The newest committed transactions, as the start has read them from the log. */
  readonly commitLog: CommitLog
  readonly out: EnsembleOutbox
}

/**
 * A member of an ensemble as one deterministic state machine (contract as `Peer`'s):
 *
 *     looking ──elected──> leading, or following / observing ──resigns──> leaving ──all is durable──> looking
 *
 * In each role it has one of Zab's machines, and while clients are served a `Peer` for them. Leaving a role waits for
 * every write and request under way to be durable and applies everything logged, committed or not, to the tree: so tree,
 * log and the zxid it votes with agree.
 */
export class EnsemblePeer implements ElectionHost {
  readonly member: Member
  readonly election: Election
  readonly #parts: EnsembleParts
  readonly #sessionIds: SessionIdSequence
  readonly #snapshotterState: { -readonly [K in keyof SnapshotterState]: SnapshotterState[K] }
  /** Connections that came while no client was served. */
  readonly #strangers = new Set<ConnectionId>()
  #stage: 'starting' | 'looking' | 'playing' | 'leaving' = 'starting'
  readonly #played = new PlayedRole()
  #peer: Peer | null = null
  #resignReason: string | null = null
  /** Whom a reconfiguration designates as the next leader; null where there must be an election. */
  #successor: number | null = null
  readonly #handOver = new HandOver()
  /** To whom this server has given its lead: it votes for that one. */
  #favoured: number | null = null
  /** Whose connection has broken since the last election. */
  #lostLeader: number | null = null
  #mustReload = false
  /** When a server that is looking begins to serve in read-only mode. */
  #readOnlyAtMs = Number.POSITIVE_INFINITY
  /** When an observer turns to its leader. */
  #followAtMs = Number.POSITIVE_INFINITY
  /** A server that has left its leader looks for one not before. */
  #lookAtMs = 0
  readonly #random: () => number
  /** For an observer; null where observers learn from the leader. */
  readonly #masters: LearnerMasters | null
  #lastLink = 0
  #inputs: InputBatch | null = null
  #roleCount = 0

  constructor(parts: EnsembleParts) {
    const { settings, metrics, tree, sessions, ensemble, out, monotonicMs, config, lastSeen } = parts
    this.#parts = parts
    this.#sessionIds = new SessionIdSequence(ensemble.sid, monotonicMs)
    this.#snapshotterState = { tree, sessions, settings, out }
    const log = new LogBatcher(settings, metrics, parts.slow)
    log.moveTo(tree.lastZxidHi, tree.lastZxidLo)
    this.#random = seededRandom(parts.seed)
    const { observerMaster } = ensemble
    this.#masters = observerMaster === undefined ? null : new LearnerMasters(observerMaster.port, parts.seed)
    const snapshotter = new Snapshotter(this.#snapshotterState, this.#random, parts.replayed)
    this.member = new Member({ ...parts, settings: ensemble, log, snapshotter, nowMs: monotonicMs })
    this.election = new Election(this, ensemble)
    this.election.setConfiguration(config, lastSeen)
    this.member.configurationChanged = () => this.election.setConfiguration(this.member.config, this.member.lastSeen)
    this.member.configurationWritten = () => this.#tellLogged()
    this.election.settle(ServerState.looking, {
      leader: ensemble.sid,
      zxidHi: 0,
      zxidLo: 0,
      peerEpoch: 0,
      electionEpoch: 0
    })
    sessions.stopExpiring()
  }

  /** The server for clients; null while none are served. */
  get peer(): Peer | null {
    return this.#peer
  }

  get leading(): LeadingRole | null {
    return this.#played.leading
  }

  get following(): FollowingRole | null {
    return this.#played.following
  }

  /** How far it is in its role; null while it has none. */
  get stage(): ZabStage | null {
    return this.#played.stage
  }

  get role(): RoleView {
    const state = this.election.state
    const isSettled = this.#stage === 'playing'
    const mayServe = state !== ServerState.leading || this.#parts.ensemble.leaderServes
    return {
      state: isSettled ? state : ServerState.looking,
      leader: isSettled ? this.election.vote.leader : null,
      isServing: this.#peer !== null && mayServe,
      isReadOnly: this.#peer?.state.isReadOnly ?? false
    }
  }

  /** Monotonic ms at which the member wants a step although nothing has happened. */
  get nextStepMs(): number {
    if (this.#stage === 'starting') return this.member.nowMs
    return Math.min(
      this.member.log.nextFlushMs,
      this.election.nextDeadlineMs,
      this.#played.nextDeadlineMs,
      this.#readOnlyAtMs,
      this.#followAtMs,
      this.#handOver.endMs,
      this.#lookAtMs > this.member.nowMs ? this.#lookAtMs : Number.POSITIVE_INFINITY
    )
  }

  /**
   * Asks this leader to hand its lead to another voter, from the next step on: it proposes nothing more, answers what it has proposed, and steps down when
   * that one has everything. If it does not within two seconds, there is an election like any other.
   *
   * @param heir null: whichever follower is in sync
   * @returns who gets it, or why that cannot be
   */
  askToHandOver(heir: number | null): { readonly heir: number } | { readonly refusal: string } {
    return this.#handOver.ask(this.#peer === null ? null : this.leading, heir)
  }

  /** Takes one batch of inputs; every decision goes out through `out`, in an order that is part of the contract. */
  step(inputs: InputBatch, out: EnsembleOutbox): void {
    const { member } = this
    member.out = out
    member.nowMs = inputs.monotonicMs
    member.wallMs = inputs.wallMs
    member.meter.begin(inputs.monotonicMs)
    this.#snapshotterState.out = out
    this.#inputs = inputs
    if (inputs.lateMs > 0) this.#postpone(inputs.lateMs)
    this.#peer?.begin(inputs, out)
    if (this.#stage === 'starting') {
      member.showConfiguration()
      this.#look()
    }
    for (let index = 0; index < inputs.count; index++) {
      this.#take(inputs, index)
      this.#leaveIfResigned()
    }
    this.#tick()
    this.#leaveIfResigned()
    if (this.#peer !== null) this.#peer.end()
    else member.snapshotter.logged(member.log.flush(out, member.nowMs))
    if (this.#peer?.isExhausted) this.#resign('the zxids of this epoch are used up: a new epoch is needed')
    this.#leaveIfResigned()
    this.#finishLeaving()
    member.meter.stageIs(this.election.state, this.stage, member.nowMs)
    this.#inputs = null
  }

  /** Ends a step for its measurements: to be called when the step's replies have been written. */
  settle(monotonicMs: number): void {
    this.#peer?.settle(monotonicMs)
    this.member.meter.settle(monotonicMs)
  }

  // ---- ElectionHost -----------------------------------------------------------------------------------------------

  sendNotification(to: number, bytes: Uint8Array): void {
    this.member.out.sendNotification(to, bytes)
  }

  elected(vote: Vote): void {
    const { member } = this
    member.meter.elected(this.election.state, this.#stage === 'looking', member.nowMs)
    const { sid } = this.#parts.ensemble
    this.#stage = 'playing'
    this.#endReadOnly()
    if (vote.leader === sid) {
      this.log('info', 'this server leads: it waits for followers')
      member.out.openLearnerPort(null)
      this.#played.lead(new LeadingRole(member, this.#events(true), this.election.isByOracle))
    } else this.#followSoon(vote.leader)
    member.out.roleChanged(this.role)
  }

  voterLooks(sid: number, isInLaterRound: boolean): void {
    this.leading?.leading.voterLooks(sid, this.member.nowMs)
    const { following } = this
    if (!isInLaterRound || following === null || following.leaderSid !== sid || following.following.isServing) return
    // Whatever answers at its quorum port, or does not answer, is not worth waiting for.
    this.#resign(`server ${sid} does not lead: it looks for a leader itself`)
  }

  configurationLearnt(config: EnsembleConfig): void {
    const { member } = this
    if (!member.settings.reconfigEnabled) return
    member.configurationActivated(config)
  }

  log(level: 'error' | 'warn' | 'info' | 'debug', message: string): void {
    this.member.out.log(level, message)
  }

  // ---- inputs -----------------------------------------------------------------------------------------------------

  #take(inputs: InputBatch, index: number): void {
    const { member } = this
    const kind = inputs.kind(index)
    switch (kind) {
      case InputKind.notification:
        return this.election.received(inputs.origin(index), bytesOf(inputs, index), member.nowMs)
      case InputKind.linkOpened:
        return this.#linkOpened(inputs.link(index), inputs.text(index))
      case InputKind.linkBytes:
        return this.#played.linkBytes(inputs.origin(index) as LinkId, bytesOf(inputs, index), member.nowMs)
      case InputKind.linkClosed:
        return this.#linkClosed(inputs.link(index))
      case InputKind.linkDrained:
        return this.#played.linkDrained(inputs.link(index), member.nowMs)
      case InputKind.learnerPortFailed:
        return this.#learnerPortFailed(inputs.text(index))
      case InputKind.stored:
        return member.stored(inputs.number(index), inputs.answer(index))
      case InputKind.persisted:
        return this.#persisted(inputs.number(index))
      case InputKind.snapshotPull:
        return member.snapshotter.pull(inputs.number(index))
      case InputKind.snapshotDone:
        return this.#snapshotDone(inputs.number(index) === 1)
      default:
        return this.#takeOfClient(inputs, index)
    }
  }

  #takeOfClient(inputs: InputBatch, index: number): void {
    const id = inputs.connection(index)
    const kind = inputs.kind(index)
    if (kind === InputKind.connectionClosed) this.#strangers.delete(id)
    if (kind === InputKind.frame && this.#strangers.has(id)) {
      this.#strangers.delete(id)
      return this.member.out.close(id, 'SERVER_SHUTDOWN')
    }
    if (this.#peer !== null) this.#peer.take(inputs, index)
    else if (kind === InputKind.connectionOpened) this.#strangers.add(id)
  }

  #linkOpened(link: LinkId, address: string): void {
    const { nowMs, out } = this.member
    if (!this.#played.linkOpened(link, address, nowMs)) out.closeLink(link, 'this server serves no learners')
  }

  #linkClosed(link: LinkId): void {
    this.#lostLeader = this.#played.linkClosed(link) ?? this.#lostLeader
  }

  /** compat: upstream gives up as soon, but looks again at once, and so is elected again. Observers may do without a follower. */
  #learnerPortFailed(problem: string): void {
    if (this.leading === null) return
    const { nowMs, settings } = this.member
    this.#lookAtMs = nowMs + Math.max(LEAD_AGAIN_MS, 2 * settings.tickTimeMs)
    this.log('error', `this server cannot lead: ${problem}`)
    this.election.withdraw()
    this.#resign('its quorum port cannot be opened')
  }

  #persisted(sequence: number): void {
    this.member.log.persisted(sequence, this.member.nowMs)
    this.#tellLogged()
  }

  #tellLogged(): void {
    const { log, isConfigurationUnwritten } = this.member
    if (!isConfigurationUnwritten) this.#played.logged(log.persistedZxidHi, log.persistedZxidLo)
  }

  #snapshotDone(isWritten: boolean): void {
    if (!this.member.snapshotDone(isWritten)) this.#resign("the leader's snapshot cannot be stored")
  }

  #tick(): void {
    const { nowMs } = this.member
    this.election.tick(nowMs)
    this.#played.tick(nowMs)
    if (nowMs >= this.#readOnlyAtMs) this.#serveReadOnly()
    if (nowMs >= this.#followAtMs) this.#follow(this.election.vote.leader)
    this.#advanceHandOver()
    this.#watchDisk()
  }

  #advanceHandOver(): void {
    const { leading } = this
    if (leading === null || !this.#handOver.isUnderWay) return
    const { nowMs, settings } = this.member
    const syncLimitMs = settings.syncLimitTicks * settings.tickTimeMs
    const log = (level: 'info' | 'warn', message: string): void => this.log(level, message)
    const end = this.#handOver.advance(leading, { nowMs, syncLimitMs, log })
    if (end === null) return
    if (end.heir !== null) this.#favoured = end.heir
    this.#resign(end.reason)
  }

  /** A member whose disk takes nothing must not hold the others up: a leader steps down, a follower leaves. */
  #watchDisk(): void {
    const { log, nowMs, settings } = this.member
    const limitMs = settings.syncLimitTicks * settings.tickTimeMs
    if (this.#stage !== 'playing' || nowMs - log.oldestSentMs <= limitMs) return
    this.#resign(`the disk has not taken what was written to it for ${limitMs} ms`)
  }

  #postpone(deltaMs: number): void {
    this.member.log.postpone(deltaMs)
    this.election.postpone(deltaMs)
    this.#played.postpone(deltaMs)
    this.#readOnlyAtMs += deltaMs
    this.#followAtMs += deltaMs
    this.#lookAtMs += deltaMs
    this.#handOver.postpone(deltaMs)
    if (this.#peer === null) this.member.sessions.postpone(deltaMs)
  }

  // ---- roles ------------------------------------------------------------------------------------------------------

  #look(): void {
    const { member } = this
    this.#stage = 'looking'
    member.meter.looking(member.nowMs)
    const { readOnlyModeEnabled, tickTimeMs } = member.settings
    if (readOnlyModeEnabled) this.#readOnlyAtMs = member.nowMs + Math.max(READ_ONLY_AFTER_MS, tickTimeMs)
    member.out.roleChanged(this.role)
    this.election.look({
      zxidHi: member.log.lastZxidHi,
      zxidLo: member.log.lastZxidLo,
      peerEpoch: member.currentEpoch,
      nowMs: member.nowMs,
      lost: this.#lostLeader,
      favoured: this.#favoured
    })
    this.#lostLeader = null
    this.#favoured = null
  }

  /** No leader for a while: reads are served to those who ask for no more. @see `QuorumPeer.run`, `ReadOnlyZooKeeperServer` */
  #serveReadOnly(): void {
    const { member } = this
    this.#readOnlyAtMs = Number.POSITIVE_INFINITY
    if (this.#stage !== 'looking') return
    this.log('warn', 'no leader is found: serving reads to read-only clients')
    this.#peer = this.#newPeer({ kind: 'readOnly' })
    member.out.roleChanged(this.role)
  }

  #endReadOnly(): void {
    this.#readOnlyAtMs = Number.POSITIVE_INFINITY
    this.#peer?.closeAll()
    this.#peer = null
  }

  /** The observers of an ensemble would all come to a new leader at once. @see `Observer.waitForReconnectDelay` */
  #followSoon(leader: number): void {
    const { nowMs, config, settings } = this.member
    const delayMs = settings.observerReconnectDelayMs ?? 0
    const isObserver = roleOf(config, settings.sid) === 'observer'
    if (!isObserver || delayMs === 0 || this.#masters?.isRoundOver(leader) === false) return this.#follow(leader)
    const waitMs = Math.floor(this.#random() * delayMs)
    this.log('info', `waiting for ${waitMs} ms before server ${leader} is observed`)
    this.#followAtMs = nowMs + waitMs
  }

  #follow(leader: number): void {
    this.#followAtMs = Number.POSITIVE_INFINITY
    const { member } = this
    const { sid } = this.#parts.ensemble
    const link = --this.#lastLink as LinkId
    const isObserver = roleOf(member.config, sid) === 'observer'
    const master = (isObserver ? this.#masters?.choose(member.config, leader) : null) ?? this.#asMaster(leader)
    const source = master.sid === leader ? '' : `, and server ${master.sid} is learnt from`
    this.log('info', `this server ${isObserver ? 'observes' : 'follows'}: server ${leader} leads${source}`)
    this.#played.follow(new FollowingRole(member, this.#events(false), link, leader, master.sid, isObserver))
    member.out.connectToLeader(link, master.sid, master.addresses)
  }

  /** The leader at its quorum port. */
  #asMaster(leader: number): LearnerMaster {
    const { config, lastSeen } = this.member
    const addresses = [config, lastSeen].flatMap((one) => memberOf(one, leader)?.addresses ?? [])
    return { sid: leader, addresses }
  }

  #events(isLeader: boolean): RoleEvents {
    const role = ++this.#roleCount
    return {
      serve: (epoch) => this.#serve(epoch, isLeader),
      // compat: whoever looks for a leader meanwhile is told of the new one, as upstream does.
      deposed: (successor) => this.election.settle(ServerState.leading, this.#voteFor(successor)),
      resign: (reason, successor) => {
        if (role === this.#roleCount) this.#resign(reason, successor)
      }
    }
  }

  #serve(epoch: number, isLeader: boolean): Peer {
    const { member } = this
    const peer = this.#newPeer(this.#played.port)
    this.#peer = peer
    const { slow } = peer.state
    if (slow !== null) slow.peer = isLeader ? this.member.settings.sid : (this.following?.leaderSid ?? null)
    this.#masters?.served()
    this.election.setPeerEpoch(epoch)
    member.showConfiguration()
    this.log('info', `serving in epoch ${epoch} as ${isLeader ? 'leader' : 'learner'}`)
    member.out.roleChanged(this.role)
    return peer
  }

  #newPeer(role: RolePort): Peer {
    const { out, nowMs, log, snapshotter, digestLog } = this.member
    const sessionIds = this.#sessionIds
    const peer = new Peer({ ...this.#parts, out, monotonicMs: nowMs, log, snapshotter, digestLog, sessionIds, role })
    if (this.#inputs !== null) peer.begin(this.#inputs, out)
    return peer
  }

  #resign(reason: string, successor: number | null = null): void {
    if (this.#resignReason !== null) return
    this.#resignReason = reason
    this.#successor = successor
  }

  /** What a role's machine was doing when it resigned has ended by now. */
  #leaveIfResigned(): void {
    const reason = this.#resignReason
    if (reason === null) return
    this.#resignReason = null
    if (this.#stage === 'playing') this.#leave(reason)
  }

  #leave(reason: string): void {
    const { member } = this
    const successor = this.#successor
    this.log(
      successor === null && this.#favoured === null ? 'warn' : 'info',
      `this server ${nextDeed(successor, this.#parts.ensemble.sid)}: ${reason}`
    )
    this.#stage = 'leaving'
    this.#handOver.end()
    this.#followAtMs = Number.POSITIVE_INFINITY
    this.#roleCount++
    if (successor === null && this.election.state === ServerState.observing) {
      // The observers of an ensemble would all come back to the next leader at once.
      this.#lookAtMs = member.nowMs + this.#random() * (member.settings.observerElectionDelayMs ?? 0)
    }
    this.#peer?.closeAll()
    this.#peer = null
    if (successor === null) this.election.settle(ServerState.looking, this.election.vote)
    else this.election.settle(this.#stateUnder(successor), this.#voteFor(successor))
    const { leading, following } = this.#played.end()
    if (leading !== null) member.out.closeLearnerPort()
    this.#mustReload = member.isInstalling || (following !== null && !following.following.isTreeWhole)
    for (const { zxidHi, zxidLo, bytes } of (leading?.leading ?? following)?.close() ?? []) {
      if (this.#mustReload) break
      member.applyQuietly(member.decode(bytes))
      member.commitLog.add(zxidHi, zxidLo, bytes)
    }
    member.sessions.stopExpiring()
    member.out.roleChanged(this.role)
  }

  #finishLeaving(): void {
    const { member } = this
    if (this.#stage !== 'leaving' || !member.log.isQuiet || member.requestCount > 0 || member.isInstalling) return
    if (this.#mustReload) {
      this.#mustReload = false
      return this.#reload()
    }
    if (member.nowMs < this.#lookAtMs) return
    if (this.#successor === null) return this.#look()
    this.#successor = null
    this.elected(this.election.vote)
  }

  #stateUnder(leader: number): ServerState {
    const { sid } = this.#parts.ensemble
    if (leader === sid) return ServerState.leading
    return roleOf(this.member.config, sid) === 'observer' ? ServerState.observing : ServerState.following
  }

  /** compat: epochs are not known before the designated leader has begun, and upstream gives these meanwhile. */
  #voteFor(leader: number): Vote {
    const { vote } = this.election
    if (leader === vote.leader) return vote
    const version = this.member.config.version
    const zxidHi = Number(BigInt.asIntN(32, version >> 32n))
    const zxidLo = Number(BigInt.asIntN(32, version))
    return { leader, zxidHi, zxidLo, peerEpoch: -1, electionEpoch: -1 }
  }

  /** What is stored is whole; the tree is not. */
  #reload(): void {
    const { member } = this
    member.commitLog.clear()
    member.digestLog.clear()
    member.store({ kind: 'reload' }, () => member.log.moveTo(member.tree.lastZxidHi, member.tree.lastZxidLo))
  }
}

function nextDeed(successor: number | null, sid: number): string {
  if (successor === null) return 'looks for a leader'
  return successor === sid ? 'leads next' : `goes to server ${successor}`
}

function bytesOf(inputs: InputBatch, index: number): Buffer {
  return inputs.bytes(index).subarray(inputs.start(index), inputs.end(index))
}
