import { JuteReader } from 'jute-ts'
import { ErrorCode } from '../protocol/error-code.ts'
import {
  type ConnectResponse,
  decodeReplyHeader,
  decodeSetSASLResponse,
  decodeWatcherEvent,
  encodeAuthPacket,
  encodeGetSASLRequest,
  type ReplyHeader
} from '../protocol/generated/proto.ts'
import { compareInt64, toBigInt, toHex } from '../protocol/int64.ts'
import { OpCode, Xid } from '../protocol/op-code.ts'
import { type AuthEntry, type AuthInfo, AuthList } from './auth-list.ts'
import type { Chroot } from './chroot.ts'
import { formatServer, type ServerAddress } from './connect-string.ts'
import { Connection, type ConnectionListener } from './connection.ts'
import { type ConnectionState, type FinalState, isFinal } from './connection-state.ts'
import { ClientClosedError, type ZkError } from './errors.ts'
import { decodeGreeting, encodeGreeting, type SessionCredentials } from './handshake.ts'
import { Heartbeat, type HeartbeatListener } from './heartbeat.ts'
import { closeSessionRequest } from './operations/session.ts'
import type { ResolvedOptions } from './options.ts'
import { ReadWriteSearch } from './read-write-search.ts'
import { ReconnectPolicy } from './reconnect-policy.ts'
import { encodeFrame, encodeRequest, type Request } from './request.ts'
import { Requests } from './requests.ts'
import { SaslLogin, saslExchangeOf } from './sasl-login.ts'
import { ServerList } from './server-list.ts'
import { setWatchesRequests } from './set-watches.ts'
import { notify, WatchRegistry } from './watch-registry.ts'
import { eventTypeOf } from './watched-event.ts'
import { errorOfWire } from './wire-error.ts'

/** Of the tokens of a SASL login, which come before all requests and have no place among their numbers. */
const LOGIN_XID = 0

/**
 * A session with an ensemble, over one connection after the other: it connects, resumes, pings, gives identities and
 * watches to each new server, matches replies to requests, and tells of events and changes of state.
 *
 * Requests that were sent when a connection is lost fail with ConnectionLoss. Requests that were not yet sent wait for the
 * next server, and fail when every server of the list has been tried in vain.
 */
export class Session implements ConnectionListener, HeartbeatListener {
  readonly watches: WatchRegistry
  readonly #options: ResolvedOptions
  readonly #chroot: Chroot
  readonly #onState: (state: ConnectionState) => void
  readonly #servers: ServerList
  readonly #reconnect: ReconnectPolicy
  readonly #requests: Requests
  readonly #auth = new AuthList()
  readonly #reader = new JuteReader()
  #state: ConnectionState = 'connecting'
  #connection: Connection | null = null
  /** Whether the server of `#connection` has accepted the session. */
  #isEstablished = false
  /** While the session is there and the SASL exchange is not over. */
  #login: SaslLogin | null = null
  #heartbeat: Heartbeat | null = null
  #readWriteSearch: ReadWriteSearch | null = null
  #preferredServer: ServerAddress | null = null
  #credentials: SessionCredentials | null
  /** A session of a read-only server is known to that server alone and cannot be resumed. */
  #isResumable: boolean
  #timeoutMs: number
  #lastZxidHi = 0
  #lastZxidLo = 0
  #closing: Promise<void> | null = null
  #attemptTimer: NodeJS.Timeout | undefined
  #reconnectTimer: NodeJS.Timeout | undefined
  #expiryTimer: NodeJS.Timeout | undefined

  /** Connects at once; nothing is told before the current turn has ended. */
  constructor(
    servers: readonly ServerAddress[],
    chroot: Chroot,
    options: ResolvedOptions,
    onState: (state: ConnectionState) => void
  ) {
    this.watches = new WatchRegistry(options.watchCountMax)
    this.#options = options
    this.#chroot = chroot
    this.#onState = onState
    this.#servers = new ServerList(servers, options.shufflesServers ? Math.random : null)
    this.#requests = new Requests(options)
    this.#reconnect = new ReconnectPolicy(servers.length, options.reconnectDelayMsMax, Math.random)
    this.#credentials = options.session
    this.#isResumable = options.session !== null
    this.#timeoutMs = options.sessionTimeoutMs
    for (const info of options.auth) this.#auth.add(info)
    this.#connect()
  }

