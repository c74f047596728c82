import type { Socket } from 'node:net'
import type { ServerExchange, ServerStep } from '../../../sasl/exchange.ts'
import { handOver } from '../first-bytes.ts'
import type { LimitedLog } from '../limited-log.ts'
import type { PeerAuthentication } from './peer-authentication.ts'
import { AuthPacketError, AuthStatus, decodeAuthPacket, encodeAuthPacket, isAuthPacket } from './quorum-auth-packet.ts'

/** Connections that are being authenticated; when there are more, the one that has taken longest goes. */
const PENDING_COUNT_MAX = 100
/**
 * Where an exchange is not required, one who will begin one does so at once; one who will not may wait to be spoken to first. (Upstream waits as long
 * as for everything else.)
 */
const UNDECIDED_MS = 500
const NO_TOKEN = Buffer.alloc(0)

/** Lets servers that connect prove who they are before anything else of theirs is read. */
export class CallerAuthentication {
  readonly #authentication: PeerAuthentication
  readonly #timeoutMs: number
  readonly #log: LimitedLog
  /** Oldest first. */
  readonly #callers = new Set<Caller>()

  /** @param timeoutMs for a whole exchange */
  constructor(authentication: PeerAuthentication, timeoutMs: number, log: LimitedLog) {
    this.#authentication = authentication
    this.#timeoutMs = timeoutMs
    this.#log = log
  }

  /**
   * @param rest what has come already
   * @param admitted called at most once: the connection may go on, and its next reader adds its listeners before it returns. Also
   * where it is gone in the meantime without having begun an exchange that is not required: on the election port, a server with a smaller id
   * says who it is and goes
   */
  add(socket: Socket, rest: Buffer, admitted: () => void): void {
    const ended = (caller: Caller): boolean => this.#callers.delete(caller)
    const caller = new Caller(socket, this.#authentication, this.#timeoutMs, this.#log, ended, admitted)
    this.#callers.add(caller)
    this.#dropOldest()
    caller.begin(rest)
  }

  closeAll(): void {
    for (const caller of [...this.#callers]) caller.drop()
  }

  #dropOldest(): void {
    if (this.#callers.size <= PENDING_COUNT_MAX) return
    for (const oldest of this.#callers) {
      oldest.drop()
      break
    }
    const what = `more than ${PENDING_COUNT_MAX} connections of servers have not authenticated themselves`
    this.#log.warn('sasl crowd', what)
  }
}

/** One connection that is being authenticated. */
class Caller {
  readonly #socket: Socket
  readonly #remote: string
  readonly #authentication: PeerAuthentication
  readonly #log: LimitedLog
  readonly #ended: (caller: Caller) => boolean
  readonly #admitted: () => void
  readonly #timeoutMs: number
  #timer: NodeJS.Timeout
  readonly #read = (chunk: Buffer): void => this.#take(chunk)
  readonly #gone = (): void => this.#leave()
  #bytes: Buffer = NO_TOKEN
  /** Null until it has begun one. */
  #exchange: ServerExchange | null = null
  #isOver = false

  constructor(
    socket: Socket,
    authentication: PeerAuthentication,
    timeoutMs: number,
    log: LimitedLog,
    ended: (caller: Caller) => boolean,
    admitted: () => void
  ) {
    this.#socket = socket
    this.#remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`
    this.#authentication = authentication
    this.#log = log
    this.#ended = ended
    this.#admitted = admitted
    this.#timeoutMs = timeoutMs
    const firstMs = authentication.isRequired ? timeoutMs : Math.min(timeoutMs, UNDECIDED_MS)
    this.#timer = setTimeout(() => this.#late(), firstMs)
  }

  begin(rest: Buffer): void {
    // Stays for the socket's life; `close` follows and tells all that matters.
    this.#socket.on('error', ignore)
    this.#socket.on('data', this.#read)
    this.#socket.on('close', this.#gone)
    if (rest.length > 0) this.#take(rest)
  }

  drop(): void {
    this.#end()
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    if (this.#exchange === null) {
      const isAuth = isAuthPacket(this.#bytes)
      if (isAuth === false) return this.#pass('it does not authenticate itself')
      if (isAuth === null) return
      this.#exchange = this.#authentication.newServer()
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#late(), this.#timeoutMs)
    }
    try {
      this.#goOn(this.#exchange)
    } catch (error) {
      if (!(error instanceof AuthPacketError)) throw error
      this.#refuse(error.message)
    }
  }

  #goOn(exchange: ServerExchange): void {
    while (!this.#isOver) {
      const decoded = decodeAuthPacket(this.#bytes)
      if (decoded === null) return
      this.#bytes = this.#bytes.subarray(decoded.length)
      this.#answer(exchange.evaluate(decoded.packet.token))
    }
  }

  #answer(step: ServerStep): void {
    switch (step.kind) {
      case 'challenge':
        this.#socket.write(encodeAuthPacket(AuthStatus.inProgress, step.token))
        return
      case 'complete':
        this.#socket.write(encodeAuthPacket(AuthStatus.success, step.token ?? NO_TOKEN))
        return this.#admit()
      case 'failed':
        return this.#refuse(step.reason)
    }
  }

  /** It has failed. */
  #refuse(reason: string): void {
    const { isRequired } = this.#authentication
    const kept = isRequired ? '' : '; it is served all the same: quorum.auth.serverRequireSasl is not set'
    this.#log.warn('sasl', `a server at ${this.#remote} failed to authenticate itself: ${reason}${kept}`)
    this.#socket.write(encodeAuthPacket(AuthStatus.error, NO_TOKEN))
    if (!isRequired) return this.#admit()
    this.#end()
    this.#socket.destroySoon()
  }

  /** It says nothing, or something else. */
  #pass(problem: string): void {
    if (!this.#authentication.isRequired) return this.#admit()
    this.drop()
    this.#log.warn('sasl', `closing a connection of another server, from ${this.#remote}: ${problem}`)
  }

  #late(): void {
    const problem = `it did not authenticate itself within ${this.#timeoutMs} ms`
    if (this.#exchange === null) this.#pass(problem)
    else this.#refuse(problem)
  }

  #leave(): void {
    const isAdmitted = this.#exchange === null && !this.#authentication.isRequired
    if (this.#end() && isAdmitted) this.#admitted()
  }

  #admit(): void {
    if (this.#end()) handOver(this.#socket, this.#bytes, this.#admitted)
  }

  /** @returns whether it was still under way */
  #end(): boolean {
    clearTimeout(this.#timer)
    this.#socket.removeListener('data', this.#read)
    this.#socket.removeListener('close', this.#gone)
    this.#isOver = true
    return this.#ended(this)
  }
}

function ignore(): void {
  // See begin.
}
