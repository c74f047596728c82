import { ErrorCode } from '../../protocol/error-code.ts'
import { toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { Proposal } from '../client-connection.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import { type ApplyResult, createApplyResult } from '../tree/data-tree.ts'
import { writeConnectResponse } from './connect-response.ts'
import { DigestLog } from './digest-log.ts'
import { EventDelivery } from './events.ts'
import type { PeerState } from './peer-state.ts'
import { beginReply, noteAnswered, replyHeaderOnly } from './reply.ts'
import { writeReplyRecord } from './write-reply.ts'

/** Applies committed transactions: tree, sessions, then the events, then the reply. */
export class Committer {
  readonly #state: PeerState
  readonly #events: EventDelivery
  readonly #result: ApplyResult = createApplyResult()
  readonly digestLog: DigestLog

  constructor(state: PeerState) {
    this.#state = state
    this.#events = new EventDelivery(state)
    this.digestLog = new DigestLog(state.tree)
  }

  /** Applies a proposal's transaction, if it has one, and answers who waits for it. */
  commit(proposal: Proposal): void {
    const { txn, connection } = proposal
    if (txn !== null) {
      this.#state.tree.apply(txn, this.#result)
      this.#verifyDigest(txn)
      this.digestLog.applied(txn)
      this.#applyToSessions(txn, proposal)
      this.#events.deliver(this.#result, txn.header.zxidHi, txn.header.zxidLo)
    }
    if (connection !== null && connection.phase !== ConnectionPhase.closing) this.#answer(proposal, connection)
    if (txn?.body.kind === 'closeSession') this.#closeConnectionOf(proposal)
  }

  #answer(proposal: Proposal, connection: ClientConnection): void {
    const { txn, type, xid } = proposal
    const state = this.#state
    if (txn === null) {
      if (proposal.markError !== ErrorCode.OK) replyHeaderOnly(state, connection, xid, proposal.markError)
      else {
        beginReply(state, connection, xid).writeString(proposal.markPath)
        state.out.endFrame()
      }
    } else if (txn.body.kind === 'createSession') {
      if (connection.phase === ConnectionPhase.connecting) connection.phase = ConnectionPhase.established
      writeConnectResponse(state, connection)
    } else if (type !== OpCode.multi && this.#result.err !== ErrorCode.OK) {
      replyHeaderOnly(state, connection, xid, this.#result.err)
    } else if (txn.body.kind === 'error') {
      replyHeaderOnly(state, connection, xid, txn.body.err)
    } else {
      writeReplyRecord(beginReply(state, connection, xid), type, this.#result)
      state.out.endFrame()
    }
    noteAnswered(state, connection, type, xid, proposal.receivedMs)
    state.metrics.updateLatency.add(Math.max(0, Math.round(state.nowMs - proposal.receivedMs)))
  }

  #applyToSessions(txn: Txn, proposal: Proposal): void {
    const { clientIdHi, clientIdLo } = txn.header
    const { sessions, nowMs } = this.#state
    if (txn.body.kind === 'createSession') {
      const session = sessions.create(clientIdHi, clientIdLo, txn.body.timeoutMs, nowMs)
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
