import { Fifo } from '../../collections/fifo.ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { compareInt64, highWordOfNumber, lowWordOfNumber } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { DIGEST_VERSION, type Txn, type TxnBody } from '../../protocol/txn.ts'
import type { AuditedWrite } from '../audit/audited-request.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { LogBatcher } from './log-batcher.ts'
import type { PeerState } from './peer-state.ts'
import { hasTotal } from './prefix-limit.ts'
import { OutstandingChanges } from './prepare/outstanding-changes.ts'
import { PrefixTotals } from './prepare/prefix-totals.ts'
import { PrepareContext } from './prepare/prepare-context.ts'
import { QuotaLog } from './quota-log.ts'
import { type FollowersPort, LOCAL_OWNER } from './role-ports.ts'

/** Counter of the last zxid of an epoch: as `Broadcast`, which would not propose one more that was in the log already. */
const LAST_COUNTER = -2

/** Who asks for a write, and how it is to be answered. */
export interface WriteOrigin {
  readonly connection: ClientConnection | null
  readonly session: Session | null
  readonly type: number
  readonly xid: number
  readonly receivedMs: number
  /** What it counts as a large request, 0 mostly. */
  readonly largeBytes: number
  /** By which way it came: LOCAL_OWNER, or a learner's link. */
  readonly owner: SessionOwner
}

/**
 * The one order of writes: gives each its zxid, keeps what is prepared but not applied, and hands transactions to the
 * log. On a standalone server a transaction is committed when it is durable; a leader's is proposed to its followers, and
 * committed when a quorum has acknowledged it (`committedTo`).
 */
export class WriteOrder {
  readonly #state: PeerState
  readonly #batcher: LogBatcher
  readonly #followers: FollowersPort | null
  readonly #waiting = new Fifo<Proposal>()
  readonly context: PrepareContext
  #zxidHi: number
  #zxidLo: number
  /** On a leader: how far a quorum has acknowledged. */
  #committedHi: number
  #committedLo: number
  #isStopped = false
  /** The lead is being handed over: the last proposal has been made. */
  #isHeld = false
  #waitingSyncCount = 0
  /** Pending changes when the present step began, and how many have gone since. */
  #changesBefore = 0
  #changesApplied = 0

  /** @param followers null on a standalone server */
  constructor(state: PeerState, batcher: LogBatcher, followers: FollowersPort | null) {
    this.#state = state
    this.#batcher = batcher
    this.#followers = followers
    const quotaLog = new QuotaLog(state)
    const limits = state.settings.prefixLimits?.filter(hasTotal) ?? []
    // So that they are shown before anything is refused.
    for (const { name } of limits) state.metrics.prefixRefusedWrites.of(name)
    this.context = new PrepareContext(
      state.tree,
      new OutstandingChanges(state.tree),
      state.acl,
      state.hash,
      state.settings,
      quotaLog,
      followers,
      limits.length === 0 ? null : new PrefixTotals(state.tree, limits, (breach) => quotaLog.prefixExceeded(breach))
    )
    this.context.digestHi = state.tree.digestHi
    this.context.digestLo = state.tree.digestLo
    this.#zxidHi = state.tree.lastZxidHi
    this.#zxidLo = state.tree.lastZxidLo
    this.#committedHi = this.#zxidHi
    this.#committedLo = this.#zxidLo
  }

  /** The last zxid of the epoch has been given away: nothing more can be proposed, a new epoch must begin. */
  get isExhausted(): boolean {
    return this.#followers !== null && this.#zxidLo === LAST_COUNTER
  }

  /** Zxid of the newest proposal. */
  get lastZxidHi(): number {
    return this.#zxidHi
  }

  get lastZxidLo(): number {
    return this.#zxidLo
  }

  /** Proposals and marks that are not applied yet. */
  get waitingCount(): number {
    return this.#waiting.size
  }

  /** Syncs of this server's clients and of learners that wait for writes before them. */
  get waitingSyncCount(): number {
    return this.#waitingSyncCount
  }

