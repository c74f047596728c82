import { addIdentities } from '../acl/acl-checker.ts'
import type { Identity } from '../acl/authentication-provider.ts'
import { ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { ConnectionId, SaslAnswer } from '../ports.ts'
import type { Session } from '../session/session.ts'
import type { Intake } from './intake.ts'
import type { PeerState } from './peer-state.ts'
import type { RequestPipeline } from './request-pipeline.ts'

/** Connections of clients as they come, prove who they are, take replies or do not, and go. What they ask is the intake's. */
export class ClientConnections {
  readonly #state: PeerState
  readonly #pipeline: RequestPipeline
  readonly #intake: Intake
  /** Of the client that has connected last. */
  #lastIdentities: readonly Identity[] = []

  constructor(state: PeerState, pipeline: RequestPipeline, intake: Intake) {
    this.#state = state
    this.#pipeline = pipeline
    this.#intake = intake
  }

  opened(id: ConnectionId, address: string): void {
    const connection = new ClientConnection(id, address, this.#state.wallMs)
    connection.identities = this.#identitiesOf(address)
    this.#state.connections.set(id, connection)
  }

  /** What the certificate stands for is added as if the client had asked for it. */
  certified(id: ConnectionId, certificateId: string): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined) return
    connection.certificateId = certificateId
    const context = { remoteAddress: connection.address, certificateId }
    const identities = this.#state.acl.authenticate('x509', null, context)
    if (identities === null || identities === 'elsewhere') return
    connection.identities = addIdentities(connection.identities, identities)
  }

  saslAnswered(id: ConnectionId, answer: SaslAnswer): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined || connection.phase === ConnectionPhase.closing) return
    this.#intake.saslAnswered(connection, answer)
  }

  /** It does not take its replies: nothing of it is answered until it is drained. */
  congested(id: ConnectionId): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined) return
    connection.isBlocked = true
    connection.mustWait = true
  }

  drained(id: ConnectionId): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined || connection.phase === ConnectionPhase.closing) return
    this.#pipeline.unblock(connection)
    this.#intake.takeWaiting(connection)
  }

  closed(id: ConnectionId): void {
    const connection = this.#state.connections.get(id)
    if (connection === undefined) return
    connection.phase = ConnectionPhase.closing
    this.#state.connections.delete(id)
    this.#state.watches.connectionClosed(id)
    this.#pipeline.forget(connection)
    this.#intake.forget(connection)
    if (connection.session?.ownerConnection === id) connection.session.ownerConnection = null
  }

  /** No client is served any more, and what only this server knew of sessions is gone. */
  closeAll(): void {
    const { connections, sessions, out } = this.#state
    for (const connection of connections.values()) {
      if (connection.phase === ConnectionPhase.closing) continue
      connection.phase = ConnectionPhase.closing
      out.close(connection.id, 'SERVER_SHUTDOWN')
    }
    const local: Session[] = []
    sessions.forEach((session) => {
      session.ownerConnection = null
      if (session.isLocal) local.push(session)
    })
    for (const { idHi, idLo } of local) sessions.remove(idHi, idLo)
  }

  /** perf: connections of one client share what they are until they authenticate. */
  #identitiesOf(address: string): readonly Identity[] {
    if (this.#lastIdentities[0]?.id !== address) this.#lastIdentities = [{ scheme: 'ip', id: address }]
    return this.#lastIdentities
  }
}
