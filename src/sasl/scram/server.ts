import { isSameSecret } from '../constant-time.ts'
import type { ServerExchange, ServerStep } from '../exchange.ts'
import type { SaslHashes } from '../hashes.ts'
import { decodeBase64, ScramError, unescapeName, valuesOf, xor } from './messages.ts'
import type { ScramVerifier } from './verifier.ts'

/** What the server's side is made with. */
export interface ScramServerOptions {
  readonly hashes: SaslHashes
  /** Printable, without commas, never used before, and not to be guessed. */
  readonly nonce: string
  /** Known to this server only and the same for all exchanges: makes the salts of users that are not there. */
  readonly decoySecret: Uint8Array
  /** Iterations of users that are not there: those of the others, which would tell them apart. */
  readonly decoyIterations: number
  /** Null if there is no such user. */
  verifierOf(user: string): ScramVerifier | null
}

/** No client has more to say. */
const MESSAGE_LENGTH_MAX = 4096
/** Beginnings of a client's first message: no channel binding, whether or not the client could. */
const GS2_HEADER = /^([ny]),(?:a=([^,]*))?,/
const SALT_SIZE_BYTES = 16

type State =
  | { readonly kind: 'begins' }
  | { readonly kind: 'challenged'; readonly challenged: Challenged }
  | { readonly kind: 'over' }

interface Challenged {
  readonly user: string
  readonly verifier: ScramVerifier
  readonly isKnown: boolean
  /** What the last message must begin with. */
  readonly binding: string
  readonly nonce: string
  /** Both first messages, with a comma after each. */
  readonly firstMessages: string
}

/**
 * The server's side of SCRAM-SHA-256, without channel binding.
 *
 * A user that is not there gets a challenge like one that is: with a salt that follows from its name, so that it is the
 * same each time.
 * @see RFC 5802, RFC 7677
 */
export function createScramServer(options: ScramServerOptions): ServerExchange {
  return new ScramServer(options)
}

class ScramServer implements ServerExchange {
  readonly mechanism = 'SCRAM-SHA-256'
  readonly #options: ScramServerOptions
  #state: State = { kind: 'begins' }

  constructor(options: ScramServerOptions) {
    this.#options = options
  }

  evaluate(response: Uint8Array): ServerStep {
    const state = this.#state
    this.#state = { kind: 'over' }
    if (response.length > MESSAGE_LENGTH_MAX) return failed(`a message of ${response.length} bytes is too long`)
    const message = Buffer.from(response).toString('utf8')
    try {
      switch (state.kind) {
        case 'begins':
          return this.#challenge(message)
        case 'challenged':
          return this.#judge(message, state.challenged)
        case 'over':
          return failed('the exchange was over')
      }
    } catch (error) {
      if (error instanceof ScramError) return failed(error.message)
      throw error
    }
  }

  #challenge(message: string): ServerStep {
    const header = GS2_HEADER.exec(message)
    if (header === null) return failed('the first message does not begin as one, or wants channel binding')
    const bare = message.slice(header[0].length)
    const [name, clientNonce] = valuesOf(bare, ['n', 'r'])
    const user = unescapeName(name)
    if (user === '') return failed('the name of the user is empty')
    if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(clientNonce)) return failed('the nonce of the client is empty or not printable')
    const asked = header[2] === undefined ? user : unescapeName(header[2])
    if (asked !== user) return failed(`${JSON.stringify(user)} may not act as ${JSON.stringify(asked)}`)
    const known = this.#options.verifierOf(user)
    const verifier = known ?? this.#decoy(user)
    const nonce = clientNonce + this.#options.nonce
    const challenge = `r=${nonce},s=${Buffer.from(verifier.salt).toString('base64')},i=${verifier.iterations}`
    const challenged = {
      user,
      verifier,
      isKnown: known !== null,
      binding: Buffer.from(header[0], 'utf8').toString('base64'),
      nonce,
      firstMessages: `${bare},${challenge},`
    }
    this.#state = { kind: 'challenged', challenged }
    return { kind: 'challenge', token: Buffer.from(challenge, 'utf8') }
  }

  #judge(message: string, challenged: Challenged): ServerStep {
    const { hashes } = this.#options
    const { user, verifier, isKnown, binding, nonce, firstMessages } = challenged
    const proofAt = message.lastIndexOf(',p=')
    if (proofAt < 0) return failed('the last message has no proof')
    const withoutProof = message.slice(0, proofAt)
    const [givenBinding, givenNonce] = valuesOf(withoutProof, ['c', 'r'])
    if (givenBinding !== binding) return failed('the channel binding is not that of the first message')
    if (givenNonce !== nonce) return failed('the nonce is not the one of the challenge')
    const proof = decodeBase64(message.slice(proofAt + ',p='.length))
    const authMessage = Buffer.from(firstMessages + withoutProof, 'utf8')
    const clientKey = xor(hashes.hmacSha256(verifier.storedKey, authMessage), proof)
    const isRight = isSameSecret(
      proof.length === clientKey.length ? hashes.sha256(clientKey) : proof,
      verifier.storedKey
    )
    if (!isKnown) return failed(`there is no user ${JSON.stringify(user)}`)
    if (!isRight) return failed(`the password of ${JSON.stringify(user)} is wrong`)
    const signature = hashes.hmacSha256(verifier.serverKey, authMessage)
    const token = Buffer.from(`v=${Buffer.from(signature).toString('base64')}`, 'latin1')
    return { kind: 'complete', token, authenticationId: user }
  }

  #decoy(user: string): ScramVerifier {
    const { hashes, decoySecret, decoyIterations } = this.#options
    const bytes = hashes.hmacSha256(decoySecret, Buffer.from(user, 'utf8'))
    return { salt: bytes.subarray(0, SALT_SIZE_BYTES), iterations: decoyIterations, storedKey: bytes, serverKey: bytes }
  }
}

function failed(reason: string): ServerStep {
  return { kind: 'failed', reason }
}
