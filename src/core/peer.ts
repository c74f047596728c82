import { JuteReader } from 'jute-ts'
import { NumberMap } from '../protocol/number-map.ts'
import type { Txn } from '../protocol/txn.ts'
import type { AclChecker } from './acl/acl-checker.ts'
import type { Proposal } from './client-connection.ts'
import { type ClientConnection, ConnectionPhase } from './client-connection.ts'
import { type InputBatch, InputKind } from './input-batch.ts'
import type { Metrics, ServerStats } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import { AuditTrail } from './pipeline/audit-trail.ts'
import { ClientConnections } from './pipeline/client-connections.ts'
import { Committer } from './pipeline/committer.ts'
import { ConnectionThrottle } from './pipeline/connection-throttle.ts'
import type { CoreSettings } from './pipeline/core-settings.ts'
import { DigestLog } from './pipeline/digest-log.ts'
import { ForwardedWrites } from './pipeline/forwarded-writes.ts'
import { Handshake } from './pipeline/handshake.ts'
import { Intake } from './pipeline/intake.ts'
import { LargeRequests } from './pipeline/large-requests.ts'
import { LocalWrites, type RemoteRequest } from './pipeline/local-writes.ts'
import { LogBatcher } from './pipeline/log-batcher.ts'
import { NamespaceTraffic } from './pipeline/namespace-traffic.ts'
import { OperationCounts } from './pipeline/operation-counts.ts'
import type { PeerState } from './pipeline/peer-state.ts'
import { OutstandingLimit } from './pipeline/reading-pauses.ts'
import { Reaper } from './pipeline/reaper.ts'
import { RefusedWrites } from './pipeline/refused-writes.ts'
import { RequestPipeline } from './pipeline/request-pipeline.ts'
import { LOCAL_OWNER, type RolePort } from './pipeline/role-ports.ts'
import type { SlowRequests } from './pipeline/slow-requests.ts'
import { type ReplayedLog, Snapshotter } from './pipeline/snapshotter.ts'
import { StepMeter } from './pipeline/step-meter.ts'
import type { WriteEntry } from './pipeline/write-entry.ts'
import { WriteOrder } from './pipeline/write-order.ts'
import type { HashPort, SaslPort } from './ports.ts'
import { seededRandom } from './random.ts'
import { SessionIdSequence } from './session/session-id.ts'
import type { SessionTable } from './session/session-table.ts'
import type { DataTree } from './tree/data-tree.ts'
import { WatchManager } from './watch/watch-manager.ts'

/** Sessions whose closing one tick proposes at most; the others come with the next. */
const EXPIRED_PER_TICK_MAX = 1000
const REQUEST_HEADER_BYTES = 8
const LENGTH_PREFIX_BYTES = 4

/** What a peer is made of: the recovered state and its ports. */
export interface PeerParts {
  readonly settings: CoreSettings
  readonly hash: HashPort
  /** Recovered tree and sessions; the peer owns them from now on. */
  readonly tree: DataTree
  readonly sessions: SessionTable
  /** What recovery replayed behind the snapshot: it counts towards the next one. */
  readonly replayed: ReplayedLog
  readonly acl: AclChecker
  /** Where SASL is configured. */
  readonly sasl?: SaslPort | null
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Where slow requests are looked for. */
  readonly slow?: SlowRequests | null
  /** Seeds what is spread at random. */
  readonly seed: number
  /** Monotonic clock, ms. Also the base of session ids: must not go back while sessions of this server live. */
  readonly monotonicMs: number
  readonly out: Outbox
  /** What the server is; standalone if not given. */
  readonly role?: RolePort
  /** The member's own log, snapshots and digests, which outlive a role; a standalone server's peer makes them. */
  readonly log?: LogBatcher
  readonly snapshotter?: Snapshotter
  readonly digestLog?: DigestLog
  readonly sessionIds?: SessionIdSequence
}

/**
 * A server as its clients see it, in one role, as one deterministic state machine: what a step decides depends on the
 * inputs so far, and on nothing else. It does no I/O; time comes with the inputs.
 *
 * A standalone server is nothing else. A member of an ensemble (`ensemble/ensemble-peer.ts`) makes one each time when it
 * begins to serve, and drives it by `begin`, `take` and `end` among its own inputs.
 */
