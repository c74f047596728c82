import { Fifo } from '../../collections/fifo.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { type ClientConnection, ConnectionPhase, type HeldRequest } from '../client-connection.ts'
import type { Session } from '../session/session.ts'
import type { PeerState } from './peer-state.ts'

/** A request that waits before the pipeline. */
export interface ThrottledRequest extends HeldRequest {
  readonly connection: ClientConnection
  /** Whose it is, also if that goes on by another connection before the request has its turn. */
  readonly session: Session | null
  /** Of a createSession, which comes from a handshake; else 0. */
  readonly timeoutMs: number
}

/**
 * Holds requests of all clients back, in their order, while `requestThrottleMax` are in the pipeline; off by default. A
 * stale one (too old, or its connection is gone) is dropped when its turn comes, and with it all later ones of its
 * connection, which is closed: a client must not see a request done whose predecessor was dropped.
 * @see `RequestThrottler`, `Request.isStale`
 */
export class RequestThrottler {
  readonly #state: PeerState
  readonly #queue = new Fifo<ThrottledRequest>()
  /** The request at the head when it was last found to have to wait, and when. */
  #stalled: ThrottledRequest | null = null
  #stalledMs = 0

  constructor(state: PeerState) {
    this.#state = state
  }

  /** Requests held. */
  get size(): number {
    return this.#queue.size
  }

  /** Whether the next request has to wait. */
  get mustHold(): boolean {
    const { requestThrottleMax } = this.#state.settings
    return requestThrottleMax > 0 && (this.#queue.size > 0 || this.#state.outstanding >= requestThrottleMax)
  }

  hold(request: ThrottledRequest): void {
    this.#queue.push(request)
  }

  /**
   * The next request that may enter the pipeline, stale ones before it having been dropped; undefined if there is none
   * or no room.
   *
   * @param drop is told of each that is dropped
   */
  next(drop: (request: ThrottledRequest, isConnectionToClose: boolean) => void): ThrottledRequest | undefined {
    const { settings, metrics } = this.#state
    for (let head = this.#queue.peek(); head !== undefined; head = this.#queue.peek()) {
      if (head.connection.isInvalid) {
        this.#queue.shift()
        drop(head, false)
      } else if (settings.requestThrottleDropStale && this.#isStale(head)) {
        this.#queue.shift()
        metrics.staleRequestsDropped.add(1)
        drop(head, true)
      } else if (this.#state.outstanding >= settings.requestThrottleMax) {
        this.#noteStall(head)
        return undefined
      } else {
        if (this.#isStale(head)) metrics.staleRequests.add(1)
        this.#stalled = null
        return this.#queue.shift()
      }
    }
    return undefined
  }

  /** Gives up all that is held: the server stops, and the time for it is over. */
  dropAll(drop: (request: ThrottledRequest, isConnectionToClose: boolean) => void): void {
    for (let head = this.#queue.shift(); head !== undefined; head = this.#queue.shift()) drop(head, true)
  }

  /** A closeSession outlives its connection, to tidy up. */
  #isStale({ connection, type, receivedMs }: ThrottledRequest): boolean {
    if (type === OpCode.closeSession) return false
    const { requestStaleConnectionCheck, requestStaleLatencyCheck } = this.#state.settings
    if (requestStaleConnectionCheck && connection.phase === ConnectionPhase.closing) return true
    const timeoutMs = connection.session?.timeoutMs
    return requestStaleLatencyCheck && timeoutMs !== undefined && this.#state.nowMs - receivedMs > timeoutMs
  }

  /** Counts a wait when it begins, and again each stall time, as upstream's thread wakes up and finds no room. */
  #noteStall(head: ThrottledRequest): void {
    const { nowMs, settings, metrics } = this.#state
    if (this.#stalled === head && nowMs - this.#stalledMs < settings.requestThrottleStallMs) return
    this.#stalled = head
    this.#stalledMs = nowMs
    metrics.requestThrottleWaitCount.add(1)
  }
}
