import type { Id } from '../../protocol/generated/data.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { Peer } from '../peer.ts'
import type { LeaderPort } from '../pipeline/role-ports.ts'
import type { SnapshotLoader } from '../tree/snapshot.ts'
import { Following } from '../zab/following/following.ts'
import type { ActiveSession, FollowingHost } from '../zab/following/following-host.ts'
import type { PendingProposal } from '../zab/leading/leading-host.ts'
import type { EnsembleConfig } from '../zab/membership/ensemble-config.ts'
import { quorumAddressesOf, roleOf } from '../zab/membership/member-of.ts'
import type { MessageTracker } from '../zab/message-tracker.ts'
import type { ObserverMaster } from '../zab/observer-master/observer-master.ts'
import type { LinkId } from '../zab/peer-link.ts'
import type { FollowingMeter } from '../zab/zab-meter.ts'
import type { RoleEvents } from './leading-role.ts'
import type { Member } from './member.ts'
import { ObserverMasterRole } from './observer-master-role.ts'

/** A follower or an observer: joins Zab's learning half with tree, log and clients. */
export class FollowingRole implements FollowingHost, LeaderPort {
  readonly following: Following
  readonly link: LinkId
  /** The ensemble's leader. */
  readonly leaderSid: number
  /** Whom it learns from: the leader, or for an observer perhaps a follower. */
  readonly masterSid: number
  readonly meter: FollowingMeter
  readonly #member: Member
  readonly #events: RoleEvents
  readonly #isObserver: boolean
  /** Leader that a reconfiguration has designated: it is followed next, without an election. */
  #successor: number | null = null
  #peer: Peer | null = null
  #observers: ObserverMasterRole | null = null
  /** Leader that the reconfiguration suggests which is being committed; null for other transactions. */
  #suggestedLeader: number | null = null
  #loader: SnapshotLoader | null = null

  constructor(
    member: Member,
    events: RoleEvents,
    link: LinkId,
    leaderSid: number,
    masterSid: number,
    isObserver: boolean
  ) {
    this.#member = member
    this.meter = member.meter.following
    this.#events = events
    this.link = link
    this.leaderSid = leaderSid
    this.masterSid = masterSid
    this.#isObserver = isObserver
    const { settings, log, acceptedEpoch, currentEpoch, config, nowMs, commitLog } = member
    const start = {
      link,
      leaderSid: masterSid,
      acceptedEpoch,
      currentEpoch,
      lastLoggedHi: log.lastZxidHi,
      lastLoggedLo: log.lastZxidLo,
      configVersion: config.version,
      needsSnapshot: member.needsSnapshot,
      nowMs
    }
    this.following = new Following(this, { ...settings, isObserver }, start, commitLog)
  }

  /** Serves observers, where that is configured and this server, a follower, serves. */
  get observers(): ObserverMaster | null {
    return this.#observers?.master ?? null
  }

  /** Ends the role. @returns as `Following.close` */
  close(): PendingProposal[] {
    if (this.#observers !== null) {
      this.#member.out.closeLearnerPort()
      this.#observers.master.close()
    }
    return this.following.close()
  }

  // ---- LeaderPort -------------------------------------------------------------------------------------------------

