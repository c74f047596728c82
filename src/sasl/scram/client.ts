import { isSameSecret } from '../constant-time.ts'
import type { ClientExchange, ClientStep } from '../exchange.ts'
import type { SaslHashes } from '../hashes.ts'
import { decodeBase64, escapeName, ScramError, valuesOf, xor } from './messages.ts'
import { ITERATIONS_MAX, ITERATIONS_MIN, normalised, scramKeys } from './verifier.ts'

/** What the client's side is made with. */
export interface ScramClientOptions {
  readonly hashes: SaslHashes
  readonly username: string
  readonly password: string
  /** Printable, without commas, never used before, and not to be guessed. */
  readonly nonce: string
}

const GS2_HEADER = 'n,,'
const GS2_HEADER_BASE64 = 'biws'

type State = 'begins' | 'proved' | 'over'

/**
 * The client's side of SCRAM-SHA-256, without channel binding. Its second message costs the rounds that the server asks
 * for; it refuses fewer than RFC 7677 wants, which would help a server that is none to find the password.
 * @see RFC 5802, RFC 7677
 */
export function createScramClient(options: ScramClientOptions): ClientExchange {
  return new ScramClient(options)
}

class ScramClient implements ClientExchange {
  readonly mechanism = 'SCRAM-SHA-256'
  readonly #options: ScramClientOptions
  readonly #firstBare: string
  #state: State = 'begins'
  #expectedSignature: Uint8Array = new Uint8Array(0)

  constructor(options: ScramClientOptions) {
    this.#options = options
    this.#firstBare = `n=${escapeName(normalised(options.username))},r=${options.nonce}`
  }

  initialResponse(): Uint8Array {
    return Buffer.from(GS2_HEADER + this.#firstBare, 'utf8')
  }

  evaluate(challenge: Uint8Array): ClientStep {
    const state = this.#state
    this.#state = 'over'
    if (state === 'over') return failed('the exchange was over')
    try {
      const message = Buffer.from(challenge).toString('utf8')
      return state === 'begins' ? this.#prove(message) : this.#checkSignature(message)
    } catch (error) {
      if (error instanceof ScramError) return failed(error.message)
      throw error
    }
  }

  #prove(challenge: string): ClientStep {
    const { hashes, password, nonce } = this.#options
    const [serverNonce, saltText, countText] = valuesOf(challenge, ['r', 's', 'i'])
    if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length) {
      return failed('the nonce of the server does not go on from ours')
    }
    const iterations = /^\d{1,9}$/.test(countText) ? Number(countText) : 0
    if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) {
      return failed(`${countText} iterations are not from ${ITERATIONS_MIN} to ${ITERATIONS_MAX}`)
    }
    const { clientKey, serverKey } = scramKeys(hashes, password, decodeBase64(saltText), iterations)
    const withoutProof = `c=${GS2_HEADER_BASE64},r=${serverNonce}`
    const authMessage = Buffer.from(`${this.#firstBare},${challenge},${withoutProof}`, 'utf8')
    const proof = xor(clientKey, hashes.hmacSha256(hashes.sha256(clientKey), authMessage))
    this.#expectedSignature = hashes.hmacSha256(serverKey, authMessage)
    this.#state = 'proved'
    return {
      kind: 'response',
      token: Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`, 'utf8')
    }
  }

  #checkSignature(message: string): ClientStep {
    if (message.startsWith('e=')) return failed(`the server refused: ${message.slice(2)}`)
    const [signature] = valuesOf(message, ['v'])
    const isOurs = isSameSecret(decodeBase64(signature), this.#expectedSignature)
    return isOurs ? { kind: 'complete' } : failed('the server does not know the password')
  }
}

function failed(reason: string): ClientStep {
  return { kind: 'failed', reason }
}
