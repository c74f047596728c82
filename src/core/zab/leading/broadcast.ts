import { compareInt64, toHex } from '../../../protocol/int64.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { PacketType } from '../packet-type.ts'
import { suggestedLeaderData } from '../wire/suggested-leader.ts'
import { AckSet } from './ack-set.ts'
import type { Configurations } from './configurations.ts'
import { designatedLeader } from './designated-leader.ts'
import type { History } from './history.ts'
import type { LeadingHost, PendingProposal } from './leading-host.ts'
import type { Learner } from './learner.ts'

interface Proposal extends PendingProposal {
  readonly acks: AckSet
  /** The new configuration, if it is a reconfiguration. */
  readonly config: EnsembleConfig | null
  /** Whether it is the one that a leader makes when it hands over. */
  readonly isLast: boolean
}

/** Settled entries at the front of the queue of proposals that are put up with before they are cut off. */
const GAP_COUNT = 256
const NOBODY: Learner[] = []
/** The last counter of an epoch that a transaction gets: one earlier than upstream's. */
const LAST_COUNTER = -2

/**
 * Proposals, their ACKs, and commits strictly in order of zxid (quorum-protocol section 10 and 13). Followers get PROPOSAL
 * and COMMIT, observers INFORM. How many proposals may be outstanding is limited by who makes them (globalOutstandingLimit).
 */
export class Broadcast {
  readonly #host: LeadingHost
  readonly #sid: number
  readonly #configurations: Configurations
  readonly #history: History
  readonly #followers = new Set<Learner>()
  readonly #observers = new Set<Learner>()
  /** The newest connection of each server: its ACKs count. */
  readonly #newest = new Map<number, Learner>()
  /** Outstanding ones from `#head` on; their zxids follow each other. */
  #proposals: (Proposal | null)[] = []
  #head = 0
  /** How many of the outstanding ones are in this server's own log. */
  #loggedCount = 0
  #isDeposed = false
  /** Who gets the lead, while it is handed over. */
  #heir: Learner | null = null
  /** Who has acknowledged last. */
  completedBy = 0
  lastProposedHi = 0
  lastProposedLo = 0
  lastCommittedHi = 0
  lastCommittedLo = 0

  constructor(host: LeadingHost, sid: number, configurations: Configurations, history: History) {
    this.#host = host
    this.#sid = sid
    this.#configurations = configurations
    this.#history = history
  }

  /** The epoch is settled: zxids begin with it. */
  startEpoch(epoch: number): void {
    this.lastProposedHi = this.lastCommittedHi = epoch
    this.lastProposedLo = this.lastCommittedLo = 0
  }

  /** The epoch goes on after this counter: nothing has been proposed yet. */
  skipTo(counter: number): void {
    this.lastProposedLo = counter | 0
  }

  /** A configuration has made another server the leader: this one commits nothing more. */
  depose(): void {
    this.#isDeposed = true
  }

  /**
   * This follower gets the lead. The next proposal is the last one: it goes to the heir alone and is not committed here. So the heir's log is the
   * longest of all, and no election can choose another one, of whatever kind the voters are; what follows is what always follows when a leader ends
   * whose last proposal has not reached everybody.
   */
  handOver(heir: Learner): void {
    this.#heir = heir
  }

  get heir(): Learner | null {
    return this.#heir
  }

