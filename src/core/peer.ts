import { JuteReader } from 'jute-ts'
import { OpCode } from '../protocol/op-code.ts'
import type { AclChecker } from './acl/acl-checker.ts'
import type { Proposal } from './client-connection.ts'
import { ClientConnection, ConnectionPhase } from './client-connection.ts'
import { type InputBatch, InputKind } from './input-batch.ts'
import type { Metrics, ServerStats } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import { Committer } from './pipeline/committer.ts'
import { ConnectionThrottle } from './pipeline/connection-throttle.ts'
import type { CoreSettings } from './pipeline/core-settings.ts'
import { Handshake } from './pipeline/handshake.ts'
import { Intake } from './pipeline/intake.ts'
import type { PeerState } from './pipeline/peer-state.ts'
import { Reaper } from './pipeline/reaper.ts'
import { Snapshotter } from './pipeline/snapshotter.ts'
import { WriteOrder } from './pipeline/write-order.ts'
import type { ConnectionId, HashPort } from './ports.ts'
import { seededRandom } from './random.ts'
import { SessionIdSequence } from './session/session-id.ts'
import type { SessionTable } from './session/session-table.ts'
import type { DataTree } from './tree/data-tree.ts'
import { WatchManager } from './watch/watch-manager.ts'

/** Sessions whose closing one tick proposes at most; the others come with the next. */
const EXPIRED_PER_TICK_MAX = 1000
const REQUEST_HEADER_BYTES = 8

/** What a peer is made of: the recovered state and its ports. */
export interface PeerParts {
  readonly settings: CoreSettings
  readonly hash: HashPort
  /** Recovered tree and sessions; the peer owns them from now on. */
  readonly tree: DataTree
  readonly sessions: SessionTable
  readonly acl: AclChecker
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Seeds what is spread at random. */
  readonly seed: number
  /** Monotonic clock, ms. Also the base of session ids: must not go back while sessions of this server live. */
  readonly monotonicMs: number
  readonly out: Outbox
}

/**
 * A standalone server as one deterministic state machine: what a step decides depends on the inputs so far, and on
 * nothing else. It does no I/O; time comes with the inputs.
 */
export class Peer {
  readonly #state: PeerState
  readonly #reader: JuteReader
  readonly #writes: WriteOrder
  readonly #committer: Committer
  readonly #handshake: Handshake
  readonly #intake: Intake
  readonly #reaper: Reaper
  readonly #snapshotter: Snapshotter
  readonly #paused = new Set<ClientConnection>()

