import { JuteError, type JuteReader, JuteWriter } from 'jute-ts'
import { Fifo } from '../../collections/fifo.ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import {
  decodeSyncRequest,
  skipCreateRequest,
  skipCreateTTLRequest,
  skipDeleteContainerRequest,
  skipDeleteRequest,
  skipReconfigRequest,
  skipSetACLRequest,
  skipSetDataRequest
} from '../../protocol/generated/proto.ts'
import { Int64Map } from '../../protocol/int64-map.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import { readAuditedRequest } from '../audit/audited-request.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'
import type { Session } from '../session/session.ts'
import type { SessionIdSequence } from '../session/session-id.ts'
import { beginLocalSession, endLocalSession, upgradeFor } from './local-sessions.ts'
import type { PeerState } from './peer-state.ts'
import type { LeaderPort } from './role-ports.ts'
import { LOCAL_OWNER } from './role-ports.ts'
import type { ClientOrigin, SessionClaim, WriteEntry } from './write-entry.ts'

/**
 * Writes of a learner: they go to the leader, and come back as transactions that bear the session and the cxid of the
 * request. Requests of one session come back in the order in which they were sent, so a transaction of a session answers
 * the oldest request that its connection waits for, or none.
 */
export class ForwardedWrites implements WriteEntry {
  readonly #state: PeerState
  readonly #leader: LeaderPort
  readonly #sessionIds: SessionIdSequence
  readonly #reader: JuteReader
  /** By session: what was forwarded and has not come back, oldest first. Everything comes back, in order. */
  readonly #forwarded = new Int64Map<Fifo<Proposal>>()
  /** Connections that wait to hear whether their session lives, oldest first for each session. */
  readonly #resuming: Resuming[] = []
  readonly #syncs = new Fifo<Proposal>()
  readonly #timeout = new JuteWriter(4)

  /** @param reader stands at a request's body whenever `submit` is called */
  constructor(state: PeerState, leader: LeaderPort, sessionIds: SessionIdSequence, reader: JuteReader) {
    this.#state = state
    this.#leader = leader
    this.#sessionIds = sessionIds
    this.#reader = reader
  }

