import { type ClientConnection, PauseReason } from '../client-connection.ts'
import type { PeerState } from './peer-state.ts'

/** Asks the shell to read no more of a connection; reasons add up. */
export function pauseReading(state: PeerState, connection: ClientConnection, reason: PauseReason): void {
  if (connection.pauseReasons === 0) state.out.pauseReading(connection.id)
  connection.pauseReasons |= reason
}

/** Takes a reason back; with the last one the shell reads on. */
export function resumeReading(state: PeerState, connection: ClientConnection, reason: PauseReason): void {
  if ((connection.pauseReasons & reason) === 0) return
  connection.pauseReasons &= ~reason
  if (connection.pauseReasons === 0) state.out.resumeReading(connection.id)
}

/**
 * globalOutstandingLimit: while more requests than that are in the pipeline, or held by the throttle, a connection with
 * a request outstanding is not read from until that has been answered. Nothing is refused.
 *
 * Only requests with a positive xid count for a connection.
 * @see `ZooKeeperServer.shouldThrottle`
 */
export class OutstandingLimit {
  readonly #state: PeerState
  readonly #paused = new Set<ClientConnection>()

  constructor(state: PeerState) {
    this.#state = state
  }

  /** A request of the connection has to wait for its answer. */
  began(connection: ClientConnection, xid: number): void {
    if (xid > 0) connection.outstanding++
  }

  /** It has been answered, or will not be. A connection without others is read from, whatever the rest have. */
  ended(connection: ClientConnection, xid: number): void {
    // A connection that is gone counts nothing any more.
    if (xid <= 0 || connection.outstanding === 0) return
    connection.outstanding--
    if (connection.outstanding > 0 || !this.#paused.delete(connection)) return
    resumeReading(this.#state, connection, PauseReason.limit)
  }

  /** To be called with each frame once it has been taken. */
  check(connection: ClientConnection, throttledCount: number): void {
    if (connection.outstanding === 0 || !this.#isOver(throttledCount)) return
    pauseReading(this.#state, connection, PauseReason.limit)
    this.#paused.add(connection)
  }

  /** To be called at the end of a step: reads on from all if there is room again. */
  resumeAll(throttledCount: number): void {
    if (this.#paused.size === 0 || this.#isOver(throttledCount)) return
    for (const connection of this.#paused) resumeReading(this.#state, connection, PauseReason.limit)
    this.#paused.clear()
  }

  forget(connection: ClientConnection): void {
    connection.outstanding = 0
    this.#paused.delete(connection)
  }

  #isOver(throttledCount: number): boolean {
    const { globalOutstandingLimit } = this.#state.settings
    return this.#state.outstanding > globalOutstandingLimit || throttledCount > globalOutstandingLimit
  }
}
