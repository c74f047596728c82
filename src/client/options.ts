import type { AuthInfo } from './auth-list.ts'
import type { SessionCredentials } from './handshake.ts'
import type { SaslOption } from './sasl-login.ts'
import { type Transport, tcpTransport } from './transport.ts'

/** Where a client reports what it does; `console` is one. */
export interface ClientLogger {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
}

/** How a client behaves. Everything may be left out. */
export interface ClientOptions {
  /** Session timeout to ask for, in milliseconds; the server may grant another. Default 30000. */
  readonly sessionTimeoutMs?: number
  /** Whether a server without a quorum will do, for reads, until one with a quorum is found. Default false. */
  readonly readOnly?: boolean
  /** Identities to give to every server, as by `addAuth`. */
  readonly auth?: readonly AuthInfo[]
  /**
   * A SASL login, made on every connection before anything else is asked of it. A server that refuses it ends the client
   * (`authFailed`). Default: none.
   */
  readonly sasl?: SaslOption
  /** A session to go on with, such as one of another process. Default: a new one. */
  readonly session?: SessionCredentials
  /** Time after which a request fails with RequestTimeoutError, in milliseconds; 0 (the default) for never. */
  readonly requestTimeoutMs?: number
  /** How long `connect` waits for the first connection, in milliseconds. Default: the session timeout. */
  readonly connectTimeoutMs?: number
  /** Longest frame sent and accepted, in bytes: what Java calls `jute.maxbuffer`. Default 1048575. */
  readonly frameLengthMax?: number
  /** Most requests without an answer; another is refused with LimitReachedError. Default 10000. */
  readonly outstandingCountMax?: number
  /** Most bytes of requests without an answer; another is refused with LimitReachedError. Default 64 MiB. */
  readonly outstandingSizeBytesMax?: number
  /** Most watchers; a request for another is refused with LimitReachedError. Default 1000000. */
  readonly watchCountMax?: number
  /** Whether watches are set again on a new connection. Default true. */
  readonly resetsWatches?: boolean
  /** Whether the servers are tried in random order. Default true. */
  readonly shufflesServers?: boolean
  /**
   * Longest random delay before another attempt to connect, in milliseconds. It keeps the clients of a server that died from
   * falling upon the others all at once. Default 1000, or a tenth of the session timeout if that is less.
   */
  readonly reconnectDelayMsMax?: number
  /** How connections are made: `tlsTransport` for TLS. Default plain TCP. */
  readonly transport?: Transport
  /** Default: nothing is reported. */
  readonly logger?: ClientLogger
}

/** All options, with their defaults. */
export type ResolvedOptions = Required<Omit<ClientOptions, 'session' | 'sasl'>> & {
  readonly session: SessionCredentials | null
  readonly sasl: SaslOption | null
}

const INT32_MAX = 0x7fffffff
const silentLogger: ClientLogger = { debug: () => undefined, info: () => undefined, warn: () => undefined }

/** @throws RangeError for a number that makes no sense */
export function resolveOptions(options: ClientOptions): ResolvedOptions {
  const sessionTimeoutMs = whole('sessionTimeoutMs', options.sessionTimeoutMs ?? 30_000, 1)
  return {
    sessionTimeoutMs,
    readOnly: options.readOnly ?? false,
    auth: options.auth ?? [],
    sasl: options.sasl ?? null,
    session: options.session ?? null,
    requestTimeoutMs: whole('requestTimeoutMs', options.requestTimeoutMs ?? 0, 0),
    connectTimeoutMs: whole('connectTimeoutMs', options.connectTimeoutMs ?? sessionTimeoutMs, 1),
    frameLengthMax: whole('frameLengthMax', options.frameLengthMax ?? 0xfffff, 1),
    outstandingCountMax: whole('outstandingCountMax', options.outstandingCountMax ?? 10_000, 1),
    outstandingSizeBytesMax: whole('outstandingSizeBytesMax', options.outstandingSizeBytesMax ?? 64 * 1024 * 1024, 1),
    watchCountMax: whole('watchCountMax', options.watchCountMax ?? 1_000_000, 0),
    resetsWatches: options.resetsWatches ?? true,
    shufflesServers: options.shufflesServers ?? true,
    reconnectDelayMsMax: whole(
      'reconnectDelayMsMax',
      options.reconnectDelayMsMax ?? Math.min(1_000, Math.floor(sessionTimeoutMs / 10)),
      0
    ),
    transport: options.transport ?? tcpTransport,
    logger: options.logger ?? silentLogger
  }
}

function whole(name: string, value: number, min: number): number {
  if (!Number.isInteger(value) || value < min || value > INT32_MAX) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${INT32_MAX}, not ${value}`)
  }
  return value
}
