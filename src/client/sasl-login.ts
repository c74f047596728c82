import { createDigestMd5Client } from '../sasl/digest-md5/client.ts'
import type { ClientStep } from '../sasl/exchange.ts'
import { createGssapiClient } from '../sasl/node/gssapi-client.ts'
import { nodeSaslHashes as hashes, randomNonce } from '../sasl/node/hashes.ts'
import { loadKerberosLibrary } from '../sasl/node/kerberos-library.ts'
import { createScramClient } from '../sasl/scram/client.ts'
import type { ServerAddress } from './connect-string.ts'

/** The client's side of one SASL exchange. What it returns may be a promise. */
export interface SaslExchange {
  /** Such as `DIGEST-MD5`. */
  readonly mechanism: string
  /** What the client says first; empty where the mechanism lets the server speak first. */
  initialResponse(): Uint8Array | Promise<Uint8Array>
  /** What a token of the server leads to. */
  evaluate(challenge: Uint8Array): ClientStep | Promise<ClientStep>
}

/** A user and a password. */
export interface SaslCredentials {
  readonly username: string
  readonly password: string
  /** Default `DIGEST-MD5`, which is what Apache ZooKeeper has; `SCRAM-SHA-256` is zoonode's, and much better. */
  readonly mechanism?: 'DIGEST-MD5' | 'SCRAM-SHA-256'
}

/**
 * A login by Kerberos, with tickets of the system's library, which the npm package `kerberos` reaches: it must be installed. That
 * library finds its configuration, key table and tickets by the environment (`KRB5_CONFIG`, `KRB5_CLIENT_KTNAME`, `KRB5CCNAME`).
 */
export interface KerberosCredentials {
  readonly mechanism: 'GSSAPI'
  /** First part of the server's principal. Default `zookeeper`. */
  readonly service?: string
  /** Second part. Default: the server's host, as the connect string has it. */
  readonly host?: string
  /** Such as `alice@EXAMPLE.COM`. Default: whose tickets, or keys, there are. */
  readonly principal?: string
}

/** How a client logs in: by a password, by Kerberos, or by an exchange of its own, made anew for each connection. */
export type SaslOption = SaslCredentials | KerberosCredentials | ((server: ServerAddress) => SaslExchange)

/** What both sides of DIGEST-MD5 call the service and its host: fixed, as upstream's. */
const PROTOCOL = 'zookeeper'
const SERVER_NAME = 'zk-sasl-md5'
const NOTHING = new Uint8Array(0)

/** The exchange for one connection. */
export function saslExchangeOf(option: SaslOption, server: ServerAddress): SaslExchange {
  if (typeof option === 'function') return option(server)
  if (option.mechanism === 'GSSAPI') {
    const { service = 'zookeeper', host = server.host, principal = null } = option
    return createGssapiClient({ library: loadKerberosLibrary(), service, host, principal })
  }
  const { username, password, mechanism = 'DIGEST-MD5' } = option
  switch (mechanism) {
    case 'SCRAM-SHA-256':
      return createScramClient({ hashes, username, password, nonce: randomNonce() })
    case 'DIGEST-MD5':
      return createDigestMd5Client({
        hashes,
        username,
        password,
        protocol: PROTOCOL,
        serverName: SERVER_NAME,
        cnonce: randomNonce(),
        authorizationId: username // compat: as the Java client
      })
  }
}

/** Told how a login goes on; nothing more is told after `onLoggedIn` and `onRefused`. */
export interface SaslLoginListener {
  /** A token is to be sent. */
  onToken(token: Uint8Array): void
  onLoggedIn(): void
  /** The server does not know us, or we do not know it. */
  onRefused(reason: string): void
}

/** One exchange on one connection. */
export class SaslLogin {
  readonly #exchange: SaslExchange
  readonly #listener: SaslLoginListener
  #isOver = false
  /** The server has all that it needs. */
  #isLastSaid = false

  constructor(exchange: SaslExchange, listener: SaslLoginListener) {
    this.#exchange = exchange
    this.#listener = listener
  }

  /** Says the first word; the listener is told at once where the mechanism does not need to wait. */
  start(): void {
    this.#then(
      () => this.#exchange.initialResponse(),
      (token) => this.#listener.onToken(token)
    )
  }

  /**
   * Takes the server's answer.
   *
   * @param err   code of the reply; not OK ends the login
   * @param token null where the server has nothing to say: unless all has been said, it has no SASL configuration, or does not know us
   */
  answered(err: number, token: Uint8Array | null): void {
    if (this.#isOver) return
    if (err !== 0) return this.#refuse(`the server has refused it (error ${err})`)
    if (token === null && !this.#isLastSaid)
      return this.#refuse('the server has no SASL configuration, or has refused it')
    this.#then(
      () => this.#exchange.evaluate(token ?? NOTHING),
      (step) => this.#take(step)
    )
  }

  /** The connection is gone: whatever comes is not told any more. */
  abandon(): void {
    this.#isOver = true
  }

  #take(step: ClientStep): void {
    switch (step.kind) {
      case 'response':
        this.#isLastSaid = step.isLast === true
        return this.#listener.onToken(step.token)
      case 'complete':
        this.#isOver = true
        return this.#listener.onLoggedIn()
      case 'failed':
        return this.#refuse(step.reason)
    }
  }

  #refuse(reason: string): void {
    this.#isOver = true
    this.#listener.onRefused(reason)
  }

  #then<T>(work: () => T | Promise<T>, use: (value: T) => void): void {
    const useIfWanted = (value: T): void => {
      if (!this.#isOver) use(value)
    }
    const fail = (error: unknown): void => {
      if (!this.#isOver) this.#refuse(error instanceof Error ? error.message : String(error))
    }
    try {
      const value = work()
      if (value instanceof Promise) value.then(useIfWanted).catch(fail)
      else useIfWanted(value)
    } catch (error) {
      fail(error)
    }
  }
}
