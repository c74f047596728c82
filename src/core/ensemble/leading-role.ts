import { ErrorCode } from '../../protocol/error-code.ts'
import type { Id } from '../../protocol/generated/data.ts'
import type { ReconfigRequest } from '../../protocol/generated/proto.ts'
import { toBigInt } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import { SizeStats } from '../instruments.ts'
import type { Peer } from '../peer.ts'
import type { FollowersPort } from '../pipeline/role-ports.ts'
import type { SessionOwner } from '../session/session.ts'
import { Leading } from '../zab/leading/leading.ts'
import type { LeadingHost, SnapshotSource } from '../zab/leading/leading-host.ts'
import { formatConfigText, parseConfigText } from '../zab/membership/config-text.ts'
import type { EnsembleConfig } from '../zab/membership/ensemble-config.ts'
import { quorumAddressesOf } from '../zab/membership/member-of.ts'
import { applyReconfig } from '../zab/membership/reconfig.ts'
import type { MessageTracker } from '../zab/message-tracker.ts'
import type { LinkId } from '../zab/peer-link.ts'
import type { EnsembleMeter } from './ensemble-meter.ts'
import type { Member } from './member.ts'

/** What a role tells the member that plays it. */
export interface RoleEvents {
  /** Clients can be served: the peer for them is made, in the role given. */
  serve(epoch: number): Peer
  /** A reconfiguration has designated another leader; this one resigns soon. */
  deposed(successor: number): void
  /**
   * The role cannot go on.
   *
   * @param successor sid of the leader that a reconfiguration has designated; null: there must be an election
   */
  resign(reason: string, successor: number | null): void
}

/** A leader: joins Zab's leading half with the requests of clients and learners. */
export class LeadingRole implements LeadingHost, FollowersPort {
  readonly leading: Leading
  readonly member: Member
  readonly meter: EnsembleMeter
  /** Of the transactions proposed. */
  readonly proposalSize = new SizeStats()
  /** Monotonic clock when the role began, ms. */
  readonly sinceMs: number
  readonly #events: RoleEvents
  #peer: Peer | null = null
  /** Who leads by a reconfiguration's word, if it is another server. */
  #successor: number | null = null

  /** @param isByOracle it was elected by the oracle's word */
  constructor(member: Member, events: RoleEvents, isByOracle: boolean) {
    this.member = member
    this.meter = member.meter
    this.sinceMs = member.nowMs
    this.#events = events
    const { settings, log, acceptedEpoch, currentEpoch, config, lastSeen, nowMs, commitLog } = member
    const start = {
      acceptedEpoch,
      currentEpoch,
      lastLoggedHi: log.lastZxidHi,
      lastLoggedLo: log.lastZxidLo,
      config,
      lastSeen,
      nowMs,
      isByOracle
    }
    this.leading = new Leading(this, settings, start, commitLog)
  }

  get lastProcessedHi(): number {
    return this.member.tree.lastZxidHi
  }

  get lastProcessedLo(): number {
    return this.member.tree.lastZxidLo
  }

  /** As `Leading.handOver`: the last transaction has been proposed then. */
  handOver(heir: number): string | null {
    if (this.#peer === null) return 'this server does not lead, or not yet'
    const refusal = this.leading.handOver(heir)
    if (refusal === null) this.#peer.proposeLast()
    return refusal
  }

  /** Syncs of learners and own clients that wait for a commit. */
  get pendingSyncs(): number {
    return this.#peer?.waitingSyncs ?? 0
  }

  // ---- FollowersPort ----------------------------------------------------------------------------------------------

  proposed({ header, body }: Txn, bytes: Uint8Array): void {
    this.proposalSize.add(bytes.length)
    this.meter.proposed()
    // As the learners do, it takes the new configuration from the transaction.
    const isReconfig = header.type === OpCode.reconfig && body.kind === 'setData'
    const config = isReconfig ? parseConfigText(Buffer.from(body.data ?? []).toString('utf8')) : null
    this.leading.proposed(header.zxidHi, header.zxidLo, bytes, config)
  }

  reconfigure(request: ReconfigRequest, zxidHi: number, zxidLo: number): Uint8Array | ErrorCode {
    const { config, lastSeen, settings } = this.member
    if (lastSeen !== null) {
      return this.#refuse(ErrorCode.RECONFIGINPROGRESS, `version ${lastSeen.version.toString(16)} is not in force yet`)
    }
    const result = applyReconfig(config, request, toBigInt(zxidHi, zxidLo), settings)
    if (result.kind === 'refused') return this.#refuse(result.error, result.reason)
    if (!this.leading.isQuorumSynced(result.config)) {
      return this.#refuse(ErrorCode.NEWCONFIGNOQUORUM, 'no quorum of it is connected and in sync')
    }
    return Buffer.from(formatConfigText(result.config))
  }

  #refuse(error: ErrorCode, reason: string): ErrorCode {
    this.member.out.log('warn', `a reconfiguration is refused: ${reason}`)
    return error
  }

