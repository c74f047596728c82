import { isSameSecret } from '../constant-time.ts'
import type { ClientExchange, ClientStep } from '../exchange.ts'
import type { SaslHashes } from '../hashes.ts'
import { type DigestInputs, digestResponse, hashedBytes, latin1 } from './digest-response.ts'
import { DirectiveError, type Directives, parseDirectives, quote } from './directives.ts'

/** What the client's side is made with. */
export interface DigestClientOptions {
  readonly hashes: SaslHashes
  readonly username: string
  readonly password: string
  /** Service of the digest-uri: `zookeeper` for clients. */
  readonly protocol: string
  /** Host of the digest-uri; also the realm, where the server names none. `zk-sasl-md5` for clients. */
  readonly serverName: string
  /** Printable, without quotes, never used before, and not to be guessed. */
  readonly cnonce: string
  /** Whom to act as; left out for oneself. */
  readonly authorizationId?: string
}

/** @see RFC 2831, section 2.1.1: a digest-challenge must be shorter */
const CHALLENGE_LENGTH_MAX = 2048
const NONCE_COUNT = '00000001'

type State = 'begins' | 'responded' | 'over'

/**
 * The client's side of DIGEST-MD5 with `qop=auth`. It asks the server for its proof, too.
 * @see RFC 2831
 */
export function createDigestMd5Client(options: DigestClientOptions): ClientExchange {
  return new DigestMd5Client(options)
}

class DigestMd5Client implements ClientExchange {
  readonly mechanism = 'DIGEST-MD5'
  readonly #options: DigestClientOptions
  #state: State = 'begins'
  #expectedProof = ''

  constructor(options: DigestClientOptions) {
    this.#options = options
  }

  initialResponse(): Uint8Array {
    return new Uint8Array(0)
  }

  evaluate(challenge: Uint8Array): ClientStep {
    const state = this.#state
    this.#state = 'over'
    if (state === 'over') return failed('the exchange was over')
    if (challenge.length >= CHALLENGE_LENGTH_MAX) return failed(`a challenge of ${challenge.length} bytes is too long`)
    try {
      const directives = parseDirectives(Buffer.from(challenge).toString('latin1'), ['realm'])
      return state === 'begins' ? this.#respond(directives) : this.#checkProof(directives)
    } catch (error) {
      if (error instanceof DirectiveError) return failed(error.message)
      throw error
    }
  }

  #respond(challenge: Directives): ClientStep {
    const { hashes, username, password, protocol, serverName, cnonce, authorizationId } = this.#options
    const nonce = challenge.get('nonce')
    if (nonce === undefined) return failed('the challenge has no nonce')
    if (challenge.get('algorithm')?.toLowerCase() !== 'md5-sess') return failed('the algorithm is not md5-sess')
    const qops = (challenge.get('qop') ?? 'auth').split(',').map((qop) => qop.trim().toLowerCase())
    if (!qops.includes('auth')) return failed(`the server wants qop ${qops.join(', ')}, and auth is all there is`)
    const isUtf8 = challenge.get('charset')?.toLowerCase() === 'utf-8'
    const encode = (text: string): string => (isUtf8 ? Buffer.from(text, 'utf8').toString('latin1') : text)
    const realm = challenge.get('realm')
    const digestUri = `${protocol}/${serverName}`
    const authzid = authorizationId === undefined ? null : encode(authorizationId)
    const realmText = isUtf8 ? latin1(realm ?? '').toString('utf8') : (realm ?? '')
    const inputs: DigestInputs = {
      username: hashedBytes(username),
      realm: hashedBytes(realmText),
      password: hashedBytes(password),
      nonce,
      cnonce,
      nonceCount: NONCE_COUNT,
      qop: 'auth',
      digestUri,
      authorizationId: authzid
    }
    this.#expectedProof = digestResponse(hashes, inputs, 'server')
    this.#state = 'responded'
    // compat: Java's order of directives.
    const parts = [
      ...(isUtf8 ? ['charset=utf-8'] : []),
      `username=${quote(encode(username))}`,
      ...(realm === undefined ? [] : [`realm=${quote(realm)}`]),
      `nonce=${quote(nonce)}`,
      `nc=${NONCE_COUNT}`,
      `cnonce=${quote(cnonce)}`,
      `digest-uri=${quote(digestUri)}`,
      'maxbuf=65536',
      `response=${digestResponse(hashes, inputs, 'client')}`,
      'qop=auth',
      ...(authzid === null ? [] : [`authzid=${quote(authzid)}`])
    ]
    return { kind: 'response', token: latin1(parts.join(',')) }
  }

  #checkProof(answer: Directives): ClientStep {
    const error = answer.get('error')
    if (error !== undefined) return failed(`the server refused: ${error}`)
    const proof = latin1(answer.get('rspauth') ?? '')
    if (!isSameSecret(proof, latin1(this.#expectedProof))) return failed('the server does not know the password')
    return { kind: 'complete' }
  }
}

function failed(reason: string): ClientStep {
  return { kind: 'failed', reason }
}
