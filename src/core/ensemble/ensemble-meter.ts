import { toNumber } from '../../protocol/int64.ts'
import type { Metrics } from '../metrics.ts'
import { ServerState } from '../zab/vote.ts'
import type { FollowingMeter, LeadingMeter, ZabStage } from '../zab/zab-meter.ts'

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

  constructor(metrics: Metrics, sid: number, wallMs: () => number) {
    this.#metrics = metrics
    this.#sid = sid
    this.#wallMs = wallMs
  }

  /** The part of a learner, whose ACKs are its own. */
  readonly following: FollowingMeter = {
    acknowledged: (bytes) => this.#addAge(this.#metrics.proposalAckCreationLatency, bytes)
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