  submit(origin: ClientOrigin): Proposal | number {
    const { session, type, xid, connection } = origin
    if (session === null) return ErrorCode.SESSIONEXPIRED
    if (type === OpCode.sync) return this.#sync(origin, session)
    // An Apache leader never answers what it cannot read, and everything of the session behind it would wait for ever.
    if (!this.#isReadable(type)) return ErrorCode.MARSHALLINGERROR
    const upgrade = upgradeFor(this.#state, session, type, this.#reader)
    if (upgrade === ErrorCode.OK) this.#upgrade(session)
    else if (upgrade !== null) return upgrade
    const { audit } = this.#state
    const request = audit === null ? null : readAuditedRequest(type, this.#reader)
    const audited = request === null || audit === null ? null : audit.asked(connection, request)
    const proposal = this.#enqueue(session.idHi, session.idLo, { ...placeOf(origin), audited })
    const body = type === OpCode.closeSession ? null : this.#body()
    this.#leader.request(session.idHi, session.idLo, xid, type, body, connection.identities)
    return proposal
  }

  createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): Proposal | null {
    do this.#sessionIds.next()
    while (this.#isKnown(this.#sessionIds.hi, this.#sessionIds.lo))
    const { hi, lo } = this.#sessionIds
    if (this.#state.settings.localSessionsEnabled) {
      beginLocalSession(this.#state, connection, hi, lo, timeoutMs)
      return null
    }
    const type = OpCode.createSession
    const origin = { connection, session: null, type, xid: 0, receivedMs, largeBytes: 0, owner: LOCAL_OWNER }
    const proposal = this.#enqueue(hi, lo, placeOf(origin))
    this.#timeout.reset().writeInt(timeoutMs)
    this.#leader.request(hi, lo, 0, type, this.#timeout.bytes(), null)
    return proposal
  }

  /** Only the leader ends global sessions. */
  expire(session: Session): void {
    if (!session.isLocal) throw new Error('a learner has expired a global session')
    endLocalSession(this.#state, session, 'SESSION_EXPIRED')
  }

  resume(connection: ClientConnection, session: Session | undefined, claim: SessionClaim): boolean | null {
    if (session?.isLocal) return this.#state.sessions.changeTimeout(session, claim.timeoutMs, this.#state.nowMs)
    this.#resuming.push({ connection, claim })
    this.#leader.revalidate(claim.idHi, claim.idLo, claim.timeoutMs)
    return null
  }

  /** The connection that waited longest for the leader's word on this session; undefined if it is gone. */
  takeResuming(sessionHi: number, sessionLo: number): Resuming | undefined {
    const index = this.#resuming.findIndex(({ claim }) => claim.idHi === sessionHi && claim.idLo === sessionLo)
    return index < 0 ? undefined : this.#resuming.splice(index, 1)[0]
  }

  /** The request that a committed transaction answers; null if none of this server's clients asked for it. */
  takeAnswered({ header }: Txn): Proposal | null {
    const { clientIdHi, clientIdLo, cxid } = header
    const queue = this.#forwarded.get(clientIdHi, clientIdLo)
    if (queue === undefined || queue.peek()?.xid !== cxid) return null
    const proposal = queue.shift()
    if (queue.size === 0) this.#forwarded.delete(clientIdHi, clientIdLo)
    return proposal ?? null
  }

  /** The oldest sync that the leader has not answered yet. */
  takeSynced(): Proposal | undefined {
    return this.#syncs.shift()
  }

  /** The transaction answers nobody: the request that needs it comes right behind. */
  #upgrade(session: Session): void {
    const { idHi, idLo, timeoutMs } = session
    this.#state.sessions.upgrade(session)
    this.#timeout.reset().writeInt(timeoutMs)
    this.#leader.request(idHi, idLo, 0, OpCode.createSession, this.#timeout.bytes(), null)
  }

  #sync(origin: ClientOrigin, session: Session): Proposal | number {
    const { offset } = this.#reader
    try {
      const { path } = decodeSyncRequest(this.#reader)
      this.#reader.offset = offset
      const proposal = { ...placeOf(origin), markPath: path }
      this.#syncs.push(proposal)
      this.#leader.request(
        session.idHi,
        session.idLo,
        origin.xid,
        origin.type,
        this.#body(),
        origin.connection.identities
      )
      return proposal
    } catch (error) {
      if (error instanceof JuteError) return ErrorCode.MARSHALLINGERROR
      throw error
    }
  }

  #isKnown(hi: number, lo: number): boolean {
    return this.#state.sessions.get(hi, lo) !== undefined || this.#forwarded.get(hi, lo) !== undefined
  }

  #enqueue(sessionHi: number, sessionLo: number, proposal: Proposal): Proposal {
    const queue = this.#forwarded.get(sessionHi, sessionLo)
    if (queue !== undefined) {
      queue.push(proposal)
      return proposal
    }
    const first = new Fifo<Proposal>()
    first.push(proposal)
    this.#forwarded.set(sessionHi, sessionLo, first)
    return proposal
  }

  #body(): Uint8Array {
    const { buffer, offset, end } = this.#reader
    return buffer.subarray(offset, end)
  }

  /** A multi is answered by every leader, whatever is in it. */
  #isReadable(type: number): boolean {
    const { offset } = this.#reader
    try {
      skipRequest(type, this.#reader)
      return true
    } catch (error) {
      if (error instanceof JuteError) return false
      throw error
    } finally {
      this.#reader.offset = offset
    }
  }
}

interface Resuming {
  readonly connection: ClientConnection
  readonly claim: SessionClaim
}

function placeOf(origin: ClientOrigin): Proposal {
  const { connection, session, type, xid, receivedMs, largeBytes, owner } = origin
  return {
    txn: null,
    sequence: 0,
    connection,
    session,
    type,
    xid,
    receivedMs,
    largeBytes,
    markError: ErrorCode.OK,
    markPath: null,
    audited: null,
    owner
  }
}

function skipRequest(type: number, reader: JuteReader): void {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return skipCreateRequest(reader)
    case OpCode.createTTL:
      return skipCreateTTLRequest(reader)
    case OpCode.delete:
      return skipDeleteRequest(reader)
    case OpCode.deleteContainer:
      return skipDeleteContainerRequest(reader)
    case OpCode.setData:
      return skipSetDataRequest(reader)
    case OpCode.setACL:
      return skipSetACLRequest(reader)
    case OpCode.reconfig:
      return skipReconfigRequest(reader)
    case OpCode.createSession:
      return reader.skip(4, 'createSession.timeOut')
    default:
  }
}
