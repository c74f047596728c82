import { lastOperationName } from '../admin/four-letter/last-operation.ts'
import type { ConnectionSessionView, ConnectionView } from '../admin/server-view.ts'
import type { ClientConnection } from '../core/client-connection.ts'
import { toBigInt } from '../protocol/int64.ts'
import type { ClientSocket } from './client-socket.ts'

/** java.nio's SelectionKey bits, which `stat` and `cons` show. */
const READING = 1
const WRITING = 4

/** A client connection as administration sees it; reads through to the live one. */
export class LiveConnectionView implements ConnectionView, ConnectionSessionView {
  readonly #socket: ClientSocket
  readonly #connection: ClientConnection | undefined

  constructor(socket: ClientSocket, connection: ClientConnection | undefined) {
    this.#socket = socket
    this.#connection = connection
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress
  }

  get remotePort(): number {
    return this.#socket.remotePort
  }

  get interestOps(): number {
    // compat: upstream stops watching the socket of a connection that asks a four-letter word.
    if (this.#socket.isAsking) return 0
    const isReading = !this.#socket.isPausedByCore && !this.#socket.isPausedByOutput
    return (isReading ? READING : 0) + (this.#socket.unsentBytes > 0 ? WRITING : 0)
  }

  get outstandingRequests(): number {
    return this.#connection?.outstanding ?? 0
  }

  get packetsReceived(): number {
    return this.#socket.isAsking ? 1 : (this.#connection?.received ?? 0)
  }

  get packetsSent(): number {
    return this.#connection?.sent ?? 0
  }

  get sessionId(): bigint {
    const session = this.#connection?.session
    return session === undefined || session === null ? 0n : toBigInt(session.idHi, session.idLo)
  }

  get session(): ConnectionSessionView {
    return this
  }

  get lastOperation(): string {
    const type = this.#connection?.lastType ?? null
    // compat: what Java makes of a name that is not there.
    return type === null ? 'null' : lastOperationName(type)
  }

  get establishedMs(): number {
    return this.#connection?.establishedMs ?? 0
  }

  get timeoutMs(): number {
    return this.#connection?.session?.timeoutMs ?? 0
  }

  get lastCxid(): number {
    return this.#connection?.lastXid ?? -1
  }

  get lastZxid(): bigint {
    return toBigInt(this.#connection?.lastZxidHi ?? 0, this.#connection?.lastZxidLo ?? 0)
  }

  get lastResponseMs(): number {
    return Math.round(this.#connection?.lastResponseMs ?? 0)
  }

  get lastLatencyMs(): number {
    return this.#connection?.lastLatencyMs ?? 0
  }

  get minLatencyMs(): number {
    return this.#connection?.latencyCount ? this.#connection.minLatencyMs : 0
  }

  get avgLatencyMs(): number {
    const connection = this.#connection
    return connection?.latencyCount ? Math.floor(connection.latencySumMs / connection.latencyCount) : 0
  }

  get maxLatencyMs(): number {
    return this.#connection?.maxLatencyMs ?? 0
  }
}
