import type { ServerExchange } from '../../../sasl/exchange.ts'
import type { PatientClientExchange } from '../../../sasl/node/patient-client-exchange.ts'

/** How servers of an ensemble prove to each other who they are (`quorum.auth.*`). */
export interface PeerAuthentication {
  /**
   * For a connection that this server opens; null: it says nothing about itself (`quorum.auth.learnerRequireSasl=false`).
   *
   * @param host of the other one, as it is configured
   */
  newClient(host: string): PatientClientExchange | null
  /** For a connection that another server has opened and on which it begins an exchange. */
  newServer(): ServerExchange
  /** Who begins no exchange, or fails in it, is turned away (`quorum.auth.serverRequireSasl`). */
  readonly isRequired: boolean
}
