import { ErrorCode } from '../../protocol/error-code.ts'
import { toHex, toNumber } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import { type ApplyResult, createApplyResult } from '../tree/data-tree.ts'
import { writeConnectResponse } from './connect-response.ts'
import type { DigestLog } from './digest-log.ts'
import { EventDelivery } from './events.ts'
import type { PeerState } from './peer-state.ts'
import { beginReply, countReplyBytes, noteAnswered, replyHeaderOnly } from './reply.ts'
import { TtlCounts } from './ttl-counts.ts'
import { writeReplyRecord } from './write-reply.ts'

/** Applies committed transactions: tree, sessions, then the events, then the reply. */
export class Committer {
  readonly #state: PeerState
  readonly #events: EventDelivery
  readonly #ttl: TtlCounts
  readonly #result: ApplyResult = createApplyResult()
  readonly digestLog: DigestLog

  constructor(state: PeerState, digestLog: DigestLog) {
    this.#state = state
    this.#events = new EventDelivery(state)
    this.#ttl = new TtlCounts(state)
    this.digestLog = digestLog
  }

  /** Applies a proposal's transaction, if it has one, and answers who waits for it. */
  commit(proposal: Proposal): void {
    const { txn, connection } = proposal
    const { audit } = this.#state
    if (audit !== null && txn !== null) audit.closing(txn)
    if (txn !== null) this.#apply(txn, proposal)
    if (audit !== null) audit.applied(proposal, this.#result)
    if (connection !== null) {
      this.#state.outstanding--
      this.#state.largeRequests.leave(proposal.largeBytes)
      if (connection.phase !== ConnectionPhase.closing) this.#answer(proposal, connection)
      else this.#noteStaleReply(proposal)
    }
    if (txn?.body.kind === 'closeSession') this.#closeConnectionOf(proposal)
  }

  #apply(txn: Txn, proposal: Proposal): void {
    const { tree, metrics, namespaces, watches, wallMs } = this.#state
    this.#ttl.applying(txn.body)
    this.#result.wantsEvents = !watches.isEmpty
    tree.apply(txn, this.#result)
    this.#verifyDigest(txn)
    this.digestLog.applied(txn)
    this.#applyToSessions(txn, proposal)
    if (this.#result.err === ErrorCode.OK) namespaces.written(txn.body)
    // The time is the leader's, whose clock may be ahead of this one.
    const propagationMs = wallMs - toNumber(txn.header.timeHi, txn.header.timeLo)
    if (propagationMs >= 0) metrics.propagationLatency.add(propagationMs)
    this.#events.deliver(this.#result, txn.header.zxidHi, txn.header.zxidLo)
  }

  #answer(proposal: Proposal, connection: ClientConnection): void {
    const { txn, type, xid } = proposal
    const state = this.#state
    if (txn?.body.kind === 'error' && txn.body.err === ErrorCode.SESSIONMOVED) return this.#closeMoved(connection)
    if (txn?.body.kind === 'createSession') {
      if (connection.phase === ConnectionPhase.connecting) connection.phase = ConnectionPhase.established
      writeConnectResponse(state, connection)
    } else countReplyBytes(state, this.#reply(proposal, connection))
    const isSeen = txn?.body.kind !== 'error'
    if (isSeen) state.operations.add(type)
    noteAnswered(state, connection, type, isSeen, xid, proposal.receivedMs, txn !== null)
  }

  /** The session is another server's now: a client that has gone there must not be told that its request failed. */
  #closeMoved(connection: ClientConnection): void {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, 'SESSION_MOVED')
  }

  /** @returns bytes of the reply */
  #reply({ txn, type, xid, markError, markPath }: Proposal, connection: ClientConnection): number {
    const state = this.#state
    if (txn === null) {
      if (markError !== ErrorCode.OK) return replyHeaderOnly(state, connection, xid, markError)
      beginReply(state, connection, xid).writeString(markPath)
      return state.out.endFrame()
    }
    if (type !== OpCode.multi && this.#result.err !== ErrorCode.OK) {
      return replyHeaderOnly(state, connection, xid, this.#result.err)
    }
    if (txn.body.kind === 'error') return replyHeaderOnly(state, connection, xid, txn.body.err)
    writeReplyRecord(beginReply(state, connection, xid), type, txn.body, this.#result)
    return state.out.endFrame()
  }

  #noteStaleReply({ txn, type }: Proposal): void {
    if (type === OpCode.closeSession || txn?.body.kind === 'error') return
    if (this.#state.settings.requestStaleConnectionCheck) this.#state.metrics.staleReplies.add(1)
  }

  #applyToSessions(txn: Txn, proposal: Proposal): void {
    const { clientIdHi, clientIdLo } = txn.header
    const { sessions, nowMs } = this.#state
    if (txn.body.kind === 'createSession') {
      const session = sessions.create(clientIdHi, clientIdLo, txn.body.timeoutMs, nowMs)
      sessions.setOwner(session, proposal.owner)
      if (proposal.connection === null) return
      if (proposal.connection.phase === ConnectionPhase.closing) return
      proposal.connection.session = session
      session.ownerConnection = proposal.connection.id
    } else if (txn.body.kind === 'closeSession') {
      sessions.remove(clientIdHi, clientIdLo)
    }
  }

  /** The connection of a session that is gone is closed: after its reply, or, for an expired one, without a word. */
  #closeConnectionOf(proposal: Proposal): void {
    const { session } = proposal
    if (session === null || session.ownerConnection === null) return
    const connection = this.#state.connections.get(session.ownerConnection)
    session.ownerConnection = null
    if (connection === undefined || connection.phase === ConnectionPhase.closing) return
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, proposal.connection === null ? 'SESSION_EXPIRED' : 'CLIENT_CLOSED_SESSION')
  }

  #verifyDigest(txn: Txn): void {
    const { digest } = txn
    const { tree } = this.#state
    if (digest === null || (digest.treeDigestHi === tree.digestHi && digest.treeDigestLo === tree.digestLo)) return
    this.#state.metrics.digestMismatchesCount.add(1)
    const { zxidHi, zxidLo } = txn.header
    this.#state.out.log(
      'error',
      `digest mismatch at zxid 0x${toHex(zxidHi, zxidLo)}: the transaction says ` +
        `${toHex(digest.treeDigestHi, digest.treeDigestLo)}, the tree has ${toHex(tree.digestHi, tree.digestLo)}`
    )
  }
}
