import { JuteReader } from 'jute-ts'
import { type AclChecker, addIdentities } from '../../src/core/acl/acl-checker.ts'
import type { Identity } from '../../src/core/acl/authentication-provider.ts'
import type { CloseReason } from '../../src/core/outbox.ts'
import type { CoreSettings } from '../../src/core/pipeline/core-settings.ts'
import type { ConnectionId } from '../../src/core/ports.ts'
import type { TreeEventType } from '../../src/core/watch/watch-event.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'
import { decodeConnectResponse } from '../../src/protocol/generated/proto.ts'
import { toBigInt } from '../../src/protocol/int64.ts'
import { OpCode, Perm, Xid } from '../../src/protocol/op-code.ts'
import { WatchModel } from '../core/watch/watch-model.ts'
import type { Asked, Greeting } from './asked.ts'
import { judgeRead } from './judge-reads.ts'
import { judgeWrite } from './judge-writes.ts'
import type { Shadow } from './shadow.ts'
import { check, SimulationError } from './simulation-error.ts'

interface DueEvent {
  readonly zxid: number
  /** False for those of a closeSession without paths: ephemerals have no order. */
  readonly isOrdered: boolean
  readonly type: number
  readonly path: string
}

/** One connection as its client sees it, from what was given to the peer and what came back. */
export class JudgedConnection {
  readonly id: ConnectionId
  phase: 'opened' | 'connecting' | 'established' | 'closing' = 'opened'
  /** The peer is told in the next step that it is gone: what comes before that in the step may still be answered. */
  isEnding = false
  greeting: Greeting | null = null
  sessionId: bigint | null = null
  /** Requests that the peer was given and has not answered, in order; auth packets apart, since they may overtake. */
  readonly waiting: Asked[] = []
  readonly waitingAuths: Asked[] = []
  /** Writes that have neither happened nor been answered, in order. */
  readonly writes = new Set<Asked>()
  /** Identities once everything given to the peer has been taken; those of replies lag behind. */
  givenIdentities: readonly Identity[]
  identities: readonly Identity[]
  readonly dueEvents: DueEvent[] = []
  /** Events with zxid −1 since the last reply: what setWatches tells. */
  resetEvents: string[] = []
  lastZxid = 0
  /** Why the server may close it, besides what the log shows. */
  readonly closeReasons = new Set<CloseReason>()
  closedFor: CloseReason | null = null

  constructor(id: ConnectionId, address: string) {
    this.id = id
    this.givenIdentities = this.identities = [{ scheme: 'ip', id: address }]
  }
}

/** What the judge looks at in the peer. */
export interface PeerView {
  readonly settings: CoreSettings
  readonly nowMs: number
  readonly appliedZxid: number
  /** Newest zxid of which the peer has been told that it is durable. */
  readonly persistedZxid: number
  isSessionClosing(id: bigint): boolean
}

/**
 * Sees everything that the peer sends, as it sends it, and holds it against the shadow at that very zxid: replies in
 * order, never before their transaction is durable, with what the tree had then; each watch event once, and before any
 * reply that could show the change.
 */
export class Judge {
  readonly shadow: Shadow
  readonly acl: AclChecker
  readonly watches = new WatchModel()
  readonly connections = new Map<ConnectionId, JudgedConnection>()
  readonly sessionsGiven = new Set<bigint>()
  peer: PeerView
  #lastZxid = 0
  readonly #closesAsked: JudgedConnection[] = []
  /** Whose writes are those that have not happened, by xid. */
  readonly #writers = new Map<number, JudgedConnection>()
  replies = 0
  events = 0

  constructor(shadow: Shadow, acl: AclChecker, peer: PeerView) {
    this.shadow = shadow
    this.acl = acl
    this.peer = peer
  }

  opened(id: ConnectionId, address: string): JudgedConnection {
    const connection = new JudgedConnection(id, address)
    this.connections.set(id, connection)
    return connection
  }

  /** The connection's end goes into the next step's inputs. */
  ending(id: ConnectionId): void {
    const connection = this.connections.get(id)
    if (connection !== undefined) connection.isEnding = true
  }

  /** A request goes into the next step's inputs. */
  given(connection: JudgedConnection, asked: Asked): void {
    if (asked.type === OpCode.auth) {
      connection.waitingAuths.push(asked)
      connection.givenIdentities = addIdentities(connection.givenIdentities, asked.grants ?? [])
      return
    }
    asked.identities = connection.givenIdentities
    asked.givenMs = this.peer.nowMs
    connection.waiting.push(asked)
    if (asked.isWrite) this.#noteWrite(connection, asked)
    if (asked.type === OpCode.closeSession) this.#closesAsked.push(connection)
    this.shadow.noteRequest({
      type: asked.type,
      xid: asked.xid,
      body: asked.body,
      identities: connection.givenIdentities,
      sessionId: () => connection.sessionId
    })
  }

  /** Whether the client of a session has asked to close it. */
  isCloseAsked(sessionId: bigint): boolean {
    return this.#closesAsked.some((connection) => connection.sessionId === sessionId)
  }

