import type { Metrics } from '../metrics.ts'

/**
 * What members of an ensemble count of requests on their way to their commits and answers. Upstream has a thread for that, its
 * commit processor, with a queue for each session; what corresponds here are the reads that wait behind a write of their
 * connection, and the step: it takes what has come, applies what is committed, and answers.
 *
 * Times within a step end when its replies have been written, as all of `StepMeter`'s.
 */
export class CommitMeter {
  readonly #metrics: Metrics
  readonly #isLeader: boolean
  /** Connections for which something waits. */
  #waitingConnections = 0
  #heldReads = 0
  /** Of this step. */
  #released = 0
  #answeredReads = 0
  #ownCommits = 0
  #foreignCommits = 0
  #syncs = 0

  constructor(metrics: Metrics, isLeader: boolean) {
    this.#metrics = metrics
    this.#isLeader = isLeader
  }

  /** Reads that wait behind a write of their connection. */
  get heldReads(): number {
    return this.#heldReads
  }

  /** A request waits for its connection's turn. @param queued what waits there now, with it */
  queued(queued: number, isRead: boolean): void {
    if (isRead) this.#heldReads++
    if (queued === 1) this.#waitingConnections++
    this.#metrics.requestsInSessionQueue.add(queued)
  }

  /** A read waits no more. */
  readLeft(): void {
    this.#heldReads--
  }

  /** Nothing waits for a connection any more. */
  emptied(): void {
    this.#waitingConnections--
  }

  /**
   * A transaction has been committed, or a sync of this learner's is through.
   *
   * @param receivedMs when its request came, monotonic; null for a transaction that other servers' clients asked for
   * @param queued     what waits for its connection, with it; 0 where no client of this server waits
   * @param isSync     whether it is a sync
   */
  committed(receivedMs: number | null, queued: number, isSync: boolean, nowMs: number): void {
    const { requestsInSessionQueue, pendingSessionQueueSize, writeCommitprocTimeMs } = this.#metrics
    if (isSync) this.#syncs++
    if (receivedMs === null) {
      this.#foreignCommits++
      return
    }
    this.#ownCommits++
    writeCommitprocTimeMs.add(Math.max(0, Math.floor(nowMs) - receivedMs))
    // A session that is just being made, and what a learner's client asks a leader for, waits here by itself: seen when it came and now.
    if (queued === 0) requestsInSessionQueue.addMany(1, 2)
    else requestsInSessionQueue.add(queued)
    pendingSessionQueueSize.add(this.#waitingConnections + (queued === 0 ? 1 : 0))
  }

  /** After a commit: how many reads that had waited behind it are answered. @param isOwn as `receivedMs` of `committed` is one */
  released(isOwn: boolean, reads: number): void {
    const { readsIssuedFromSessionQueue, sessionQueuesDrained, readsAfterWriteInSessionQueue } = this.#metrics
    readsIssuedFromSessionQueue.add(reads)
    sessionQueuesDrained.add(isOwn ? 1 : 0)
    if (isOwn) readsAfterWriteInSessionQueue.add(reads)
    this.#released += reads
  }

  /** Reads that the step has answered, and came together. A learner's syncs, which its leader answers, are none. */
  readsAnswered(count: number, waitedMs: number): void {
    const syncs = this.#isLeader ? 0 : Math.min(count, this.#syncs)
    this.#syncs -= syncs
    this.#metrics.readCommitprocTimeMs.addMany(waitedMs, count - syncs)
    this.#answeredReads += count - syncs
  }

  /**
   * Records the step.
   *
   * @param requests      that came in it
   * @param waitingWrites that are not committed yet
   */
  settle(requests: number, stepMs: number, waitingWrites: number): void {
    const commits = this.#ownCommits + this.#foreignCommits
    if (requests + commits > 0) this.#settlePass(stepMs, waitingWrites, commits)
    this.#metrics.readFinalProcTimeMs.addMany(stepMs, this.#answeredReads)
    this.#released = 0
    this.#ownCommits = 0
    this.#foreignCommits = 0
    this.#syncs = 0
    this.#answeredReads = 0
  }

  #settlePass(stepMs: number, waitingWrites: number, commits: number): void {
    const metrics = this.#metrics
    const direct = Math.max(0, this.#answeredReads - this.#released)
    metrics.readCommitProcReqQueued.add(this.#heldReads + this.#answeredReads)
    metrics.writeCommitProcReqQueued.add(waitingWrites + this.#ownCommits)
    metrics.commitCommitProcReqQueued.add(commits)
    metrics.readCommitProcIssued.add(direct)
    metrics.commitProcessTime.add(stepMs)
    if (commits === 0) return
    metrics.writeCommitProcIssued.add(commits)
    metrics.writeBatchTimeInCommitProcessor.add(stepMs)
    metrics.localWriteCommittedTimeMs.addMany(stepMs, this.#ownCommits)
    metrics.serverWriteCommittedTimeMs.addMany(stepMs, this.#foreignCommits)
    metrics.writeFinalProcTimeMs.addMany(stepMs, commits)
  }
}