  get state(): ConnectionState {
    return this.#state
  }

  /** Null until a server has granted one. */
  get credentials(): SessionCredentials | null {
    return this.#credentials
  }

  /** What the server granted; before that what is asked for. */
  get timeoutMs(): number {
    return this.#timeoutMs
  }

  /** Server of the present connection or attempt. */
  get server(): ServerAddress | null {
    return this.#connection?.server ?? null
  }

  get lastZxid(): bigint {
    return toBigInt(this.#lastZxidHi, this.#lastZxidLo)
  }

  submit<T>(request: Request<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const refusal = this.#refusalOf(request.path)
      if (refusal === null) this.#add(request, resolve, reject)
      else reject(refusal)
    })
  }

  /** Gives an identity to this server, and to those that follow; resolves when a server has taken it. */
  addAuth(info: AuthInfo): Promise<void> {
    return new Promise((resolve, reject) => {
      if (isFinal(this.#state) || this.#closing !== null) {
        reject(this.#refusalOf(null))
        return
      }
      const entry = this.#auth.add(info)
      entry.waiters.push({ resolve, reject })
      if (this.#connection !== null && this.#isEstablished) {
        this.#sendAuth(this.#connection, entry)
        this.#flush(this.#connection)
      }
    })
  }

  /** Ends the session after what has been submitted so far; never rejects. */
  close(): Promise<void> {
    if (this.#closing === null) {
      this.#closing = isFinal(this.#state)
        ? Promise.resolve()
        : new Promise((resolve) => {
            const done = () => {
              this.#end('closed')
              resolve()
            }
            this.#add(closeSessionRequest(), done, done)
          })
    }
    return this.#closing
  }

  /** Lets go of the connection and leaves the session to its timeout. */
  abandon(): void {
    this.#end('closed')
  }

  onOpen(connection: Connection): void {
    encodeFrame(connection.out, (writer) =>
      encodeGreeting(writer, {
        session: this.#isResumable ? this.#credentials : null,
        timeoutMs: this.#options.sessionTimeoutMs,
        readOnly: this.#options.readOnly,
        lastZxidHi: this.#lastZxidHi,
        lastZxidLo: this.#lastZxidLo
      })
    )
    connection.flushSoon()
  }

  onFrame(connection: Connection, frame: Buffer): void {
    if (!this.#isEstablished) {
      if (this.#login === null) this.#greeted(connection, frame)
      else this.#loginAnswered(this.#login, frame)
      return
    }
    this.#heartbeat?.heard()
    const header = decodeReplyHeader(this.#reader.reset(frame))
    switch (header.xid) {
      case Xid.notification:
        this.#deliver(header)
        return
      case Xid.ping:
        return
      case Xid.auth:
        if (header.err === ErrorCode.OK) this.#auth.accepted()
        else this.#end('authFailed')
        return
      case Xid.setWatches:
        this.#noteZxid(header)
        if (header.err !== ErrorCode.OK) {
          this.#options.logger.warn(`the server did not set the watches again: error ${header.err}`)
        }
        return
      default:
        this.#noteZxid(header)
        this.#requests.answer(header, this.#reader)
    }
  }

  onLost(connection: Connection, cause: Error | null): void {
    const wasEstablished = this.#isEstablished
    const heardMs = this.#heartbeat?.heardMs ?? null
    this.#letGoOfConnection()
    this.#logLoss(connection, cause, wasEstablished)
    if (!wasEstablished) this.#reconnect.failed()
    if (!this.#options.resetsWatches) this.watches.clear()
    this.#auth.connectionLost()
    this.#requests.failSent(connectionLoss)
    if (this.#reconnect.isRoundOver) this.#requests.failWaiting(connectionLoss)
    if (isFinal(this.#state)) return // it was closing
    if (heardMs !== null) this.#startExpiry(heardMs)
    this.#setState('disconnected')
    if (isFinal(this.#state)) return // a listener closed the client
    const delayMs = this.#preferredServer === null ? this.#reconnect.delayMs() : 0
    this.#reconnectTimer = setTimeout(() => this.#connect(), delayMs)
  }

  onPingDue(): void {
    if (this.#connection === null) return
    encodeRequest(this.#connection.out, Xid.ping, OpCode.ping, () => undefined)
    this.#connection.flushSoon()
  }

  onSilence(silentMs: number): void {
    this.#connection?.abort(new Error(`nothing heard from the server for ${Math.round(silentMs)} ms`))
  }

  #connect(): void {
    const server = this.#preferredServer ?? this.#servers.next()
    this.#preferredServer = null
    this.#setState('connecting')
    if (isFinal(this.#state)) return // a listener closed the client
    const { transport, frameLengthMax, sessionTimeoutMs, logger } = this.#options
    logger.debug(`connecting to ${formatServer(server)}`)
    const connection = new Connection(server, transport, frameLengthMax, this)
    const limitMs = Math.max(1, Math.floor(sessionTimeoutMs / this.#servers.count))
    this.#connection = connection
    this.#attemptTimer = setTimeout(() => connection.abort(new Error(`no session within ${limitMs} ms`)), limitMs)
  }

  #greeted(connection: Connection, frame: Buffer): void {
    const response = decodeGreeting(this.#reader, frame)
    if (response.timeOut <= 0) {
      this.#end('expired')
      return
    }
    clearTimeout(this.#expiryTimer)
    this.#credentials = {
      id: toBigInt(response.sessionIdHi, response.sessionIdLo),
      password: Buffer.from(response.passwd ?? new Uint8Array(16))
    }
    this.#timeoutMs = response.timeOut
    this.#isResumable ||= !response.readOnly
    const { sasl } = this.#options
    if (sasl === null) this.#establish(connection, response)
    else {
      const exchange = saslExchangeOf(sasl, connection.server)
      this.#login = new SaslLogin(exchange, {
        onToken: (token) => this.#sendToken(connection, token),
        onLoggedIn: () => {
          this.#login = null
          this.#options.logger.info(`logged in by SASL, mechanism ${exchange.mechanism}`)
          this.#establish(connection, response)
        },
        onRefused: (reason) => {
          this.#options.logger.warn(`cannot log in to ${formatServer(connection.server)} by SASL: ${reason}`)
          this.#end('authFailed')
        }
      })
      this.#login.start()
    }
  }

  /** The server holds nothing of a login back: its answers come one by one. */
  #loginAnswered(login: SaslLogin, frame: Buffer): void {
    const { xid, err } = decodeReplyHeader(this.#reader.reset(frame))
    if (xid !== LOGIN_XID) return
    const token = err === ErrorCode.OK ? decodeSetSASLResponse(this.#reader).token : null
    login.answered(err, token === null ? null : Buffer.from(token))
  }

  #sendToken(connection: Connection, token: Uint8Array): void {
    encodeRequest(connection.out, LOGIN_XID, OpCode.sasl, (writer) => encodeGetSASLRequest(writer, { token }))
    connection.flushSoon()
  }

  #establish(connection: Connection, response: ConnectResponse): void {
    clearTimeout(this.#attemptTimer)
    this.#isEstablished = true
    this.#reconnect.succeeded()
    this.#heartbeat = new Heartbeat(response.timeOut, this)
    this.#options.logger.info(
      `session 0x${toHex(response.sessionIdHi, response.sessionIdLo)} with ${formatServer(connection.server)}, ` +
        `timeout ${response.timeOut} ms${response.readOnly ? ', read-only' : ''}`
    )
    this.#sendFirst(connection)
    if (response.readOnly) this.#seekReadWriteServer()
    this.#setState(response.readOnly ? 'connectedReadOnly' : 'connected')
  }

  /** Identities go first, as watches and requests may need them; then watches, so that no event is missed by a read. */
  #sendFirst(connection: Connection): void {
    for (const entry of this.#auth.entries()) this.#sendAuth(connection, entry)
    for (const request of setWatchesRequests(this.watches, this.#lastZxidHi, this.#lastZxidLo)) {
      encodeRequest(connection.out, Xid.setWatches, request.opCode, request.encodeBody)
    }
    this.#requests.sendWaiting(connection)
    this.#flush(connection)
  }

  #sendAuth(connection: Connection, entry: AuthEntry): void {
    encodeRequest(connection.out, Xid.auth, OpCode.auth, (writer) =>
      encodeAuthPacket(writer, { type: 0, scheme: entry.scheme, auth: entry.auth })
    )
    this.#auth.sent(entry)
  }

  #add<T>(request: Request<T>, resolve: (value: T) => void, reject: (error: ZkError) => void): void {
    const connection = this.#isEstablished ? this.#connection : null
    this.#requests.add(request, connection, resolve, reject)
    if (connection !== null) this.#flush(connection)
  }

  #flush(connection: Connection): void {
    connection.flushSoon()
    this.#heartbeat?.sent()
  }

  #deliver(header: ReplyHeader): void {
    const { type: wireType, path } = decodeWatcherEvent(this.#reader)
    const type = eventTypeOf(wireType)
    if (type === undefined || path === null) {
      this.#options.logger.warn(`an event of the unknown type ${wireType} for ${path}`)
      return
    }
    const watchers = this.watches.take(type, path)
    if (watchers.size === 0) return
    const event = {
      type,
      path: this.#chroot.strip(path),
      zxid: toBigInt(header.zxidHi, header.zxidLo),
      connected: true
    }
    for (const watcher of watchers) notify(watcher, event)
  }

  #noteZxid(header: ReplyHeader): void {
    if (compareInt64(header.zxidHi, header.zxidLo, 0, 0) <= 0) return
    this.#lastZxidHi = header.zxidHi
    this.#lastZxidLo = header.zxidLo
  }

  #refusalOf(path: string | null): ZkError | null {
    if (this.#state === 'expired') return errorOfWire(ErrorCode.SESSIONEXPIRED, path)
    if (this.#state === 'authFailed') return errorOfWire(ErrorCode.AUTHFAILED, path)
    if (this.#state === 'closed' || this.#closing !== null) {
      return new ClientClosedError('the client is closed', { path })
    }
    return this.#requests.refusal(path)
  }

  /**
   * By 4/3 of the timeout after the last sign of a server the one that leads has given the session up, unless it leads only since then: it keeps
   * all sessions for a whole timeout more, and this one, which nobody will come back for, with its ephemeral nodes.
   */
  #startExpiry(heardMs: number): void {
    if (!this.#isResumable) return
    const leftMs = heardMs + (this.#timeoutMs * 4) / 3 - performance.now()
    clearTimeout(this.#expiryTimer)
    this.#expiryTimer = setTimeout(() => this.#end('expired'), Math.max(1, leftMs))
  }

  #seekReadWriteServer(): void {
    this.#readWriteSearch = new ReadWriteSearch(this.#servers, this.#options.transport, (server) => {
      this.#preferredServer = server
      this.#connection?.abort(new Error(`${formatServer(server)} has a quorum`))
    })
  }

  #letGoOfConnection(): void {
    clearTimeout(this.#attemptTimer)
    this.#heartbeat?.stop()
    this.#heartbeat = null
    this.#login?.abandon()
    this.#login = null
    this.#readWriteSearch?.stop()
    this.#readWriteSearch = null
    this.#connection = null
    this.#isEstablished = false
  }

  #end(state: FinalState): void {
    if (isFinal(this.#state)) return
    this.#connection?.destroy()
    this.#letGoOfConnection()
    clearTimeout(this.#reconnectTimer)
    clearTimeout(this.#expiryTimer)
    this.#requests.stop()
    this.#state = state // first of all: what is failed below must find no way back in
    this.#requests.failSent((path) => this.#finalError(path))
    this.#requests.failWaiting((path) => this.#finalError(path))
    this.#auth.failAll(this.#finalError(null))
    this.watches.clear()
    this.#onState(state)
  }

  #finalError(path: string | null): ZkError {
    if (this.#state === 'expired') return errorOfWire(ErrorCode.SESSIONEXPIRED, path)
    if (this.#state === 'authFailed') return errorOfWire(ErrorCode.AUTHFAILED, path)
    return errorOfWire(ErrorCode.CONNECTIONLOSS, path)
  }

  #setState(state: ConnectionState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }

  #logLoss(connection: Connection, cause: Error | null, wasEstablished: boolean): void {
    const what = wasEstablished ? 'lost the connection to' : 'cannot connect to'
    this.#options.logger.warn(`${what} ${formatServer(connection.server)}: ${cause?.message ?? 'closed by the server'}`)
  }
}

function connectionLoss(path: string | null): ZkError {
  return errorOfWire(ErrorCode.CONNECTIONLOSS, path)
}
