import type { ConnectionId } from '../../core/ports.ts'
import type { ServerStep } from '../../sasl/exchange.ts'

/**
 * The place where SASL mechanisms plug in. The packets of ZooKeeper's clients do not name their mechanism, so each says by
 * the first token whether an exchange is its own.
 */
export interface SaslMechanism {
  /** As IANA has it. */
  readonly name: string
  /** Whether a client whose first token this is speaks this mechanism. */
  begins(firstToken: Uint8Array): boolean
  /** The server's side for one connection. */
  begin(connection: ConnectionId): MechanismExchange
}

/** As `ServerExchange`, and may take its time: then it brings the step itself, by what it was made with. */
export interface MechanismExchange {
  evaluate(response: Uint8Array): ServerStep | { readonly kind: 'pending' }
}
