import type { ClientStep } from '../exchange.ts'

/** As `ClientExchange`, and may take its time: a library of Kerberos asks a key distribution centre. */
export interface PatientClientExchange {
  readonly mechanism: string
  initialResponse(): Uint8Array | Promise<Uint8Array>
  evaluate(challenge: Uint8Array): ClientStep | Promise<ClientStep>
}
