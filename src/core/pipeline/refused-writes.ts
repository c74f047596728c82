import { ErrorCode } from '../../protocol/error-code.ts'
import type { ClientConnection } from '../client-connection.ts'
import type { Session } from '../session/session.ts'
import type { SessionIdSequence } from '../session/session-id.ts'
import { beginLocalSession, endLocalSession } from './local-sessions.ts'
import type { PeerState } from './peer-state.ts'
import type { SessionClaim, WriteEntry } from './write-entry.ts'

/**
 * Writes of a server in read-only mode: there are none. Sessions can only be local ones, so with global sessions nobody gets
 * through the handshake.
 *
 * @see `ReadOnlyRequestProcessor`
 */
export class RefusedWrites implements WriteEntry {
  readonly #state: PeerState
  readonly #sessionIds: SessionIdSequence

  constructor(state: PeerState, sessionIds: SessionIdSequence) {
    this.#state = state
    this.#sessionIds = sessionIds
  }

  submit(): number {
    return ErrorCode.NOTREADONLY
  }

  createSession(connection: ClientConnection, timeoutMs: number): number | null {
    if (!this.#state.settings.localSessionsEnabled) return ErrorCode.NOTREADONLY
    do this.#sessionIds.next()
    while (this.#state.sessions.get(this.#sessionIds.hi, this.#sessionIds.lo) !== undefined)
    beginLocalSession(this.#state, connection, this.#sessionIds.hi, this.#sessionIds.lo, timeoutMs)
    return null
  }

  expire(session: Session): void {
    if (!session.isLocal) throw new Error('a read-only server has expired a global session')
    endLocalSession(this.#state, session, 'SESSION_EXPIRED')
  }

  resume(_connection: ClientConnection, session: Session | undefined, { timeoutMs }: SessionClaim): boolean | 'closed' {
    if (session === undefined || !session.isLocal) return 'closed'
    return this.#state.sessions.changeTimeout(session, timeoutMs, this.#state.nowMs)
  }
}