  /** Brings the shadow up to what the peer has applied. */
  follow(): void {
    const { appliedZxid, persistedZxid } = this.peer
    check(appliedZxid <= persistedZxid, () => `applied 0x${appliedZxid} before it was durable`)
    while (this.shadow.zxid < appliedZxid) {
      const { zxid, cxid, events, isOrdered } = this.shadow.advance()
      this.#checkTurn(cxid)
      for (const { type, path, acl } of events) {
        for (const id of this.watches.trigger(type as TreeEventType, path)) {
          const connection = this.connections.get(id as ConnectionId)
          if (connection === undefined || connection.phase === 'closing') continue
          if (!this.acl.isAllowed(acl, Perm.read, connection.identities)) continue
          connection.dueEvents.push({ zxid, isOrdered, type, path })
        }
      }
    }
  }

  notified(id: ConnectionId, zxid: number, type: number, path: string): void {
    this.follow()
    this.events++
    const connection = this.connections.get(id)
    if (connection === undefined || connection.phase === 'closing') return
    if (zxid === -1) {
      connection.resetEvents.push(`${type} ${path}`)
      return
    }
    const [due] = connection.dueEvents
    const isDue = (one: DueEvent): boolean => one.zxid === zxid && one.type === type && one.path === path
    const at = connection.dueEvents.findIndex(isDue)
    const isInOrder = at === 0 || (at > 0 && due?.zxid === zxid && !due.isOrdered)
    check(isInOrder, () => `${id} was told of ${type} ${path} at ${zxid}, due was ${JSON.stringify(due)}`)
    connection.dueEvents.splice(at, 1)
  }

  replied(id: ConnectionId, xid: number, zxid: number, err: number, body: Buffer): void {
    this.follow()
    this.replies++
    const connection = this.#openConnection(id, `a reply to xid ${xid}`)
    if (connection === null) return
    if (xid === Xid.auth) return this.#authAnswered(connection, err)
    if (err === ErrorCode.UNIMPLEMENTED && zxid === -1) return this.#unknownAnswered(connection, xid)
    const asked = connection.waiting.shift()
    check(
      asked !== undefined && asked.replyXid(err) === xid,
      () => `${id} got a reply to xid ${xid} (error ${err}), due was that to ${asked?.xid}`
    )
    check(zxid === this.peer.appliedZxid, () => `a reply has zxid ${zxid}, the tree is at ${this.peer.appliedZxid}`)
    check(zxid >= connection.lastZxid && zxid >= this.#lastZxid, () => `zxids of replies went back to ${zxid}`)
    connection.lastZxid = this.#lastZxid = zxid
    const [due] = connection.dueEvents
    check(due === undefined, () => `${id} has a reply at ${zxid} before the event ${JSON.stringify(due)}`)
    if (asked === undefined) return
    connection.writes.delete(asked)
    if (err === ErrorCode.THROTTLEDOP) return this.#checkThrottled(asked)
    if (asked.isWrite) judgeWrite(this, connection, asked, { zxid, err, body })
    else judgeRead(this, connection, asked, { zxid, err, body })
    const told = connection.resetEvents.splice(0)
    check(told.length === 0, () => `${id} was told of ${told} though it set no watches`)
  }

  /** A ConnectResponse. */
  greeted(id: ConnectionId, body: Buffer): void {
    this.follow()
    const connection = this.#openConnection(id, 'a ConnectResponse')
    const greeting = connection?.greeting
    if (connection === null || greeting === null || greeting === undefined)
      throw new SimulationError('nobody connected')
    const hasByte = greeting.hasReadOnlyByte
    check(body.length === (hasByte ? 37 : 36), () => `a ConnectResponse of ${body.length} bytes, asked with ${hasByte}`)
    const response = decodeConnectResponse(new JuteReader(Buffer.concat([body, Buffer.alloc(1)])))
    const sessionId = toBigInt(response.sessionIdHi, response.sessionIdLo)
    if (greeting.sessionId === null) {
      check(!this.sessionsGiven.has(sessionId), () => `session ${sessionId} was given twice`)
      check(this.shadow.sessions.has(sessionId), () => `session ${sessionId} is not in the log yet`)
    } else {
      const isClosing = this.peer.isSessionClosing(greeting.sessionId)
      const isAlive = this.shadow.sessions.has(greeting.sessionId) && !isClosing && greeting.isPasswordRight
      const granted = isAlive ? greeting.sessionId : 0n
      check(sessionId === granted, () => `resuming ${greeting.sessionId} gave ${sessionId}, must be ${granted}`)
      if (!isAlive) {
        check(response.timeOut === 0, () => `a refused session has a timeout of ${response.timeOut}`)
        connection.closeReasons.add('SESSION_REOPEN_FAILED')
        return
      }
    }
    check(response.timeOut === greeting.timeoutMs, () => `timeout ${response.timeOut}, must be ${greeting.timeoutMs}`)
    this.sessionsGiven.add(sessionId)
    connection.sessionId = sessionId
    connection.phase = 'established'
  }

  serverClosed(id: ConnectionId, reason: CloseReason): void {
    this.follow()
    const connection = this.connections.get(id)
    if (connection === undefined) throw new SimulationError(`closed ${id}, which is gone (${reason})`)
    check(connection.closedFor === null, () => `closed ${id} for ${connection.closedFor}, then for ${reason}`)
    const { sessionId } = connection
    const isSessionOver = sessionId !== null && !this.shadow.sessions.has(sessionId)
    const isOfSession = reason === 'SESSION_EXPIRED' || reason === 'CLIENT_CLOSED_SESSION'
    const isExpected = isOfSession ? isSessionOver : connection.closeReasons.has(reason) || this.#isFlowControl(reason)
    check(isExpected, () => `closed ${id} for ${reason}, though nothing calls for it`)
    connection.phase = 'closing'
    connection.closedFor = reason
  }

  /** Between steps: nothing that is due may be missing. */
  stepped(): void {
    this.follow()
    for (const { id, phase, isEnding, dueEvents, resetEvents } of this.connections.values()) {
      if (isEnding) {
        this.connections.delete(id)
        this.watches.connectionClosed(id)
      }
      if (isEnding || phase === 'closing') continue
      check(dueEvents.length === 0, () => `${id} was not told of ${JSON.stringify(dueEvents)}`)
      check(resetEvents.length === 0, () => `${id} was told of ${resetEvents} without a reply behind it`)
    }
  }

  /** The server has crashed: all connections are gone. */
  crashed(): void {
    this.#writers.clear()
    this.connections.clear()
    this.watches.watches = []
  }

  /** Whether a connection may be closed for this because of how the server is set. */
  #isFlowControl(reason: CloseReason): boolean {
    const { settings } = this.peer
    switch (reason) {
      case 'CNX_STALE':
        return settings.requestThrottleMax > 0 && settings.requestThrottleDropStale && settings.requestStaleLatencyCheck
      case 'IO_EXCEPTION':
        return settings.largeRequestThresholdBytes > 0
      case 'CONNECTION_REJECTED':
        return settings.connectionThrottle.tokensMax > 0
      default:
        return false
    }
  }

