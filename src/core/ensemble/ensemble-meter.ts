import { toNumber } from '../../protocol/int64.ts'
import { OTHER_LABEL } from '../instruments.ts'
import type { Metrics } from '../metrics.ts'
import { LEARNER_COUNT_MAX } from '../zab/leading/leading-settings.ts'
import { ServerState } from '../zab/vote.ts'
import type { FollowingMeter, LeadingMeter, PacketsMeter, ZabStage } from '../zab/zab-meter.ts'
import { QueuedPackets } from './packets-meter.ts'

/** Where a transaction's header has the time at which the leader made it, wall clock ms. */
const TIME_OFFSET = 20
/** Every so many zxids the ACK of each server is timed. compat: upstream's `leader.ackLoggingFrequency`. */
const TIMED_ACK_DISTANCE = 1000

/** Feeds the measurements that only members of ensembles have. Times between servers are by their wall clocks, as upstream's. */
export class EnsembleMeter implements LeadingMeter {
  readonly #metrics: Metrics
  readonly #sid: number
  readonly #wallMs: () => number
  #lookingSinceMs = 0
  /** When clients were served last; null while they are. */
  #unavailableSinceMs: number | null = null
  #syncingSinceMs = 0
  #stage: ZabStage | null = null
  #nowMs = 0
  readonly #packets = new Map<number, QueuedPackets>()
  /** Of this step, of a follower that serves observers: requests that it passes on, and commits that it tells them of. */
  #relayed = 0
  #informed = 0

  constructor(metrics: Metrics, sid: number, wallMs: () => number) {
    this.#metrics = metrics
    this.#sid = sid
    this.#wallMs = wallMs
  }

  /** The part of a learner, whose ACKs are its own. */
  readonly following: FollowingMeter = {
    acknowledged: (bytes) => this.#addAge(this.#metrics.proposalAckCreationLatency, bytes)
  }

  /** A step begins. @param nowMs monotonic */
  begin(nowMs: number): void {
    this.#nowMs = nowMs
  }