export class Peer {
  readonly #state: PeerState
  readonly #reader: JuteReader
  readonly #role: RolePort
  readonly #log: LogBatcher
  /** Null on a learner: what it writes comes from its leader. */
  readonly #writes: WriteOrder | null
  readonly #local: LocalWrites | null
  readonly #forwarded: ForwardedWrites | null
  readonly #entry: WriteEntry
  readonly #handshake: Handshake
  readonly #committer: Committer
  readonly #pipeline: RequestPipeline
  readonly #intake: Intake
  readonly #connections: ClientConnections
  readonly #reaper: Reaper | null
  readonly #snapshotter: Snapshotter
  readonly #largeThreshold: number
  /** Frames of this step, and their bytes without the length prefixes. */
  #receivedCount = 0
  #receivedBytes = 0

  constructor(parts: PeerParts) {
    const { settings, hash, tree, sessions, acl, metrics, stats, monotonicMs, out } = parts
    this.#state = {
      settings,
      hash,
      tree,
      sessions,
      acl,
      sasl: parts.sasl ?? null,
      isReadOnly: parts.role?.kind === 'readOnly',
      metrics,
      stats,
      meter: new StepMeter(metrics, stats, parts.slow ?? null, parts.role?.kind),
      operations: new OperationCounts(metrics),
      namespaces: new NamespaceTraffic(metrics),
      largeRequests: new LargeRequests(settings),
      slow: parts.slow ?? null,
      out,
      watches: new WatchManager(parts.seed),
      connections: new NumberMap(),
      outstanding: 0,
      nowMs: monotonicMs,
      wallMs: 0,
      audit: null
    }
    if (settings.audit !== null) this.#state.audit = new AuditTrail(this.#state, settings.audit.serverUser)
    this.#largeThreshold = this.#state.largeRequests.threshold
    this.#reader = new JuteReader(undefined, settings.juteMaxBufferBytes + settings.juteExtraSizeBytes)
    this.#log = parts.log ?? new LogBatcher(settings, metrics, this.#state.slow)
    this.#role = parts.role ?? { kind: 'standalone' }
    this.#committer = new Committer(this.#state, parts.digestLog ?? new DigestLog(tree))
    const sessionIds = parts.sessionIds ?? new SessionIdSequence(settings.serverId, monotonicMs)
    const entry = this.#makeEntry(sessionIds)
    this.#writes = entry.writes
    this.#local = entry.local
    this.#forwarded = entry.forwarded
    this.#entry = entry.entry
    const throttle = new ConnectionThrottle(settings.connectionThrottle, monotonicMs)
    this.#handshake = new Handshake(this.#state, entry.entry, throttle)
    const limit = new OutstandingLimit(this.#state)
    this.#pipeline = new RequestPipeline(this.#state, entry.entry, limit, this.#reader)
    this.#intake = new Intake(this.#state, this.#pipeline, this.#handshake, limit, this.#reader)
    this.#connections = new ClientConnections(this.#state, this.#pipeline, this.#intake)
    this.#reaper = this.#writes === null ? null : new Reaper(this.#state, this.#writes)
    this.#snapshotter = parts.snapshotter ?? new Snapshotter(this.#state, seededRandom(parts.seed), parts.replayed)
    if (this.#role.kind === 'learner' || this.#role.kind === 'readOnly') sessions.stopExpiring()
    // Recovery or an election may have taken longer than any timeout: every session gets a full one from now on.
    else sessions.startExpiring(monotonicMs)
  }

  /** What admin commands and metrics look at; to be read between steps only. */
  get state(): Readonly<PeerState> {
    return this.#state
  }

  get digestLog(): Committer['digestLog'] {
    return this.#committer.digestLog
  }

  /** Writes that are not applied yet. */
  get waitingWrites(): number {
    const { outstanding, meter } = this.#state
    return this.#writes?.waitingCount ?? outstanding - (meter.commits?.heldReads ?? 0)
  }

  /** Syncs that wait for the writes before them; 0 on a learner, whose leader has them. */
  get waitingSyncs(): number {
    return this.#writes?.waitingSyncCount ?? 0
  }

  /** Requests that the throttle holds. */
  get throttledRequests(): number {
    return this.#intake.throttledCount
  }

  /** Monotonic ms at which the peer wants a step although nothing has happened; infinite if it does not. */
  get nextStepMs(): number {
    return Math.min(this.#log.nextFlushMs, this.#intake.nextReleaseMs)
  }

  /** Takes one batch of inputs; every decision goes out through `out`, in an order that is part of the contract. */
  step(inputs: InputBatch, out: Outbox): void {
    this.begin(inputs, out)
    for (let index = 0; index < inputs.count; index++) this.take(inputs, index)
    this.end()
  }

  /** Begins a step: outputs go to `out`, and the time is that of the inputs. */
  begin(inputs: InputBatch, out: Outbox): void {
    const state = this.#state
    state.out = out
    state.nowMs = inputs.monotonicMs
    state.wallMs = inputs.wallMs
    state.meter.begin(inputs.monotonicMs)
    if (inputs.lateMs > 0) state.sessions.postpone(inputs.lateMs)
  }

  /** Ends a step: what it has gathered goes to the log, and what is committed is applied. */
  end(): void {
    this.#countReceived()
    this.#intake.releaseDelayed()
    do {
      this.#intake.releaseThrottled()
      this.#snapshotter.logged(this.#log.flush(this.#state.out, this.#state.nowMs))
      // A mark behind writes that are durable already has no `persisted` to wait for.
    } while (this.#commit() && this.#intake.throttledCount > 0)
    // Without a leader nobody knows yet whether what is logged stays.
    if (!this.#state.isReadOnly) this.#snapshotter.check()
    this.#writes?.countChanges()
    this.#intake.resumeReading()
  }

  /**
   * Ends a step for its measurements: to be called when the step's replies have been written.
   *
   * @param monotonicMs the clock then
   */
  settle(monotonicMs: number): void {
    const { meter, slow, nowMs, wallMs, out } = this.#state
    meter.settle(monotonicMs, this.waitingWrites)
    slow?.settle(nowMs, monotonicMs, wallMs, (message) => out.log('warn', message))
  }

  /** Begins a snapshot at the end of the next step, as an operator may ask. */
  beginSnapshot(): void {
    this.#snapshotter.ask()
  }

  /** Gives up the snapshot under way, if there is one: the tree is about to be replaced. */
  abandonSnapshot(): void {
    this.#snapshotter.abandon()
  }

  /** Gives up the requests that the throttle holds, and closes their connections: the time for stopping is over. */
  dropThrottled(): void {
    this.#intake.dropThrottled()
  }

  get isWritingSnapshot(): boolean {
    return this.#snapshotter.isWriting
  }

  /** Takes one input of the step; those of an ensemble's peers are not for it. */
  take(inputs: InputBatch, index: number): void {
    switch (inputs.kind(index)) {
      case InputKind.frame:
        return this.#frame(inputs, index)
      case InputKind.connectionOpened:
        return this.#connections.opened(inputs.connection(index), inputs.text(index))
      case InputKind.connectionClosed:
        return this.#connections.closed(inputs.connection(index))
      case InputKind.persisted:
        this.#log.persisted(inputs.number(index), this.#state.nowMs)
        this.#commit()
        return
      case InputKind.tick:
        return this.#tick()
      case InputKind.snapshotPull:
        return this.#snapshotter.pull(inputs.number(index))
      case InputKind.snapshotDone:
        return this.#snapshotter.done()
      case InputKind.drained:
        return this.#connections.drained(inputs.connection(index))
      case InputKind.congested:
        return this.#connections.congested(inputs.connection(index))
      case InputKind.certified:
        return this.#connections.certified(inputs.connection(index), inputs.text(index))
      case InputKind.saslAnswered:
        return this.#connections.saslAnswered(inputs.connection(index), inputs.saslAnswer(index))
    }
  }

  /** On a leader: takes a request that a learner forwarded. `body` is valid during the call only. */
  submitRemote(request: RemoteRequest, body: Uint8Array): void {
    this.#local?.submitRemote(request, body)
  }

  /** On a leader: a quorum has acknowledged everything up to this zxid. It is applied at once. */
  committedTo(zxidHi: number, zxidLo: number): void {
    this.#writes?.committedTo(zxidHi, zxidLo)
    this.#commit()
  }

  /** On a leader, before its first write: that one gets the zxid after this counter. */
  skipTo(counter: number): void {
    this.#writes?.skipTo(counter)
  }

  /**
   * On a leader: another server leads now. Nothing that is not committed yet will be, and no sync is answered, since what
   * the other one commits is not known here.
   */
  stopCommitting(): void {
    this.#writes?.stopCommitting()
  }

  /** On a leader that hands over: makes its last proposal, and answers no write that comes behind it. */
  proposeLast(): void {
    this.#writes?.proposeLast()
  }

  /** On a leader: no zxid is left in this epoch. */
  get isExhausted(): boolean {
    return this.#writes?.isExhausted ?? false
  }

  /** On a learner: applies a transaction that the leader has committed, and answers who waits for it here. */
  commitFromLeader(txn: Txn): void {
    const answered = this.#forwarded?.takeAnswered(txn) ?? null
    if (answered !== null) answered.txn = txn
    this.#commitOne(answered ?? foreign(txn, this.#state))
    this.#snapshotter.applied(1)
  }

  /** On a learner: the leader has answered the oldest sync. */
  synced(): void {
    const proposal = this.#forwarded?.takeSynced()
    if (proposal !== undefined) this.#commitOne(proposal)
  }

  /** On a learner: the leader's word on a session that a client resumes. */
  revalidated(sessionHi: number, sessionLo: number, isAlive: boolean): void {
    const { sessions, nowMs } = this.#state
    const resuming = this.#forwarded?.takeResuming(sessionHi, sessionLo)
    if (resuming === undefined) return
    const { connection, claim } = resuming
    const session = sessions.get(sessionHi, sessionLo)
    if (isAlive && session !== undefined) sessions.changeTimeout(session, claim.timeoutMs, nowMs)
    this.#handshake.resumed(connection, claim, isAlive)
    this.#intake.takeWaiting(connection)
  }

  /** On a learner: a session goes on at an observer that learns from this server. */
  moved(sessionHi: number, sessionLo: number): void {
    this.#handshake.moved(sessionHi, sessionLo)
  }

  /** The role ends: no client is served any more, and what only this server knew of sessions is gone. */
  closeAll(): void {
    this.#connections.closeAll()
  }

  #answerLearner({ txn, owner }: Proposal): void {
    if (txn === null && owner !== LOCAL_OWNER && this.#role.kind === 'leader') this.#role.followers.synced(owner)
  }

  #makeEntry(sessionIds: SessionIdSequence) {
    if (this.#role.kind === 'readOnly') {
      const entry = new RefusedWrites(this.#state, sessionIds)
      return { writes: null, local: null, forwarded: null, entry }
    }
    if (this.#role.kind === 'learner') {
      const forwarded = new ForwardedWrites(this.#state, this.#role.leader, sessionIds, this.#reader)
      return { writes: null, local: null, forwarded, entry: forwarded }
    }
    const writes = new WriteOrder(this.#state, this.#log, this.#role.kind === 'leader' ? this.#role.followers : null)
    const local = new LocalWrites(this.#state, writes, sessionIds, this.#reader)
    return { writes, local, forwarded: null, entry: local }
  }

  #frame(inputs: InputBatch, index: number): void {
    const state = this.#state
    const connection = state.connections.get(inputs.connection(index))
    if (connection === undefined || connection.phase === ConnectionPhase.closing) return
    const frameBytes = inputs.end(index) - inputs.start(index)
    // compat: upstream refuses it by its length, before it is read, and does not count it.
    if (frameBytes > this.#largeThreshold && state.largeRequests.mustRefuse(frameBytes)) {
      return this.#refuseLarge(connection, frameBytes)
    }
    connection.received++
    this.#receivedCount++
    this.#receivedBytes += frameBytes
    const reader = this.#reader.reset(inputs.bytes(index), inputs.start(index), inputs.end(index))
    const receivedMs = inputs.receivedMs(index)
    if (connection.phase === ConnectionPhase.opened) this.#intake.connect(connection, receivedMs)
    else if (frameBytes < REQUEST_HEADER_BYTES) {
      connection.phase = ConnectionPhase.closing
      state.out.close(connection.id, 'INVALID_REQUEST')
    } else {
      const xid = reader.readInt()
      const type = reader.readInt()
      if (connection.session !== null) state.sessions.touch(connection.session, state.nowMs)
      const isLarge = frameBytes > this.#largeThreshold
      const largeBytes = isLarge ? state.largeRequests.enter(frameBytes - REQUEST_HEADER_BYTES) : 0
      this.#intake.request(connection, type, xid, receivedMs, largeBytes)
    }
  }

  #countReceived(): void {
    const { stats, metrics } = this.#state
    stats.packetsReceived.add(this.#receivedCount)
    metrics.bytesReceivedCount.add(this.#receivedBytes + LENGTH_PREFIX_BYTES * this.#receivedCount)
    this.#receivedCount = 0
    this.#receivedBytes = 0
  }

  #refuseLarge(connection: ClientConnection, frameBytes: number): void {
    const { metrics, out } = this.#state
    metrics.largeRequestsRejected.add(1)
    connection.phase = ConnectionPhase.closing
    out.log('warn', `closing a connection of ${connection.address}: no room for a large request of ${frameBytes} bytes`)
    out.close(connection.id, 'IO_EXCEPTION')
  }

  /** Returns whether anything was committed. */
  #commit(): boolean {
    const writes = this.#writes
    if (writes === null) return false
    let txnCount = 0
    let isAny = false
    for (let next = writes.nextCommitted(); next !== undefined; next = writes.nextCommitted()) {
      this.#commitOne(next)
      if (next.txn !== null) txnCount++
      isAny = true
    }
    this.#snapshotter.applied(txnCount)
    return isAny
  }

  #commitOne(proposal: Proposal): void {
    const { slow } = this.#state
    if (slow === null) return this.#commitAndAnswer(proposal)
    slow.committing = proposal
    this.#commitAndAnswer(proposal)
    slow.committing = null
  }

  #commitAndAnswer(proposal: Proposal): void {
    this.#committer.commit(proposal)
    const { connection, txn } = proposal
    if (txn !== null) this.#writes?.applied(txn)
    const queued = connection?.pending.size ?? 0
    const isOwn = this.#measureCommit(proposal, queued)
    if (connection === null) {
      if (isOwn !== null) this.#state.meter.commits?.released(isOwn, 0)
      return this.#answerLearner(proposal)
    }
    this.#pipeline.drain(connection, proposal)
    if (isOwn !== null) {
      const reads = Math.max(0, queued - 1 - connection.pending.size)
      this.#state.meter.commits?.released(isOwn, reads)
    }
    this.#intake.takeWaiting(connection)
  }

  /**
   * In an ensemble, what upstream's commit processor counts of a commit: those of a leader are all its own. A sync is one where it comes from the
   * leader, and no commit on the leader itself.
   *
   * @returns whether it is this server's own; null where it does not count
   */
  #measureCommit({ txn, connection, receivedMs }: Proposal, queued: number): boolean | null {
    const { meter, nowMs } = this.#state
    const isLeader = this.#writes !== null
    if (meter.commits === null || (txn === null && isLeader)) return null
    const isOwn = isLeader || connection !== null
    meter.commits.committed(isOwn ? receivedMs : null, queued, txn === null, nowMs)
    return isOwn
  }

  #tick(): void {
    const { sessions, nowMs, metrics, meter } = this.#state
    const receivedMs = Math.floor(nowMs)
    this.#intake.touchDelayed()
    for (const session of sessions.expired(nowMs, EXPIRED_PER_TICK_MAX)) {
      metrics.staleSessionsExpired.add(1)
      meter.took(receivedMs)
      this.#entry.expire(session, receivedMs)
    }
    this.#reaper?.tick()
  }
}

/** A transaction that no client of this server waits for. */
function foreign(txn: Txn, { nowMs, sessions }: PeerState): Proposal {
  const { clientIdHi, clientIdLo, cxid, type } = txn.header
  return {
    txn,
    sequence: 0,
    connection: null,
    session: sessions.get(clientIdHi, clientIdLo) ?? null,
    type,
    xid: cxid,
    receivedMs: Math.floor(nowMs),
    largeBytes: 0,
    markError: 0,
    markPath: null,
    audited: null,
    owner: LOCAL_OWNER
  }
}
