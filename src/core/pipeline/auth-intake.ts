import { JuteError, type JuteReader } from 'jute-ts'
import { ErrorCode } from '../../protocol/error-code.ts'
import { decodeAuthPacket, decodeGetSASLRequest } from '../../protocol/generated/proto.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { addIdentities } from '../acl/acl-checker.ts'
import { type ClientConnection, ConnectionPhase } from '../client-connection.ts'
import type { CloseReason } from '../outbox.ts'
import type { PeerState } from './peer-state.ts'
import { countSent } from './reply.ts'

/** Auth and SASL packets, which are answered when they come, ahead of the pipeline; and who must send one. */
export class AuthIntake {
  readonly #state: PeerState
  readonly #reader: JuteReader

  /** @param reader stands at a packet's body whenever `take` is called */
  constructor(state: PeerState, reader: JuteReader) {
    this.#state = state
    this.#reader = reader
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
    const context = { remoteAddress: connection.address, certificateSubject: null }
    const identities = this.#state.acl.authenticate(packet.scheme, packet.auth, context)
    if (identities === null) {
      this.replyUnprocessed(connection, xid, 0, ErrorCode.AUTHFAILED)
      return this.#close(connection, 'AUTH_FAILED')
    }
    connection.identities = addIdentities(connection.identities, identities)
    this.replyUnprocessed(connection, xid, 0, ErrorCode.OK)
  }

  /** Without a SASL configuration the answer to a token is OK and a null token; a null one closes the connection. */
  #sasl(connection: ClientConnection, xid: number): void {
    if (!this.#hasToken()) return this.#close(connection, 'INVALID_REQUEST')
    this.#state.out.beginReply(connection.id, xid, 0, 0, ErrorCode.OK).writeBuffer(null)
    this.#endReply(connection)
  }

  #hasToken(): boolean {
    try {
      return decodeGetSASLRequest(this.#reader).token !== null
    } catch (error) {
      if (error instanceof JuteError) return false
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
