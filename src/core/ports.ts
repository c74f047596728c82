import type { Identity } from './acl/authentication-provider.ts'

/**
 * What the core needs of the world and must not reach for by itself. The shell gives the real ones, tests and the
 * simulator may give others.
 */
export interface HashPort {
  /** SHA-1 (or the configured digest of `DigestAuthenticationProvider.digestAlg`) of `bytes`. */
  digest(bytes: Uint8Array): Uint8Array
  /** CRC-32 (IEEE) of `bytes`, continued from `seed` (0 at first); an unsigned 32-bit number. */
  crc32(bytes: Uint8Array, seed: number): number
}

/** Names one client connection for the life of the process; never reused. */
export type ConnectionId = number & { readonly brand: 'ConnectionId' }

/** Where the server's side of SASL exchanges comes from. */
export interface SaslPort {
  /** `zookeeper.allowSaslFailedClients`: a client that has failed stays, as nobody. */
  readonly allowsFailedClients: boolean
  /** The server's side of a connection's only exchange. */
  begin(connection: ConnectionId): SaslExchange
}

/** The server's side of one connection's exchange, with whatever mechanism. */
export interface SaslExchange {
  /**
   * Takes the client's next token; its bytes are valid during the call only.
   *
   * @returns `pending` where the answer takes its time: it comes by the input `saslAnswered`, and nothing more is asked
   * before that
   */
  evaluate(token: Uint8Array): SaslAnswer | { readonly kind: 'pending' }
}

/** What becomes of a client's token. */
export type SaslAnswer =
  | { readonly kind: 'challenge'; readonly token: Uint8Array }
  /** Who the client is, from now on, beside who it was. */
  | { readonly kind: 'complete'; readonly token: Uint8Array | null; readonly identities: readonly Identity[] }
  /** `reason` is for the log. */
  | { readonly kind: 'failed'; readonly reason: string }
