import type { ServerExchange, ServerStep } from '../exchange.ts'
import { type AcceptedClient, acceptApReq } from './ap-req.ts'
import type { KerberosCiphers } from './encryption.ts'
import { KerberosError } from './kerberos-error.ts'
import type { KeytabEntry } from './keytab.ts'
import { unwrapFromInitiator, wrapAsAcceptor } from './wrap-token.ts'

/** What the server's side is made with. */
export interface GssapiServerOptions {
  readonly ciphers: KerberosCiphers
  /** Of our service principal. */
  readonly keys: readonly KeytabEntry[]
  /** Wall clock, ms since the epoch. */
  nowMs(): number
  /** Notes a request; false if it was noted before: somebody has recorded it. */
  isNew(fingerprint: Uint8Array): boolean
}

/** No ticket is so long; one with a directory's groups in it has some ten kilobytes. */
const TOKEN_LENGTH_MAX = 65_536
/** The only layer: after the login nothing is protected by it. compat: with a length of messages, as Java says one. */
const NO_LAYER = 1
const LAYERS_OFFERED = Buffer.of(NO_LAYER, 1, 0, 0)

type State =
  | { readonly kind: 'begins' }
  | { readonly kind: 'replied' | 'offered'; readonly client: AcceptedClient }
  | { readonly kind: 'over' }

/**
 * The server's side of GSSAPI with Kerberos 5: the client's ticket, our proof if it wants one, then which layers there are
 * and which one the client takes: none.
 * @see RFC 4752, section 3.2
 */
export function createGssapiServer(options: GssapiServerOptions): ServerExchange {
  return new GssapiServer(options)
}

class GssapiServer implements ServerExchange {
  readonly mechanism = 'GSSAPI'
  readonly #options: GssapiServerOptions
  #state: State = { kind: 'begins' }

  constructor(options: GssapiServerOptions) {
    this.#options = options
  }

  evaluate(response: Uint8Array): ServerStep {
    const state = this.#state
    this.#state = { kind: 'over' }
    if (response.length > TOKEN_LENGTH_MAX) return failed(`a token of ${response.length} bytes is too long`)
    const token = Buffer.from(response)
    try {
      switch (state.kind) {
        case 'begins':
          return this.#accept(token)
        case 'replied':
          if (token.length > 0) return failed('something came where nothing was to be said')
          return this.#offer(state.client)
        case 'offered':
          return this.#finish(token, state.client)
        case 'over':
          return failed('the exchange was over')
      }
    } catch (error) {
      if (error instanceof KerberosError) return failed(error.message)
      throw error
    }
  }

  #accept(token: Buffer): ServerStep {
    const { ciphers, keys, nowMs, isNew } = this.#options
    const client = acceptApReq(ciphers, keys, token, nowMs())
    if (!isNew(client.fingerprint)) return failed(`a request of ${client.principal} has come before`)
    if (client.reply === null) return this.#offer(client)
    this.#state = { kind: 'replied', client }
    return { kind: 'challenge', token: client.reply }
  }

  #offer(client: AcceptedClient): ServerStep {
    this.#state = { kind: 'offered', client }
    const token = wrapAsAcceptor(this.#options.ciphers, client.key, client.sendSequence, LAYERS_OFFERED)
    return { kind: 'challenge', token }
  }

  #finish(token: Buffer, { key, principal }: AcceptedClient): ServerStep {
    const answer = unwrapFromInitiator(this.#options.ciphers, key, token)
    if (answer.length < LAYERS_OFFERED.length) return failed('the answer on layers is cut off')
    if (answer[0] !== NO_LAYER) return failed(`${principal} wants a layer that was not offered`)
    // Whom it wants to act as, behind that, makes no difference.
    return { kind: 'complete', token: null, authenticationId: principal }
  }
}

function failed(reason: string): ServerStep {
  return { kind: 'failed', reason }
}
