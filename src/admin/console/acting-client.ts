import type { Duplex } from 'node:stream'
import { PassThrough } from 'node:stream'
import type { AuthInfo } from '../../client/auth-list.ts'
import { isFinal } from '../../client/connection-state.ts'
import { ClientClosedError } from '../../client/errors.ts'
import type { SaslCredentials } from '../../client/sasl-login.ts'
import type { ZooKeeper } from '../../client/zookeeper.ts'

/** Opens a connection to this server; null where none is taken. */
export type OpenConnection = () => Duplex | null

/** Whom a client acts for. */
export type ActingIdentity = AuthInfo | SaslCredentials | null

const SESSION_TIMEOUT_MS = 20_000
const CONNECT_TIMEOUT_MS = 5_000
const REQUEST_TIMEOUT_MS = 15_000
/** Lists of children are longer than a client's usual limit. */
const FRAME_LENGTH_MAX = 64 * 1024 * 1024
const WATCH_COUNT_MAX = 2_000
/** Unused for so long, the session is closed until it is needed again. */
const IDLE_MS = 60_000

/**
 * A client of this server that acts for one login of the console, or for all who have not logged in. It has a session only
 * while it is used.
 */
export class ActingClient {
  readonly #open: OpenConnection
  readonly #identity: ActingIdentity
  #client: Promise<ZooKeeper> | null = null
  #users = 0
  #idleTimer: NodeJS.Timeout | undefined
  #isClosed = false

  /** @param identity null: `world:anyone` */
  constructor(open: OpenConnection, identity: ActingIdentity) {
    this.#open = open
    this.#identity = identity
  }

  /**
   * The client, connected.
   *
   * @throws ZkError: ConnectionLossError where the server takes no clients, AuthFailedError where it refuses the identity,
   *   ClientClosedError after `close`
   */
  async get(): Promise<ZooKeeper> {
    if (this.#isClosed) throw new ClientClosedError('the login is over')
    this.#startIdle()
    const present = this.#client
    if (present !== null) {
      const client = await present
      if (!isFinal(client.state)) return client
      if (this.#client === present) this.#client = null
    }
    this.#client ??= this.#connect()
    return this.#client
  }

  /** The session is kept until `release`. */
  retain(): void {
    this.#users++
  }

  release(): void {
    this.#users--
    this.#startIdle()
  }

  /** Ends the session. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#drop()
  }

  async #connect(): Promise<ZooKeeper> {
    // Loaded with the first use: a server without a console needs no client.
    const { connect } = await import('../../client/zookeeper.ts')
    try {
      return await connect('console', {
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        requestTimeoutMs: REQUEST_TIMEOUT_MS,
        frameLengthMax: FRAME_LENGTH_MAX,
        watchCountMax: WATCH_COUNT_MAX,
        readOnly: true,
        reconnectDelayMsMax: 200,
        ...credentialsOf(this.#identity),
        transport: (_server, onOpen) => this.#connection(onOpen)
      })
    } catch (error) {
      this.#client = null
      throw error
    }
  }

  #connection(onOpen: () => void): Duplex {
    const connection = this.#isClosed ? null : this.#open()
    if (connection === null) return new PassThrough().destroy()
    setImmediate(onOpen)
    return connection
  }

  #startIdle(): void {
    clearTimeout(this.#idleTimer)
    if (this.#isClosed) return
    this.#idleTimer = setTimeout(() => {
      if (this.#users > 0) this.#startIdle()
      else void this.#drop()
    }, IDLE_MS).unref()
  }

  async #drop(): Promise<void> {
    clearTimeout(this.#idleTimer)
    const client = this.#client
    this.#client = null
    try {
      await (await client)?.close()
    } catch {
      // It never had a connection: there is nothing to close.
    }
  }
}

function credentialsOf(identity: ActingIdentity): { auth?: readonly AuthInfo[]; sasl?: SaslCredentials } {
  if (identity === null) return {}
  return 'scheme' in identity ? { auth: [identity] } : { sasl: identity }
}
