import type { ClientConnection, Proposal } from '../client-connection.ts'
import type { Session } from '../session/session.ts'
import type { WriteOrigin } from './write-order.ts'

/** A request of a client that needs a place in the order of writes. */
export interface ClientOrigin extends WriteOrigin {
  readonly connection: ClientConnection
}

/**
 * Where requests enter the order of writes: on a standalone server and a leader they are prepared, on a learner they are
 * forwarded. Either way each gives a place for its connection to wait in, which is committed later, in order.
 */
export interface WriteEntry {
  /**
   * Takes a write, sync, closeSession or stray createSession. (The closeSession of a local session is not for it.)
   *
   * @returns its place, or the code with which it is refused in its turn without having one
   */
  submit(origin: ClientOrigin): Proposal | number
  /**
   * Makes the session of a connection that has asked for a new one.
   *
   * @returns its place in the order; null for a local session, which is there at once; a code where there can be none
   */
  createSession(connection: ClientConnection, timeoutMs: number, receivedMs: number): Proposal | number | null
  /** Ends a session that has expired. */
  expire(session: Session, receivedMs: number): void
  /**
   * A client with the right password resumes its session by this connection.
   *
   * @returns whether it may; null if only the leader knows: `revalidated` tells then; closed if it must try elsewhere
   */
  resume(connection: ClientConnection, session: Session | undefined, claim: SessionClaim): boolean | null | 'closed'
}

/** Which session a client resumes, and with which timeout. */
export interface SessionClaim {
  readonly idHi: number
  readonly idLo: number
  readonly timeoutMs: number
}
