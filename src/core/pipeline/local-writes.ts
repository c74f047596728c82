import { JuteError, JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeSyncRequest } from '../../protocol/generated/proto.ts'
import { compareInt64, toHex } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import type { Txn } from '../../protocol/txn.ts'
import type { Identity } from '../acl/authentication-provider.ts'
import { type AuditedWrite, readAuditedRequest } from '../audit/audited-request.ts'
import type { ClientConnection, Proposal } from '../client-connection.ts'
import type { Session, SessionOwner } from '../session/session.ts'
import type { SessionIdSequence } from '../session/session-id.ts'
import { createsEphemeral } from './ephemeral-create.ts'
import { beginLocalSession, endLocalSession, upgradeFor } from './local-sessions.ts'
import type { PeerState } from './peer-state.ts'
import { prepareCloseSession } from './prepare/close-session.ts'
import { isWrite, prepareWrite } from './prepare/prepare-write.ts'
import { LOCAL_OWNER } from './role-ports.ts'
import type { ClientOrigin, SessionClaim, WriteEntry } from './write-entry.ts'
import type { WriteOrder, WriteOrigin } from './write-order.ts'

/** A request that a learner forwarded. */
export interface RemoteRequest {
  readonly learner: SessionOwner
  readonly sessionHi: number
  readonly sessionLo: number
  readonly cxid: number
  readonly type: number
  readonly identities: readonly Identity[]
}

/** Writes of a standalone server and of a leader: prepared here, against the tree with the outstanding changes over it. */
export class LocalWrites implements WriteEntry {
  readonly #state: PeerState
  readonly #order: WriteOrder
  readonly #sessionIds: SessionIdSequence
  readonly #reader: JuteReader
  readonly #remoteReader: JuteReader
  /** Sessions that learners have asked for and whose transaction is not applied yet, oldest first. */
  readonly #created = new Map<string, Txn['header']>()

  /** @param reader stands at a request's body whenever `submit` is called */
  constructor(state: PeerState, order: WriteOrder, sessionIds: SessionIdSequence, reader: JuteReader) {
    this.#state = state
    this.#order = order
    this.#sessionIds = sessionIds
    this.#reader = reader
    this.#remoteReader = new JuteReader(undefined, reader.lengthMax)
  }