  /** The step's output has been written. @param nowMs monotonic clock then */
  settle(nowMs: number): void {
    for (const packets of this.#packets.values()) packets.settle(nowMs)
    if (this.#relayed + this.#informed === 0) return
    const { learnerRequestProcessorQueueSize, omCommitProcessTimeMs } = this.#metrics
    learnerRequestProcessorQueueSize.addCountdown(this.#relayed)
    omCommitProcessTimeMs.addShared(Math.max(0, Math.floor(nowMs) - Math.floor(this.#nowMs)), this.#informed)
    this.#relayed = 0
    this.#informed = 0
  }

  /** Those without an id get a new one with each link, and anybody can claim any: so many are kept apart, the others are one. */
  packetsTo(sid: number): PacketsMeter {
    const isKept = sid >= 0 && (this.#packets.has(sid) || this.#packets.size < LEARNER_COUNT_MAX)
    const key = isKept ? sid : -1
    const known = this.#packets.get(key)
    if (known !== undefined) return known
    const { learnerHandlerQpSize, learnerHandlerQpTimeMs } = this.#metrics
    const label = isKept ? String(sid) : OTHER_LABEL
    const made = new QueuedPackets(learnerHandlerQpSize.of(label), learnerHandlerQpTimeMs.of(label), () => this.#nowMs)
    this.#packets.set(key, made)
    return made
  }

  looking(nowMs: number): void {
    this.#metrics.lookingCount.add(1)
    this.#lookingSinceMs = nowMs
    this.#unavailableSinceMs ??= nowMs
    this.#stage = null
  }

  /** An election has ended, or a reconfiguration has named the leader. compat: as upstream, observers do not count it. */
  elected(state: ServerState, isByElection: boolean, nowMs: number): void {
    if (isByElection && state !== ServerState.observing) {
      this.#metrics.electionTime.add(Math.round(nowMs - this.#lookingSinceMs))
    }
    this.#unavailableSinceMs ??= nowMs
    this.#stage = null
  }

  /** To be told after each step how far the role is. */
  stageIs(state: ServerState, stage: ZabStage | null, nowMs: number): void {
    if (stage === this.#stage) return
    const before = this.#stage
    this.#stage = stage
    if (stage === 'synchronization' || (stage === 'broadcast' && before !== 'synchronization')) {
      this.#syncingSinceMs = nowMs
    }
    if (stage === 'broadcast') this.#available(state, nowMs)
  }

  proposed(): void {
    this.#metrics.proposalCount.add(1)
    this.logged()
  }

  /** A member that serves hands a transaction to its log. */
  logged(): void {
    this.#metrics.syncProcessorRequestQueued.add(1)
  }

  acknowledged(sid: number, zxidHi: number, zxidLo: number, bytes: Uint8Array): void {
    const { proposalAckCreationLatency, ackLatency } = this.#metrics
    if (sid === this.#sid) this.#addAge(proposalAckCreationLatency, bytes)
    if (isTimed(zxidHi, zxidLo)) this.#addAge(ackLatency.of(String(sid)), bytes)
  }

  quorumAcknowledged(bytes: Uint8Array): void {
    const { commitCount, requestCommitQueued, quorumAckLatency } = this.#metrics
    commitCount.add(1)
    requestCommitQueued.add(1)
    this.#addAge(quorumAckLatency, bytes)
  }

  syncsChanged(way: 'snap' | 'diff', count: number, isBegin: boolean): void {
    const { snapCount, diffCount, inflightSnapCount, inflightDiffCount } = this.#metrics
    if (way === 'snap') inflightSnapCount.add(count)
    else inflightDiffCount.add(count)
    if (isBegin) (way === 'snap' ? snapCount : diffCount).add(1)
  }

  deserted(): void {
    this.#metrics.quitLeadingDueToDisloyalVoter.add(1)
  }

  revalidated(): void {
    this.#metrics.revalidateCount.add(1)
  }

  /** A follower that serves has got a proposal. */
  proposalReceived(bytes: Uint8Array): void {
    this.#metrics.learnerProposalReceivedCount.add(1)
    this.#addAge(this.#metrics.proposalLatency, bytes)
  }

  /** A learner that serves has got the answer to a sync of its clients. compat: upstream hands it on as a commit. */
  syncReceived(): void {
    this.#metrics.requestCommitQueued.add(1)
  }

  /** A follower that serves observers has got a proposal: there is nothing to be done for them yet. */
  observersWait(): void {
    this.#metrics.omProposalProcessTimeMs.add(0)
  }

  /** It has told them of a commit. */
  observersInformed(): void {
    this.#informed++
  }

  /** It passes on a request of theirs. */
  relayed(): void {
    this.#relayed++
  }

  /** A learner that serves has got a COMMIT or INFORM. */
  commitReceived(bytes: Uint8Array): void {
    const { learnerCommitReceivedCount, requestCommitQueued, commitPropagationLatency } = this.#metrics
    learnerCommitReceivedCount.add(1)
    requestCommitQueued.add(1)
    this.#addAge(commitPropagationLatency, bytes)
  }

  #available(state: ServerState, nowMs: number): void {
    const { unavailableTime, leaderUnavailableTime, followerSyncTime, observerSyncTime } = this.#metrics
    const syncMs = Math.round(nowMs - this.#syncingSinceMs)
    if (state === ServerState.following) followerSyncTime.add(syncMs)
    else if (state === ServerState.observing) observerSyncTime.add(syncMs)
    if (this.#unavailableSinceMs === null) return
    const unavailableMs = Math.round(nowMs - this.#unavailableSinceMs)
    this.#unavailableSinceMs = null
    unavailableTime.add(unavailableMs)
    if (state === ServerState.leading) leaderUnavailableTime.add(unavailableMs)
  }

  /** How old a transaction is; nothing where its leader's clock is ahead. */
  #addAge(latency: { add(value: number): void }, bytes: Uint8Array): void {
    const ageMs = this.#wallMs() - toNumber(int32At(bytes, TIME_OFFSET), int32At(bytes, TIME_OFFSET + 4))
    if (ageMs >= 0) latency.add(ageMs)
  }
}

function isTimed(zxidHi: number, zxidLo: number): boolean {
  const distance = TIMED_ACK_DISTANCE
  return ((zxidHi % distance) * (2 ** 32 % distance) + (zxidLo >>> 0)) % distance === 0
}

/** Big-endian. */
function int32At(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] ?? 0) << 24) |
    ((bytes[offset + 1] ?? 0) << 16) |
    ((bytes[offset + 2] ?? 0) << 8) |
    (bytes[offset + 3] ?? 0)
  )
}
