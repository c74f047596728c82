import { JuteError, type JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeAuthPacket, decodeGetSASLRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { addIdentities } from '../acl/acl-checker.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import type { SaslAnswer } from '../ports.ts'
import { FailedLogins } from './failed-logins.ts'
import type { PeerState } from './peer-state.ts'
import { countSent } from './reply.ts'

/** Auth and SASL packets, which are answered when they come, ahead of the pipeline; and who must send one. */
export class AuthIntake {
  readonly #state: PeerState
  readonly #reader: JuteReader
  readonly #failedLogins: FailedLogins

  /** @param reader stands at a packet's body whenever `take` is called */
  constructor(state: PeerState, reader: JuteReader) {
    this.#state = state
    this.#reader = reader
    this.#failedLogins = new FailedLogins(state)
  }

  take(connection: ClientConnection, type: number, xid: number): void {
    if (type === OpCode.auth) this.#authenticate(connection, xid)
    else this.#sasl(connection, xid)
  }

  /** Whether the connection has authenticated as `enforce.auth.schemes` want it, where they do. */
  isEnough(connection: ClientConnection): boolean {
    const { enforceAuthEnabled, enforceAuthSchemes } = this.#state.settings
    return !enforceAuthEnabled || connection.identities.some(({ scheme }) => enforceAuthSchemes.includes(scheme))
  }

  refuse(connection: ClientConnection, xid: number): void {
    this.replyUnprocessed(connection, xid, 0, ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH)
    this.#close(connection, 'AUTH_FAILED')
  }

  /** Replies ahead of the pipeline: with a zxid that says nothing. */
  replyUnprocessed(connection: ClientConnection, xid: number, zxid: 0 | -1, err: number): void {
    this.#state.out.beginReply(connection.id, xid, zxid, zxid, err)
    this.#endReply(connection)
  }

  /** A packet that ends early closes the connection. */
  #authenticate(connection: ClientConnection, xid: number): void {
    let packet: ReturnType<typeof decodeAuthPacket>
    try {
      packet = decodeAuthPacket(this.#reader)
    } catch (error) {
      if (error instanceof JuteError) return this.#close(connection, 'INVALID_REQUEST')
      throw error
    }
    const context = { remoteAddress: connection.address, certificateId: connection.certificateId }
    const identities = this.#state.acl.authenticate(packet.scheme, packet.auth, context)
    if (identities === 'elsewhere') return this.#close(connection, 'FAILED_HANDSHAKE')
    if (identities === null) {
      this.replyUnprocessed(connection, xid, 0, ErrorCode.AUTHFAILED)
      return this.#close(connection, 'AUTH_FAILED')
    }
    connection.identities = addIdentities(connection.identities, identities)
    this.replyUnprocessed(connection, xid, 0, ErrorCode.OK)
  }

  /** The answer to a token for which the connection has waited. */
  saslAnswered(connection: ClientConnection, answer: SaslAnswer): void {
    const xid = connection.awaitedSaslXid
    if (xid === null) return
    connection.awaitedSaslXid = null
    this.#answerSasl(connection, xid, answer)
  }

  /** Without a SASL configuration the answer to a token is OK and a null token; a null one closes the connection. */
  #sasl(connection: ClientConnection, xid: number): void {
    const token = this.#token()
    if (token === null) return this.#close(connection, 'INVALID_REQUEST')
    if (this.#state.sasl === null) return this.#replySasl(connection, xid, ErrorCode.OK, null)
    connection.saslExchange ??= this.#state.sasl.begin(connection.id)
    const answer = connection.saslExchange.evaluate(token)
    if (answer.kind !== 'pending') return this.#answerSasl(connection, xid, answer)
    connection.awaitedSaslXid = xid
    connection.mustWait = true
  }

  #answerSasl(connection: ClientConnection, xid: number, answer: SaslAnswer): void {
    switch (answer.kind) {
      case 'challenge':
        return this.#replySasl(connection, xid, ErrorCode.OK, answer.token)
      case 'complete':
        connection.identities = addIdentities(connection.identities, answer.identities)
        return this.#replySasl(connection, xid, ErrorCode.OK, answer.token)
      case 'failed':
        return this.#failSasl(connection, xid, answer.reason)
    }
  }

  #failSasl(connection: ClientConnection, xid: number, reason: string): void {
    const { enforceAuthEnabled, enforceAuthSchemes } = this.#state.settings
    const isRequired = enforceAuthEnabled && enforceAuthSchemes.includes('sasl')
    const stays = this.#state.sasl?.allowsFailedClients === true && !isRequired
    this.#failedLogins.note(connection.address, reason)
    if (stays) return this.#replySasl(connection, xid, ErrorCode.OK, null)
    this.#replySasl(connection, xid, isRequired ? ErrorCode.SESSIONCLOSEDREQUIRESASLAUTH : ErrorCode.AUTHFAILED, null)
    this.#close(connection, 'AUTH_FAILED')
  }

  #replySasl(connection: ClientConnection, xid: number, err: number, token: Uint8Array | null): void {
    this.#state.out.beginReply(connection.id, xid, 0, 0, err).writeBuffer(token)
    this.#endReply(connection)
  }

  #token(): Uint8Array | null {
    try {
      return decodeGetSASLRequest(this.#reader).token
    } catch (error) {
      if (error instanceof JuteError) return null
      throw error
    }
  }

  #endReply(connection: ClientConnection): void {
    this.#state.stats.clientResponseSize.add(this.#state.out.endFrame())
    countSent(this.#state, connection)
  }

  #close(connection: ClientConnection, reason: CloseReason): void {
    connection.phase = ConnectionPhase.closing
    this.#state.out.close(connection.id, reason)
  }
}