  submit(origin: ClientOrigin): Proposal | number {
    const { type, connection } = origin
    if (type === OpCode.sync) return this.#sync(origin, this.#reader)
    if (type === OpCode.closeSession) {
      return this.#closeSession(origin) ?? this.#order.mark(origin, ErrorCode.SESSIONEXPIRED, null)
    }
    if (type === OpCode.createSession) return this.#strayCreateSession(origin)
    const upgrade = upgradeFor(this.#state, origin.session, type, this.#reader)
    if (upgrade === ErrorCode.OK && origin.session !== null) this.#upgrade(origin, origin.session)
    else if (upgrade !== null) return upgrade
    const context = this.#order.begin(origin.session, this.#sessionError(origin.session, LOCAL_OWNER))
    context.identities = connection.identities
    const audited = this.#state.audit === null ? null : this.#audited(connection, type)
    const prepared = prepareWrite(context, type, this.#reader)
    if (prepared === null) return this.#order.mark(origin, ErrorCode.MARSHALLINGERROR, null, audited)
    if (typeof prepared === 'number') return this.#order.proposeError(origin, prepared, audited)
    return this.#order.propose(origin, prepared, prepared.kind === 'create' ? prepared.type : type, audited)
  }

  createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): Proposal | null {
    this.#nextSessionId()
    if (this.#state.settings.localSessionsEnabled) {
      beginLocalSession(this.#state, connection, this.#sessionIds.hi, this.#sessionIds.lo, timeoutMs)
      return null
    }
    const context = this.#order.begin(null, ErrorCode.OK)
    context.sessionHi = this.#sessionIds.hi
    context.sessionLo = this.#sessionIds.lo
    const type = OpCode.createSession
    const origin = { connection, session: null, type, xid: 0, receivedMs, largeBytes: 0, owner: LOCAL_OWNER }
    return this.#order.propose(origin, { kind: 'createSession', timeoutMs }, type)
  }

  expire(session: Session, receivedMs: number): void {
    if (session.isLocal) return endLocalSession(this.#state, session, 'SESSION_EXPIRED')
    const type = OpCode.closeSession
    this.#closeSession({ connection: null, session, type, xid: 0, receivedMs, largeBytes: 0, owner: LOCAL_OWNER })
  }

  resume(_connection: ClientConnection, session: Session | undefined, { timeoutMs }: SessionClaim): boolean {
    const { sessions, nowMs } = this.#state
    if (session === undefined || !sessions.changeTimeout(session, timeoutMs, nowMs)) return false
    sessions.setOwner(session, LOCAL_OWNER)
    return true
  }

  /**
   * Takes a request that a learner forwarded: whatever it is, it comes back to the learner as a transaction, or, if it is
   * a sync, by `FollowersPort.synced`. One that cannot be read becomes an error: the learner waits for something.
   *
   * @param body valid during the call only
   */
  submitRemote(request: RemoteRequest, body: Uint8Array): void {
    const { learner, sessionHi, sessionLo, cxid, type } = request
    const session = this.#state.sessions.get(sessionHi, sessionLo) ?? null
    const receivedMs = Math.floor(this.#state.nowMs)
    const origin = { connection: null, session, type, xid: cxid, receivedMs, largeBytes: 0, owner: learner }
    const reader = this.#remoteReader.reset(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
    this.#state.meter.tookRemote(receivedMs)
    if (type === OpCode.sync) {
      this.#order.mark(origin, ErrorCode.OK, null)
      return
    }
    const isServersOwn = type === OpCode.createSession || type === OpCode.closeSession
    const error = isServersOwn ? ErrorCode.OK : this.#remoteError(request, session, reader)
    const context = this.#order.begin(session, error)
    context.sessionHi = sessionHi
    context.sessionLo = sessionLo
    context.identities = request.identities
    if (type === OpCode.createSession && reader.remaining >= 4) {
      this.#noteCreated(this.#order.propose(origin, { kind: 'createSession', timeoutMs: reader.readInt() }, type))
    } else if (type === OpCode.closeSession) {
      const paths = prepareCloseSession(context)
      if (session !== null) this.#state.sessions.markClosing(session)
      this.#order.propose(origin, paths, type)
    } else {
      const prepared = isWrite(type) ? prepareWrite(context, type, reader) : ErrorCode.UNIMPLEMENTED
      if (prepared === null) this.#order.proposeError(origin, ErrorCode.MARSHALLINGERROR)
      else if (typeof prepared === 'number') this.#order.proposeError(origin, prepared)
      else this.#order.propose(origin, prepared, prepared.kind === 'create' ? prepared.type : type)
    }
  }

  /** The transaction answers nobody: the request that needs it comes right behind. */
  #upgrade(origin: ClientOrigin, session: Session): void {
    this.#state.sessions.upgrade(session)
    const context = this.#order.begin(session, ErrorCode.OK)
    context.sessionHi = session.idHi
    context.sessionLo = session.idLo
    const own = { ...origin, connection: null, type: OpCode.createSession, xid: 0, largeBytes: 0 }
    this.#order.propose(own, { kind: 'createSession', timeoutMs: session.timeoutMs }, OpCode.createSession)
  }

  /**
   * A session that only the learner knows may be local there, or has ended, which the learner does not know yet. It must not
   * get an ephemeral node, which would stay for ever, but where it is just becoming a global one. (Upstream gives it one.)
   */
  #remoteError(
    { learner, sessionHi, sessionLo, type }: RemoteRequest,
    session: Session | null,
    body: JuteReader
  ): ErrorCode {
    const { localSessionsEnabled, serverId } = this.#state.settings
    const mayBeLocal = session === null && localSessionsEnabled && sessionHi >>> 24 !== (serverId & 0xff)
    if (!mayBeLocal) return this.#sessionError(session, learner)
    const isAllowed = !createsEphemeral(type, body) || this.#isBeingCreated(sessionHi, sessionLo)
    return isAllowed ? ErrorCode.OK : ErrorCode.SESSIONEXPIRED
  }

  #isBeingCreated(sessionHi: number, sessionLo: number): boolean {
    const header = this.#created.get(toHex(sessionHi, sessionLo))
    return header !== undefined && !this.#isApplied(header)
  }

  #noteCreated({ txn }: Proposal): void {
    if (txn === null || !this.#state.settings.localSessionsEnabled) return
    for (const [session, header] of this.#created) {
      if (!this.#isApplied(header)) break
      this.#created.delete(session)
    }
    this.#created.set(toHex(txn.header.clientIdHi, txn.header.clientIdLo), txn.header)
  }

  #isApplied({ zxidHi, zxidLo }: Txn['header']): boolean {
    const { lastZxidHi, lastZxidLo } = this.#state.tree
    return compareInt64(zxidHi, zxidLo, lastZxidHi, lastZxidLo) <= 0
  }

  #closeSession(origin: WriteOrigin): Proposal | null {
    const { session } = origin
    if (session === null) return null
    const body = prepareCloseSession(this.#order.begin(session, ErrorCode.OK))
    this.#state.sessions.markClosing(session)
    return this.#order.propose(origin, body, OpCode.closeSession)
  }

  /** The first request of a session after a change of leader settles by which server it comes. */
  #sessionError(session: Session | null, owner: SessionOwner): ErrorCode {
    if (session === null || session.isClosing) return ErrorCode.SESSIONEXPIRED
    if (session.owner === owner) return ErrorCode.OK
    if (session.owner !== null) return ErrorCode.SESSIONMOVED
    this.#state.sessions.setOwner(session, owner)
    return ErrorCode.OK
  }

  #audited(connection: ClientConnection, type: number): AuditedWrite | null {
    const request = readAuditedRequest(type, this.#reader)
    return request === null ? null : (this.#state.audit?.asked(connection, request) ?? null)
  }

  /** Waits for all writes before it; the path is echoed and need not exist. */
  #sync(origin: WriteOrigin, reader: JuteReader): Proposal {
    try {
      return this.#order.mark(origin, ErrorCode.OK, decodeSyncRequest(reader).path)
    } catch (error) {
      if (error instanceof JuteError) return this.#order.mark(origin, ErrorCode.MARSHALLINGERROR, null)
      throw error
    }
  }

  /** createSession of a connection that has a session: what upstream makes of a stray request. */
  #strayCreateSession(origin: WriteOrigin): Proposal {
    if (this.#reader.remaining < 4) return this.#order.mark(origin, ErrorCode.MARSHALLINGERROR, null)
    this.#order.begin(origin.session, ErrorCode.OK)
    const body = { kind: 'createSession', timeoutMs: this.#reader.readInt() } as const
    return this.#order.propose(origin, body, OpCode.createSession)
  }

  /** Skips ids of living sessions: the clock they are made from may start again with the machine. */
  #nextSessionId(): void {
    do this.#sessionIds.next()
    while (this.#state.sessions.get(this.#sessionIds.hi, this.#sessionIds.lo) !== undefined)
  }
}