  #noteWrite(connection: JudgedConnection, asked: Asked): void {
    connection.writes.add(asked)
    this.#writers.set(asked.xid, connection)
  }

  /** A write of a connection happens after those sent before it, whatever was dropped in between. */
  #checkTurn(cxid: number): void {
    const connection = this.#writers.get(cxid)
    if (connection === undefined) return
    this.#writers.delete(cxid)
    for (const asked of connection.writes) {
      if (asked.xid === cxid) {
        connection.writes.delete(asked)
        return
      }
      const hasTxn = asked.isWhole && asked.type !== OpCode.closeSession
      check(
        !hasTxn || this.peer.settings.throttledOpWaitTimeMs > 0,
        () => `${connection.id}: xid ${cxid} happened, but not xid ${asked.xid} before it`
      )
    }
  }

  #checkThrottled(asked: Asked): void {
    const waitedMs = this.peer.nowMs - asked.givenMs
    const { throttledOpWaitTimeMs: limitMs } = this.peer.settings
    check(limitMs > 0 && waitedMs > limitMs, () => `xid ${asked.xid} was throttled after ${waitedMs} ms`)
    check(!this.shadow.outcomes.has(asked.xid), () => `xid ${asked.xid} was throttled, and has happened`)
    const isSpared = asked.type === OpCode.ping || asked.type === OpCode.closeSession
    check(!isSpared, () => `xid ${asked.xid} of type ${asked.type} was throttled`)
  }

  #authAnswered(connection: JudgedConnection, err: number): void {
    const asked = connection.waitingAuths.shift()
    if (asked === undefined) throw new SimulationError(`${connection.id} got an answer to an auth it did not send`)
    const expected = asked.grants === null ? ErrorCode.AUTHFAILED : ErrorCode.OK
    check(err === expected, () => `auth was answered ${err}, must be ${expected}`)
    if (asked.grants === null) connection.closeReasons.add('AUTH_FAILED')
    else connection.identities = addIdentities(connection.identities, asked.grants)
  }

  #unknownAnswered(connection: JudgedConnection, xid: number): void {
    const asked = connection.waiting.find((one) => one.xid === xid)
    check(asked?.isUnknown === true, () => `xid ${xid}, a request of type ${asked?.type}, was answered UNIMPLEMENTED`)
    connection.closeReasons.add('UNIMPLEMENTED')
  }

  #openConnection(id: ConnectionId, what: string): JudgedConnection | null {
    const connection = this.connections.get(id)
    if (connection === undefined) throw new SimulationError(`${what} for ${id}, which is gone`)
    check(connection.phase !== 'closing', () => `${what} for ${id}, which was closed for ${connection.closedFor}`)
    return connection
  }
}
