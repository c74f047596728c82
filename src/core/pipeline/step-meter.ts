import type { ClientConnection } from '../client-connection.ts'
import type { Metrics, ServerStats } from '../metrics.ts'
import { CommitMeter } from './commit-meter.ts'
import type { RolePort } from './role-ports.ts'
import type { SlowRequests } from './slow-requests.ts'

/**
 * Times and counts of the requests of one step, gathered while the step runs and recorded in the instruments when it is
 * over. Requests that were read together and answered together are one run, so a request costs a comparison and an
 * addition, and the clock is read once a step.
 * perf: recording each request by itself costs a pipelined getData 5 % (bench/load, get).
 *
 * All times are differences of whole milliseconds, as upstream's: a request of 0.3 ms counts 1 three times out of ten,
 * so that averages are right.
 */
export class StepMeter {
  readonly #metrics: Metrics
  readonly #stats: ServerStats
  #beginMs = 0
  /** Requests that entered the pipeline in this step. */
  #takenCount = 0
  #takenReceivedMs = 0
  #takenRunCount = 0
  /** Those among them that had waited in the throttle. */
  #releasedCount = 0
  /** Those that learners of this leader have sent; they pass no throttle here. */
  #remoteCount = 0
  /** Those among them that became transactions. */
  #proposedCount = 0
  #closeSessionCount = 0
  /** Answered requests in runs: parallel columns that are reused from step to step. */
  readonly #connections: (ClientConnection | null)[] = []
  readonly #receivedMs: number[] = []
  readonly #isUpdate: boolean[] = []
  readonly #counts: number[] = []
  #runCount = 0
  readonly #slow: SlowRequests | null
  readonly #role: RolePort['kind']
  /** Null where there is no ensemble, and without a leader. */
  readonly commits: CommitMeter | null

  constructor(
    metrics: Metrics,
    stats: ServerStats,
    slow: SlowRequests | null = null,
    role: RolePort['kind'] = 'standalone'
  ) {
    this.#slow = slow
    this.#metrics = metrics
    this.#stats = stats
    this.#role = role
    const isMember = role === 'leader' || role === 'learner'
    this.commits = isMember ? new CommitMeter(metrics, role === 'leader') : null
  }

  /** @param nowMs the step's clock */
  begin(nowMs: number): void {
    this.settle(this.#beginMs)
    this.#beginMs = Math.floor(nowMs)
  }

  /** A request enters the pipeline. */
  took(receivedMs: number): void {
    if (receivedMs !== this.#takenReceivedMs) {
      this.#endTakenRun()
      this.#takenReceivedMs = receivedMs
    }
    this.#takenRunCount++
  }

  /** A learner's request enters the pipeline of its leader. */
  tookRemote(receivedMs: number): void {
    this.#remoteCount++
    this.took(receivedMs)
  }

  /** A request enters the pipeline that the throttle had held. */
  released(heldMs: number): void {
    this.#releasedCount++
    this.#metrics.requestThrottleQueueTimeMs.add(heldMs)
    this.took(this.#beginMs)
  }

  /** A request has become a transaction, a failed one too. */
  proposed(isCloseSession: boolean): void {
    this.#proposedCount++
    if (isCloseSession) this.#closeSessionCount++
  }

  /** @param isUpdate whether a transaction was made of it */
  answered(connection: ClientConnection, receivedMs: number, isUpdate: boolean): void {
    const last = this.#runCount - 1
    if (
      last >= 0 &&
      this.#connections[last] === connection &&
      this.#receivedMs[last] === receivedMs &&
      this.#isUpdate[last] === isUpdate
    ) {
      this.#counts[last] = (this.#counts[last] as number) + 1
      return
    }
    const next = this.#runCount++
    this.#connections[next] = connection
    this.#receivedMs[next] = receivedMs
    this.#isUpdate[next] = isUpdate
    this.#counts[next] = 1
  }

  /**
   * Records the step.
   *
   * @param endMs         monotonic clock when its answers had been written
   * @param waitingWrites that are not committed yet
   */
  settle(endMs: number, waitingWrites = 0): void {
    const nowMs = Math.floor(endMs)
    const stepMs = Math.max(0, nowMs - this.#beginMs)
    this.#endTakenRun()
    const taken = this.#takenCount
    if (taken > 0) this.#settleTaken(stepMs)
    for (let run = 0; run < this.#runCount; run++) this.#settleAnswered(run, nowMs)
    this.#runCount = 0
    this.commits?.settle(taken, stepMs, waitingWrites)
  }

  #endTakenRun(): void {
    const count = this.#takenRunCount
    if (count === 0) return
    if (this.#role !== 'learner') {
      this.#metrics.prepProcessorQueueTimeMs.addMany(Math.max(0, this.#beginMs - this.#takenReceivedMs), count)
    }
    this.#takenCount += count
    this.#takenRunCount = 0
  }

  #settleTaken(stepMs: number): void {
    const metrics = this.#metrics
    const taken = this.#takenCount
    const own = this.#role === 'leader' ? taken - this.#remoteCount : taken
    metrics.requestThrottleQueueTimeMs.addMany(0, own - this.#releasedCount)
    if (this.#role === 'learner') metrics.learnerRequestProcessorQueueSize.addCountdown(taken)
    else this.#settlePrepared(taken, stepMs)
    this.#takenCount = 0
    this.#releasedCount = 0
    this.#remoteCount = 0
    this.#proposedCount = 0
    this.#closeSessionCount = 0
  }

  #settlePrepared(taken: number, stepMs: number): void {
    const metrics = this.#metrics
    metrics.prepProcessorRequestQueued.add(taken)
    metrics.prepProcessorQueueSize.addCountdown(taken)
    metrics.prepProcessTime.addShared(stepMs, taken)
    const closed = this.#closeSessionCount
    metrics.closeSessionPrepTime.addShared(Math.floor((stepMs * closed) / Math.max(1, taken)), closed)
    if (this.#role === 'readOnly') return
    const passing = taken - this.#proposedCount
    metrics.proposalProcessTime.addMany(0, passing)
    if (this.#role === 'leader') return
    // compat: a standalone server of upstream sends reads, too, through the stage of the log. Members count what is logged (`EnsembleMeter`).
    metrics.syncProcessorRequestQueued.add(taken)
    metrics.syncProcessorQueueSize.addMany(0, passing)
    metrics.syncProcessorQueueTimeMs.addMany(0, passing)
  }

  #settleAnswered(run: number, nowMs: number): void {
    const count = this.#counts[run] as number
    const latencyMs = Math.max(0, nowMs - (this.#receivedMs[run] as number))
    const latencies = this.#isUpdate[run] === true ? this.#metrics.updateLatency : this.#metrics.readLatency
    latencies.addMany(latencyMs, count)
    if (this.commits !== null && this.#isUpdate[run] !== true) {
      this.commits.readsAnswered(count, Math.max(0, this.#beginMs - (this.#receivedMs[run] as number)))
    }
    this.#stats.requestLatency.addMany(latencyMs, count)
    this.#stats.packetsSent.add(count)
    const connection = this.#connections[run]
    connection?.noteAnswers(count, latencyMs, nowMs)
    if (this.#slow !== null && connection && latencyMs >= this.#slow.thresholdMs) {
      this.#slow.answeredInSlowStep(connection, this.#receivedMs[run] as number, this.#beginMs, count)
    }
    // A connection that is gone must not be kept here.
    this.#connections[run] = null
  }
}