  /** Whether everything else is committed, and the heir has the last proposal on its disk. */
  get isHandedOver(): boolean {
    const heir = this.#heir
    if (heir === null || this.outstandingCount !== 1 || !this.#proposals[this.#head]?.isLast) return false
    return heir.lastAckedHi === this.lastProposedHi && heir.lastAckedLo === this.lastProposedLo
  }

  /** Whether a configuration has made another server the leader. */
  get isDeposed(): boolean {
    return this.#isDeposed
  }

  /** Whether the epoch has no zxid left: a new one is needed. */
  get isExhausted(): boolean {
    return this.lastProposedLo === LAST_COUNTER
  }

  get outstandingCount(): number {
    return this.#proposals.length - this.#head
  }

  /** Whether what is proposed and committed goes to this learner. */
  has(learner: Learner): boolean {
    return this.#followers.has(learner) || this.#observers.has(learner)
  }

  /** Learners to which more is unsent than this. */
  overdue(bytesMax: number): readonly Learner[] {
    let overdue: Learner[] = NOBODY
    for (const learner of this.#followers) if (learner.unsentBytes > bytesMax) overdue = [...overdue, learner]
    for (const learner of this.#observers) if (learner.unsentBytes > bytesMax) overdue = [...overdue, learner]
    return overdue
  }

  /** Followers, voting or not, that get proposals. */
  get followers(): ReadonlySet<Learner> {
    return this.#followers
  }

  /**
   * A learner has come, perhaps once more, and is about to be synchronised: that may cut from its log what it has
   * acknowledged and is not committed, and sends it again in its turn. So what it said before does not count any more, nor
   * what a former connection of it still brings.
   *
   * (Upstream goes on counting: then a quorum may commit what is not in the logs of one.)
   */
  begin(learner: Learner): void {
    this.#newest.set(learner.sid, learner)
    for (let index = this.#head; index < this.#proposals.length; index++) {
      this.#proposals[index]?.acks.remove(learner.sid)
    }
  }

  /** A learner has everything committed up to the zxid: it takes part from here on. A follower gets what is outstanding. */
  join(learner: Learner): void {
    if (learner.isObserver) {
      this.#observers.add(learner)
      return
    }
    this.#followers.add(learner)
    for (let index = this.#head; index < this.#proposals.length; index++) {
      const proposal = this.#proposals[index]
      if (proposal && !proposal.isLast)
        learner.send(PacketType.proposal, proposal.zxidHi, proposal.zxidLo, proposal.bytes)
    }
  }

  leave(learner: Learner): void {
    this.#followers.delete(learner)
    this.#observers.delete(learner)
  }

  /**
   * Proposes the transaction with the next zxid.
   *
   * @param bytes copied
   * @throws Error if the zxid is not the next one: our own mistake
   */
  propose(zxidHi: number, zxidLo: number, bytes: Uint8Array, config: EnsembleConfig | null, nowMs: number): void {
    if (zxidHi !== this.lastProposedHi || zxidLo !== ((this.lastProposedLo + 1) | 0)) {
      throw new Error(`proposed 0x${toHex(zxidHi, zxidLo)} after 0x${toHex(this.lastProposedHi, this.lastProposedLo)}`)
    }
    if (config !== null) {
      this.#configurations.see(config)
      this.#host.configurationSeen(config)
    }
    const kept = Buffer.from(bytes)
    const heir = this.#heir
    const acks = new AckSet(this.#configurations.electorate)
    this.#proposals.push({ zxidHi, zxidLo, bytes: kept, config, acks, isLast: heir !== null })
    this.lastProposedHi = zxidHi
    this.lastProposedLo = zxidLo
    for (const follower of heir === null ? this.#followers : [heir]) {
      follower.ackDeadline.proposed(zxidHi, zxidLo, nowMs)
      follower.send(PacketType.proposal, zxidHi, zxidLo, kept)
    }
  }

  /** An ACK of a learner. Those of settled and of unknown zxids, and those of servers without a vote, change nothing. */
  acknowledge(learner: Learner, zxidHi: number, zxidLo: number): void {
    learner.ackDeadline.acknowledged(zxidHi, zxidLo)
    if (compareInt64(zxidHi, zxidLo, learner.lastAckedHi, learner.lastAckedLo) > 0) {
      learner.lastAckedHi = zxidHi
      learner.lastAckedLo = zxidLo
    }
    if ((this.#newest.get(learner.sid) ?? learner) !== learner) return
    const proposal = this.#outstanding(zxidHi, zxidLo)
    if (proposal === null) return
    proposal.acks.add(learner.sid)
    this.completedBy = learner.sid
    this.#host.meter?.acknowledged(learner.sid, zxidHi, zxidLo, proposal.bytes)
    this.#commitReady()
  }

  /** This server's log is durable up to the zxid: its own ACK of everything up to there. */
  logged(zxidHi: number, zxidLo: number): void {
    for (; this.#loggedCount < this.outstandingCount; this.#loggedCount++) {
      const proposal = this.#proposals[this.#head + this.#loggedCount]
      if (!proposal || compareInt64(proposal.zxidHi, proposal.zxidLo, zxidHi, zxidLo) > 0) break
      proposal.acks.add(this.#sid)
      this.completedBy = this.#sid
      this.#host.meter?.acknowledged(this.#sid, proposal.zxidHi, proposal.zxidLo, proposal.bytes)
    }
    this.#commitReady()
  }

  /** What is a quorum may have changed: commits what can be. */
  recount(): void {
    this.#commitReady()
  }

  /** Forgets all learners, and everything outstanding, which is returned in order. */
  close(): PendingProposal[] {
    const pending: PendingProposal[] = []
    for (const proposal of this.#proposals) {
      if (proposal) pending.push({ zxidHi: proposal.zxidHi, zxidLo: proposal.zxidLo, bytes: proposal.bytes })
    }
    this.#proposals = []
    this.#head = 0
    this.#loggedCount = 0
    this.#followers.clear()
    this.#observers.clear()
    return pending
  }

  /** The outstanding proposal with this zxid: found by its counter, since there is no gap. */
  #outstanding(zxidHi: number, zxidLo: number): Proposal | null {
    const oldest = this.#proposals[this.#head]
    if (!oldest || zxidHi !== oldest.zxidHi) return null
    return this.#proposals[this.#head + (zxidLo >>> 0) - (oldest.zxidLo >>> 0)] ?? null
  }

  #commitReady(): void {
    while (!this.#isDeposed) {
      const oldest = this.#proposals[this.#head]
      if (!oldest?.acks.isQuorum || oldest.isLast) return
      this.#proposals[this.#head] = null
      this.#head++
      if (this.#loggedCount > 0) this.#loggedCount--
      if (this.#head >= GAP_COUNT && this.#head * 2 >= this.#proposals.length) {
        this.#proposals.splice(0, this.#head)
        this.#head = 0
      }
      this.#commit(oldest)
    }
  }

  #commit(proposal: Proposal): void {
    const { zxidHi, zxidLo, bytes, config } = proposal
    this.#host.meter?.quorumAcknowledged(bytes)
    this.lastCommittedHi = zxidHi
    this.lastCommittedLo = zxidLo
    this.#history.commit(zxidHi, zxidLo, bytes)
    if (config !== null) {
      this.#commitReconfiguration(proposal, config)
      return
    }
    for (const follower of this.#followers) follower.send(PacketType.commit, zxidHi, zxidLo, null)
    for (const observer of this.#observers) observer.send(PacketType.inform, zxidHi, zxidLo, bytes)
    this.#host.committed(zxidHi, zxidLo)
  }

  #commitReconfiguration(proposal: Proposal, config: EnsembleConfig): void {
    const { zxidHi, zxidLo, bytes, acks } = proposal
    const later = this.#proposals.slice(this.#head).flatMap((each) => (each ? [each.acks] : []))
    const designated = designatedLeader(this.#sid, this.#configurations.current, config, acks, later)
    if (designated !== this.#sid) this.depose()
    this.#configurations.activate(config)
    // Voters of the old one who go now, or observe, may never acknowledge what was proposed meanwhile. (Upstream waits for them.)
    for (const acks of later) acks.needNewestOnly()

    const leader = suggestedLeaderData(designated)
    const informed = Buffer.concat([leader, bytes])
    for (const follower of this.#followers) follower.send(PacketType.commitAndActivate, zxidHi, zxidLo, leader)
    for (const observer of this.#observers) observer.send(PacketType.informAndActivate, zxidHi, zxidLo, informed)
    this.#host.committed(zxidHi, zxidLo)
    this.#host.configurationActivated(config, designated)
  }
}