  constructor(parts: PeerParts) {
    const { settings, hash, tree, sessions, acl, metrics, stats, monotonicMs, out } = parts
    this.#state = {
      settings,
      hash,
      tree,
      sessions,
      acl,
      metrics,
      stats,
      out,
      watches: new WatchManager(parts.seed),
      connections: new Map(),
      outstanding: 0,
      nowMs: monotonicMs,
      wallMs: 0
    }
    this.#reader = new JuteReader(undefined, settings.juteMaxBufferBytes + settings.juteExtraSizeBytes)
    this.#writes = new WriteOrder(this.#state)
    this.#committer = new Committer(this.#state)
    const sessionIds = new SessionIdSequence(settings.serverId, monotonicMs)
    const throttle = new ConnectionThrottle(settings.connectionThrottle, monotonicMs)
    this.#handshake = new Handshake(this.#state, this.#writes, sessionIds, throttle)
    this.#intake = new Intake(this.#state, this.#writes, this.#handshake, this.#reader)
    this.#reaper = new Reaper(this.#state, this.#writes)
    this.#snapshotter = new Snapshotter(this.#state, seededRandom(parts.seed))
    // Recovery may have taken longer than any timeout: every session gets a full one from now on.
    sessions.startExpiring(monotonicMs)
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
    return this.#writes.waitingCount
  }

  /** Takes one batch of inputs; every decision goes out through `out`, in an order that is part of the contract. */
  step(inputs: InputBatch, out: Outbox): void {
    const state = this.#state
    state.out = out
    state.nowMs = inputs.monotonicMs
    state.wallMs = inputs.wallMs
    if (inputs.lateMs > 0) state.sessions.postpone(inputs.lateMs)
    for (let index = 0; index < inputs.count; index++) this.#take(inputs, index)
    this.#writes.flush()
    // A mark behind writes that are durable already has no `persisted` to wait for.
    this.#commit()
    this.#resumePaused()
  }

  /** Begins a snapshot now, as an operator may ask, and at start. */
  beginSnapshot(): void {
    this.#snapshotter.begin()
  }

  get isWritingSnapshot(): boolean {
    return this.#snapshotter.isWriting
  }

  #take(inputs: InputBatch, index: number): void {
    switch (inputs.kind(index)) {
      case InputKind.frame:
        return this.#frame(inputs, index)
      case InputKind.connectionOpened:
        return this.#opened(inputs.connection(index), inputs.text(index))
      case InputKind.connectionClosed:
        return this.#closed(inputs.connection(index))
      case InputKind.persisted:
        this.#writes.persisted(inputs.number(index))
        return this.#commit()
      case InputKind.tick:
        return this.#tick()
      case InputKind.snapshotPull:
        return this.#snapshotter.pull(inputs.number(index))
      case InputKind.snapshotDone:
        return this.#snapshotter.done()
      case InputKind.drained:
        return
    }
  }

  #opened(id: ConnectionId, address: string): void {
    const connection = new ClientConnection(id, address, this.#state.wallMs)
    connection.identities = [{ scheme: 'ip', id: address }]
    this.#state.connections.set(id, connection)
  }

  #closed(id: ConnectionId): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined) return
    connection.phase = ConnectionPhase.closing
    this.#state.connections.delete(id)
    this.#state.watches.connectionClosed(id)
    this.#intake.forget(connection)
    this.#paused.delete(connection)
    if (connection.session?.ownerConnection === id) connection.session.ownerConnection = null
  }

  #frame(inputs: InputBatch, index: number): void {
    const state = this.#state
    const connection = state.connections.get(inputs.connection(index))
    if (connection === undefined || connection.phase === ConnectionPhase.closing) return
    connection.received++
    state.stats.packetsReceived.add(1)
    const reader = this.#reader.reset(inputs.bytes(index), inputs.start(index), inputs.end(index))
    if (connection.phase === ConnectionPhase.opened) this.#handshake.connect(connection, reader)
    else if (inputs.end(index) - inputs.start(index) < REQUEST_HEADER_BYTES) {
      connection.phase = ConnectionPhase.closing
      state.out.close(connection.id, 'INVALID_REQUEST')
    } else {
      const xid = reader.readInt()
      const type = reader.readInt()
      if (connection.session !== null) state.sessions.touch(connection.session, state.nowMs)
      this.#intake.request(connection, type, xid, state.nowMs)
    }
    this.#pauseIfTooMany(connection)
  }

  #commit(): void {
    let count = 0
    for (let next = this.#writes.nextCommitted(); next !== undefined; next = this.#writes.nextCommitted()) {
      this.#commitOne(next)
      count++
    }
    this.#snapshotter.applied(count)
    this.#snapshotter.check()
  }

  #commitOne(proposal: Proposal): void {
    this.#committer.commit(proposal)
    if (proposal.txn !== null) this.#writes.applied(proposal.txn)
    const { connection } = proposal
    if (connection !== null && connection.pending.size > 0) this.#intake.drain(connection, proposal)
  }

  #tick(): void {
    const { sessions, nowMs, metrics } = this.#state
    for (const session of sessions.expired(nowMs, EXPIRED_PER_TICK_MAX)) {
      metrics.staleSessionsExpired.add(1)
      const origin = { connection: null, session, type: OpCode.closeSession, xid: 0, receivedMs: nowMs }
      this.#intake.closeSession(origin)
    }
    this.#reaper.tick()
  }

  /** globalOutstandingLimit: a connection with a request outstanding is not read from while too many are in process. */
  #pauseIfTooMany(connection: ClientConnection): void {
    if (this.#state.outstanding <= this.#state.settings.globalOutstandingLimit) return
    if (connection.isPaused || connection.outstanding === 0) return
    connection.isPaused = true
    this.#paused.add(connection)
    this.#state.out.pauseReading(connection.id)
  }

  #resumePaused(): void {
    if (this.#paused.size === 0) return
    const isRoom = this.#state.outstanding <= this.#state.settings.globalOutstandingLimit
    for (const connection of this.#paused) {
      if (!isRoom && connection.outstanding > 0) continue
      connection.isPaused = false
      this.#paused.delete(connection)
      this.#state.out.resumeReading(connection.id)
    }
  }
}
