/**
 * SASL mechanisms as state machines (RFC 4422): each side takes the other's token and says what comes next. They do no
 * I/O; hash functions come in by `SaslHashes` and nonces as text, so that an exchange can be replayed to the byte.
 *
 * An exchange is for one authentication and is thrown away after `complete` or `failed`: every further token fails.
 */

/** What a server does about a client's token. */
export type ServerStep =
  | { readonly kind: 'challenge'; readonly token: Uint8Array }
  /** The client is who it says. The token, unless null, is to be sent: it proves the server to the client. */
  | { readonly kind: 'complete'; readonly token: Uint8Array | null; readonly authenticationId: string }
  /** `reason` is for the server's log, never for the client: it would tell a stranger which users there are. */
  | { readonly kind: 'failed'; readonly reason: string }

/** The server's side of one authentication. */
export interface ServerExchange {
  /** Name of the mechanism as IANA has it, such as `DIGEST-MD5`. */
  readonly mechanism: string
  /** Takes the client's next token; the first one is empty where the mechanism lets the server speak first. */
  evaluate(response: Uint8Array): ServerStep
}

/** What a client does about a server's token. */
export type ClientStep =
  /** With `isLast` there is nothing more to prove: the server's word that all is well ends the exchange, with a token or without. */
  | { readonly kind: 'response'; readonly token: Uint8Array; readonly isLast?: true }
  /** The server has proved that it knows the password, too; nothing more is to be sent. */
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly reason: string }

/** The client's side of one authentication. */
export interface ClientExchange {
  readonly mechanism: string
  /** What the client says first; empty where the mechanism lets the server speak first. */
  initialResponse(): Uint8Array
  evaluate(challenge: Uint8Array): ClientStep
}
