import type { JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import type { Session } from '../session/session.ts'
import { createsEphemeral } from './ephemeral-create.ts'
import type { PeerState } from './peer-state.ts'

/**
 * Local sessions (`localSessionsEnabled`): known to one server, made and ended there without a transaction, and made global
 * when they create their first ephemeral znode.
 */

/** Makes a local session for a connection that has asked for a session. */
export function beginLocalSession(
  state: PeerState,
  connection: ClientConnection,
  idHi: number,
  idLo: number,
  timeoutMs: number
): void {
  const session = state.sessions.create(idHi, idLo, timeoutMs, state.nowMs, true)
  connection.session = session
  session.ownerConnection = connection.id
}

/** Ends a local session, and the connection that holds it. */
export function endLocalSession(state: PeerState, session: Session, reason: CloseReason): void {
  const holder = session.ownerConnection === null ? undefined : state.connections.get(session.ownerConnection)
  session.isClosing = true
  session.ownerConnection = null
  state.sessions.remove(session.idHi, session.idLo)
  if (holder === undefined || holder.phase === ConnectionPhase.closing) return
  holder.phase = ConnectionPhase.closing
  state.out.close(holder.id, reason)
}

/**
 * What a request means for a local session: null = nothing, it stays local; OK = it has to become global first; else the code
 * that the request fails with.
 */
export function upgradeFor(state: PeerState, session: Session | null, type: number, reader: JuteReader): number | null {
  if (session === null || !session.isLocal || !createsEphemeral(type, reader)) return null
  return state.settings.localSessionsUpgradingEnabled ? ErrorCode.OK : ErrorCode.EPHEMERALONLOCALSESSION
}
