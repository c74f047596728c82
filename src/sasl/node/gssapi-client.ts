import type { ClientStep } from '../exchange.ts'
import { KerberosError } from '../kerberos/kerberos-error.ts'
import type { KerberosContext, KerberosLibrary } from './kerberos-library.ts'
import type { PatientClientExchange } from './patient-client-exchange.ts'

/** Whom a client logs in to, and as whom. */
export interface GssapiClientOptions {
  readonly library: KerberosLibrary
  /** First part of the server's principal, such as `zookeeper`. */
  readonly service: string
  /** Second part. Whether it is made canonical, and which realm it is of, is the library's configuration (`krb5.conf`). */
  readonly host: string
  /** Null: the one of the ticket cache, or the first of the key table. */
  readonly principal: string | null
}

/** GSS-API's flags (RFC 2743): the server must prove itself, and messages are in order and protected against changes. */
const MUTUAL_SEQUENCE_INTEGRITY = 2 | 8 | 32
/** What the package calls Kerberos 5. */
const KERBEROS_5 = 9
/** The layers that a server offers, and the one that is taken: none (RFC 4752, section 3.1). */
const NO_LAYER = 1
const LAYERS_SIZE_BYTES = 4
const NOTHING = new Uint8Array(0)

/**
 * The client's side of GSSAPI with Kerberos 5: a ticket, the server's proof, then the layers that it offers, of which none is taken.
 *
 * What it returns rejects with a KerberosError, one line, where there is no ticket, or the server's answer is not right.
 * @see RFC 4752, section 3.1
 */
export function createGssapiClient(options: GssapiClientOptions): PatientClientExchange {
  return new GssapiClient(options)
}

class GssapiClient implements PatientClientExchange {
  readonly mechanism = 'GSSAPI'
  readonly #options: GssapiClientOptions
  #context: KerberosContext | null = null
  #isAnswered = false

  constructor(options: GssapiClientOptions) {
    this.#options = options
  }

  async initialResponse(): Promise<Uint8Array> {
    const { library, service, host, principal } = this.#options
    const whose = principal === null ? {} : { principal }
    const options = { ...whose, gssFlag: MUTUAL_SEQUENCE_INTEGRITY, mechOID: KERBEROS_5 }
    const context = await told(library.initializeClient(`${service}@${host}`, options))
    this.#context = context
    return bytesOf(await told(context.step('')))
  }

  async evaluate(challenge: Uint8Array): Promise<ClientStep> {
    const context = this.#context
    if (context === null) throw new KerberosError('the exchange has not begun')
    if (this.#isAnswered) return challenge.length === 0 ? { kind: 'complete' } : failed('the server says too much')
    const text = Buffer.from(challenge).toString('base64')
    if (!context.contextComplete) return { kind: 'response', token: bytesOf(await told(context.step(text))) }
    const layers = bytesOf(await told(context.unwrap(text)))
    if (layers.length < LAYERS_SIZE_BYTES) return failed("the server's layers are cut off")
    if (((layers[0] ?? 0) & NO_LAYER) === 0)
      return failed('the server wants a layer of protection, of which there is none')
    const answer = Buffer.concat([Buffer.of(NO_LAYER, 0, 0, 0), Buffer.from(context.username)])
    this.#isAnswered = true
    const token = bytesOf(await told(context.wrap(answer.toString('base64'), { protect: false })))
    return { kind: 'response', token, isLast: true }
  }
}

function bytesOf(text: string | null): Uint8Array {
  return text === null || text === '' ? NOTHING : Buffer.from(text, 'base64')
}

function failed(reason: string): ClientStep {
  return { kind: 'failed', reason }
}

/** GSS-API says in front of what is wrong that there is something wrong. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    const text = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ')
    throw new KerberosError(`Kerberos: ${text.replace(/^.*Minor code may provide more information:? ?/, '')}`)
  }
}