  synced(learner: SessionOwner): void {
    this.leading.sendSync(learner as LinkId)
  }

  // ---- LeadingHost ------------------------------------------------------------------------------------------------

  newMessageTracker(): MessageTracker | null {
    return this.member.newMessageTracker()
  }

  linkWriter(link: LinkId) {
    return this.member.out.linkWriter(link)
  }

  awaitLinkDrained(link: LinkId): void {
    this.member.out.awaitLinkDrained(link)
  }

  closeLink(link: LinkId, reason: string): void {
    this.member.out.closeLink(link, reason)
  }

  setAcceptedEpoch(epoch: number): void {
    this.member.setAcceptedEpoch(epoch, () => this.leading.epochStored())
  }

  setCurrentEpoch(epoch: number): void {
    this.member.setCurrentEpoch(epoch, () => this.leading.epochStored())
  }

  established(epoch: number): void {
    this.member.tree.setLastZxid(epoch, 0)
    this.#peer = this.#events.serve(epoch)
    const { initialCounter } = this.member.settings
    if (initialCounter !== undefined) this.#skipTo(initialCounter)
  }

  #skipTo(counter: number): void {
    this.log(
      'warn',
      `testingonly.initialZxid: the zxids of this epoch begin after the counter ${counter}, near their end`
    )
    this.leading.skipTo(counter)
    this.#peer?.skipTo(counter)
  }

  committed(zxidHi: number, zxidLo: number): void {
    const slow = this.#peer?.state.slow ?? null
    if (slow !== null) slow.peer = this.leading.completedBy
    this.#peer?.committedTo(zxidHi, zxidLo)
  }

  request(
    link: LinkId,
    sessionHi: number,
    sessionLo: number,
    cxid: number,
    type: number,
    body: Uint8Array,
    identities: readonly Id[]
  ): void {
    const known = identities.map(({ scheme, id }) => ({ scheme: scheme ?? '', id: id ?? '' }))
    this.#peer?.submitRemote({ learner: link, sessionHi, sessionLo, cxid, type, identities: known }, body)
  }

  revalidate(link: LinkId, sessionHi: number, sessionLo: number, timeoutMs: number): boolean {
    this.meter.revalidated()
    const { sessions, nowMs } = this.member
    const session = sessions.get(sessionHi, sessionLo)
    if (session === undefined || !sessions.changeTimeout(session, timeoutMs, nowMs)) return false
    sessions.setOwner(session, link)
    return true
  }

  touch(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    const { sessions, nowMs } = this.member
    const session = sessions.get(sessionHi, sessionLo)
    if (session !== undefined) sessions.changeTimeout(session, timeoutMs, nowMs)
  }

  learnerGone(): void {
    // Its sessions move to whoever revalidates them, or expire.
  }

  openSnapshot(): SnapshotSource {
    const { tree, sessions } = this.member
    return tree.openSnapshot(sessions.records())
  }

  findInLog(request: number, zxidHi: number, zxidLo: number): void {
    this.member.store({ kind: 'findInLog', zxidHi, zxidLo }, (answer) => {
      const found = answer.kind === 'zxid' ? { hi: answer.zxidHi, lo: answer.zxidLo } : null
      this.leading.logFound(request, found)
    })
  }

  readLog(request: number, afterHi: number, afterLo: number, bytesMax: number): void {
    this.member.store({ kind: 'readLog', afterHi, afterLo, bytesMax }, (answer) => {
      this.leading.logRead(request, answer.kind === 'slice' ? answer : null)
    })
  }

  configurationSeen(config: EnsembleConfig): void {
    this.member.configurationSeen(config)
  }

  configurationActivated(config: EnsembleConfig, designatedLeader: number): void {
    const { sid } = this.member.settings
    const listensAt = quorumAddressesOf(this.member.config, sid)
    this.member.configurationActivated(config)
    if (designatedLeader === sid) {
      // Nobody else could lead: this one goes on where learners look for it now.
      if (quorumAddressesOf(this.member.config, sid) !== listensAt) this.member.out.openLearnerPort(null)
      return
    }
    this.#successor = designatedLeader
    if (this.#peer === null) return this.resign(`a reconfiguration gives the lead to server ${designatedLeader}`)
    this.member.out.log(
      'info',
      `server ${designatedLeader} leads now by the configuration: this one commits nothing more`
    )
    this.#peer.stopCommitting()
    this.#events.deposed(designatedLeader)
  }

  resign(reason: string): void {
    this.#events.resign(reason, this.#successor)
  }

  log(level: 'error' | 'info' | 'warn' | 'debug', message: string): void {
    this.member.out.log(level, message)
  }
}