  /**
   * Readies the context for preparing one request: its zxid, time and session.
   *
   * @param sessionError the code with which whatever needs the session fails; OK if it may do as it likes
   */
  begin(session: Session | null, sessionError: ErrorCode): PrepareContext {
    const { context } = this
    context.zxidLo = (this.#zxidLo + 1) | 0
    context.zxidHi = context.zxidLo === 0 ? (this.#zxidHi + 1) | 0 : this.#zxidHi
    context.timeHi = highWordOfNumber(this.#state.wallMs)
    context.timeLo = lowWordOfNumber(this.#state.wallMs)
    context.sessionHi = session?.idHi ?? 0
    context.sessionLo = session?.idLo ?? 0
    context.sessionError = sessionError
    return context
  }

  /** Gives what was prepared after `begin` its place in the order. */
  propose(origin: WriteOrigin, body: TxnBody, type: number, audited: AuditedWrite | null = null): Proposal {
    const { context } = this
    // The role ends with this step, or soon, and its connections: whether the write will happen is as open as with a lost connection.
    if (this.isExhausted || this.#isStopped || this.#isHeld) return this.mark(origin, ErrorCode.CONNECTIONLOSS, null)
    this.#zxidHi = context.zxidHi
    this.#zxidLo = context.zxidLo
    context.prefixTotals?.proposed(body, context.zxidHi, context.zxidLo)
    const txn: Txn = {
      header: {
        clientIdHi: context.sessionHi,
        clientIdLo: context.sessionLo,
        cxid: origin.xid,
        zxidHi: context.zxidHi,
        zxidLo: context.zxidLo,
        timeHi: context.timeHi,
        timeLo: context.timeLo,
        type
      },
      body,
      digest: body.kind === 'error' ? null : this.#digest()
    }
    this.#state.meter.proposed(type === OpCode.closeSession)
    const sequence = this.#batcher.add(txn, this.#state.nowMs)
    this.#followers?.proposed(txn, this.#batcher.lastEncoded)
    return this.#queue(origin, txn, sequence, ErrorCode.OK, null, audited)
  }

  /** The same for a write that failed: it uses up the zxid and is logged as an error. */
  proposeError(origin: WriteOrigin, err: number, audited: AuditedWrite | null = null): Proposal {
    return this.propose(origin, { kind: 'error', err }, OpCode.error, audited)
  }

  /** A place in the order without a transaction: answered when all writes before it are applied. */
  mark(origin: WriteOrigin, err: number, path: string | null, audited: AuditedWrite | null = null): Proposal {
    return this.#queue(origin, null, this.#batcher.lastSequence, err, path, audited)
  }

  /** Hands to the log what may go. Returns its bytes. */
  flush(): number {
    return this.#batcher.flush(this.#state.out, this.#state.nowMs)
  }

  /** Monotonic ms when `flush` will have something to do although nothing happens; infinite if never. */
  get nextFlushMs(): number {
    return this.#batcher.nextFlushMs
  }

  persisted(sequence: number): void {
    this.#batcher.persisted(sequence, this.#state.nowMs)
  }

  /** On a leader: a quorum has acknowledged everything up to this zxid. */
  committedTo(zxidHi: number, zxidLo: number): void {
    this.#committedHi = zxidHi
    this.#committedLo = zxidLo
  }

  /** Before the first write: it gets the zxid after this counter of the epoch. */
  skipTo(counter: number): void {
    this.#zxidLo = counter | 0
  }

  /**
   * The last proposal of a leader that hands over, which changes nothing; whatever is asked for behind it waits for the end of the role, and with it
   * for that of its connection.
   */
  proposeLast(): void {
    const origin = { connection: null, session: null, xid: 0, receivedMs: Math.floor(this.#state.nowMs), largeBytes: 0 }
    this.begin(null, ErrorCode.OK)
    this.proposeError({ ...origin, type: OpCode.error, owner: LOCAL_OWNER }, ErrorCode.OK)
    this.#isHeld = true
  }

  /** Nothing more is proposed or committed, and marks are not answered. */
  stopCommitting(): void {
    this.#isStopped = true
  }

  /** The next proposal that is committed, taken out of the order; undefined if there is none yet. */
  nextCommitted(): Proposal | undefined {
    const head = this.#waiting.peek()
    if (head === undefined || this.#isStopped || this.#isRefusal(head) || !this.#isCommitted(head)) return undefined
    if (head.type === OpCode.sync) this.#waitingSyncCount--
    return this.#waiting.shift()
  }

  /** What came behind the last proposal: nobody will know here whether the next leader is asked for it again. */
  #isRefusal({ txn, markError }: Proposal): boolean {
    return this.#isHeld && txn === null && markError === ErrorCode.CONNECTIONLOSS
  }

  /** A mark at the head has nothing to wait for any more. */
  #isCommitted({ txn, sequence }: Proposal): boolean {
    if (txn === null) return true
    if (this.#followers === null) return sequence <= this.#batcher.persistedSequence
    return compareInt64(txn.header.zxidHi, txn.header.zxidLo, this.#committedHi, this.#committedLo) <= 0
  }

  /** The tree shows this transaction now. */
  applied(txn: Txn): void {
    const { changes } = this.context
    const before = changes.size
    changes.applied(txn.header.zxidHi, txn.header.zxidLo)
    this.#changesApplied += before - changes.size
  }

  /** Counts the changes that this step's requests have entered over the tree, and those that went into it. */
  countChanges(): void {
    const { size } = this.context.changes
    const { outstandingChangesQueued, outstandingChangesRemoved } = this.#state.metrics
    outstandingChangesQueued.add(size + this.#changesApplied - this.#changesBefore)
    outstandingChangesRemoved.add(this.#changesApplied)
    this.#changesBefore = size
    this.#changesApplied = 0
  }

  #digest(): Txn['digest'] {
    if (!this.#state.settings.digestEnabled) return null
    return {
      version: DIGEST_VERSION,
      treeDigestHi: this.context.digestHi,
      treeDigestLo: this.context.digestLo
    }
  }

  #queue(
    origin: WriteOrigin,
    txn: Txn | null,
    sequence: number,
    markError: number,
    markPath: string | null,
    audited: AuditedWrite | null
  ): Proposal {
    const { connection, session, type, xid, receivedMs, largeBytes, owner } = origin
    const proposal = {
      txn,
      sequence,
      connection,
      session,
      type,
      xid,
      receivedMs,
      largeBytes,
      markError,
      markPath,
      audited,
      owner
    }
    this.#waiting.push(proposal)
    if (type === OpCode.sync) this.#waitingSyncCount++
    return proposal
  }
}