  request(
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array | null,
    identities: readonly Id[] | null
  ): void {
    if (type === OpCode.sync) this.observers?.ownSyncAsked()
    this.following.request(sessionHi, sessionLo, cxid, type, body, identities)
  }

  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.observers?.ownRevalidationAsked(sessionHi, sessionLo, timeoutMs)
    this.following.revalidate(sessionHi, sessionLo, timeoutMs)
  }

  // ---- FollowingHost ----------------------------------------------------------------------------------------------

  newMessageTracker(): MessageTracker | null {
    return this.#member.newMessageTracker()
  }

  linkWriter(link: LinkId) {
    return this.#member.out.linkWriter(link)
  }

  awaitLinkDrained(link: LinkId): void {
    this.#member.out.awaitLinkDrained(link)
  }

  closeLink(link: LinkId, reason: string): void {
    this.#member.out.closeLink(link, reason)
  }

  setAcceptedEpoch(epoch: number): void {
    this.#member.setAcceptedEpoch(epoch, () => this.following.epochStored())
  }

  setCurrentEpoch(epoch: number): void {
    this.#member.setCurrentEpoch(epoch, () => this.following.epochStored())
  }

  truncate(zxidHi: number, zxidLo: number): void {
    const { snapshotter, commitLog, digestLog, log } = this.#member
    snapshotter.abandon()
    commitLog.truncateAfter(zxidHi, zxidLo)
    digestLog.clear()
    this.#member.store({ kind: 'truncate', zxidHi, zxidLo }, (answer) => {
      if (answer.kind !== 'done') {
        this.#member.needsSnapshot = true
        this.resign(
          'the log cannot be cut back to where the leader wants it, its oldest snapshot is newer: a snapshot is asked for'
        )
        return
      }
      log.moveTo(zxidHi, zxidLo)
      this.following.truncated()
    })
  }

  beginSnapshot(zxidHi: number, zxidLo: number): void {
    const { snapshotter, commitLog, digestLog, tree, sessions } = this.#member
    snapshotter.abandon()
    commitLog.clear()
    digestLog.clear()
    sessions.clear()
    this.#loader = tree.loadSnapshot(zxidHi, zxidLo)
  }

  takeSnapshot(bytes: Uint8Array): number {
    const loader = this.#loader
    if (loader === null) return 0
    const taken = loader.push(bytes)
    if (loader.done) this.#member.sessions.restore(loader.sessions, this.#member.nowMs)
    return taken
  }

  get isSnapshotComplete(): boolean {
    return this.#loader?.done ?? false
  }

  install(currentEpoch: number): void {
    this.#member.install(currentEpoch, () => this.following.installed())
  }

  append(zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    // compat: what comes while a learner is brought up is not counted, nor are observers' transactions as proposals.
    if (this.#peer !== null) {
      const { meter } = this.#member
      meter.logged()
      if (!this.#isObserver) meter.proposalReceived(bytes)
      if (this.#observers !== null) meter.observersWait()
    }
    this.#member.log.addEncoded(zxidHi, zxidLo, bytes, this.#member.nowMs)
  }

  commit(zxidHi: number, zxidLo: number, bytes: Uint8Array, txn: Txn): void {
    if (this.#peer === null) this.#member.applyQuietly(txn)
    else {
      this.#member.meter.commitReceived(bytes)
      this.#peer.commitFromLeader(txn)
    }
    if (this.#observers !== null) {
      this.#observers.master.committed(zxidHi, zxidLo, bytes, this.#suggestedLeader)
      this.#member.meter.observersInformed()
    }
    this.#suggestedLeader = null
  }

  serve(): void {
    this.#peer = this.#events.serve(this.following.epoch)
    const { settings, out } = this.#member
    if (this.#isObserver || settings.observerMaster === undefined) return
    const { port, sizeLimitBytes } = settings.observerMaster
    this.#observers = new ObserverMasterRole(this.#member, this.following, sizeLimitBytes)
    out.openLearnerPort(port)
  }

  takeActiveSessions(): readonly ActiveSession[] {
    return this.#member.sessions.takeUnreported()
  }

  revalidated(sessionHi: number, sessionLo: number, isValid: boolean): void {
    const isOwn = this.observers?.revalidated(sessionHi, sessionLo, isValid) ?? true
    if (isOwn) this.#peer?.revalidated(sessionHi, sessionLo, isValid)
    // The leader refuses what comes by the server that a session has left. It cannot tell this one from its observers: all come by one link.
    else if (isValid) this.#peer?.moved(sessionHi, sessionLo)
  }

  synced(): void {
    const isOwn = this.observers?.synced() ?? true
    if (!isOwn || this.#peer === null) return
    this.#member.meter.syncReceived()
    this.#peer.synced()
  }

  configurationSeen(config: EnsembleConfig): void {
    this.#member.configurationSeen(config)
  }

  configurationActivated(config: EnsembleConfig, designatedLeader: number | null): boolean {
    const { settings, config: before } = this.#member
    this.#suggestedLeader = designatedLeader
    if (!settings.reconfigEnabled) return false
    this.#member.configurationActivated(config)
    const isRoleOther = this.#isObserver !== (roleOf(config, settings.sid) === 'observer')
    if (designatedLeader === null) return isRoleOther || hasMoved(this.leaderSid, before, config)
    if (!isRoleOther && designatedLeader === this.leaderSid) return false
    this.#successor = designatedLeader
    return true
  }

  resign(reason: string): void {
    this.#events.resign(reason, this.#successor)
  }

  log(level: 'error' | 'info' | 'warn' | 'debug', message: string): void {
    this.#member.out.log(level, message)
  }
}

/** Whether a configuration has no such voter where it was before. */
function hasMoved(leaderSid: number, before: EnsembleConfig, now: EnsembleConfig): boolean {
  if (roleOf(now, leaderSid) !== 'participant') return true
  const known = quorumAddressesOf(before, leaderSid)
  return known !== '' && known !== quorumAddressesOf(now, leaderSid)
}
