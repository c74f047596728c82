import { isSameSecret } from '../constant-time.ts'
import type { ServerExchange, ServerStep } from '../exchange.ts'
import type { SaslHashes } from '../hashes.ts'
import { digestResponse, hashedBytes, latin1 } from './digest-response.ts'
import { DirectiveError, type Directives, parseDirectives, quote } from './directives.ts'

/** What the server's side is made with. */
export interface DigestServerOptions {
  readonly hashes: SaslHashes
  /** Service of the digest-uri: `zookeeper` for clients. */
  readonly protocol: string
  /** Host of the digest-uri, and the only realm: `zk-sasl-md5` for clients. */
  readonly serverName: string
  /** Printable, without quotes, never used before, and not to be guessed. */
  readonly nonce: string
  /** Null if there is no such user. */
  passwordOf(user: string): string | null
}

/** compat: RFC 2831, section 2.1.2, wants a digest-response to be shorter, Java does not. */
const RESPONSE_LENGTH_MAX = 4096
/** compat: whatever a client says of it, since Java does not look at that; nothing can come a second time, with a nonce for each exchange. */
const NONCE_COUNT = '00000001'

type State = 'begins' | 'challenged' | 'over'

/**
 * The server's side of DIGEST-MD5 with `qop=auth`, as Java's SASL server has it when it is made with no properties.
 * @see RFC 2831
 */
export function createDigestMd5Server(options: DigestServerOptions): ServerExchange {
  return new DigestMd5Server(options)
}

class DigestMd5Server implements ServerExchange {
  readonly mechanism = 'DIGEST-MD5'
  readonly #options: DigestServerOptions
  #state: State = 'begins'

  constructor(options: DigestServerOptions) {
    this.#options = options
  }

  evaluate(response: Uint8Array): ServerStep {
    const state = this.#state
    this.#state = 'over'
    switch (state) {
      case 'begins':
        // compat: what a client says before the challenge is not looked at, as in Java.
        this.#state = 'challenged'
        return { kind: 'challenge', token: this.#challenge() }
      case 'challenged':
        return this.#judge(response)
      case 'over':
        return failed('the exchange was over')
    }
  }

  /** compat: Java's order of directives. */
  #challenge(): Buffer {
    const { serverName, nonce } = this.#options
    return latin1(`realm=${quote(serverName)},nonce=${quote(nonce)},charset=utf-8,algorithm=md5-sess`)
  }

  #judge(response: Uint8Array): ServerStep {
    if (response.length > RESPONSE_LENGTH_MAX) return failed(`a response of ${response.length} bytes is too long`)
    try {
      return this.#check(parseDirectives(Buffer.from(response).toString('latin1'), []))
    } catch (error) {
      if (error instanceof DirectiveError) return failed(error.message)
      throw error
    }
  }

  #check(directives: Directives): ServerStep {
    const { hashes, nonce, passwordOf } = this.#options
    const isUtf8 = this.#isUtf8(directives)
    const decode = (text: string): string => (isUtf8 ? latin1(text).toString('utf8') : text)
    const username = decode(required(directives, 'username'))
    const realm = decode(directives.get('realm') ?? '')
    const cnonce = required(directives, 'cnonce')
    const digestUri = required(directives, 'digest-uri')
    const qop = directives.get('qop') ?? 'auth'
    if (username === '') return failed('the name of the user is empty')
    if (realm !== this.#options.serverName) return failed(`there is no realm ${JSON.stringify(realm)}`)
    if (required(directives, 'nonce') !== nonce) return failed('the nonce is not the one of the challenge')
    if (qop !== 'auth') return failed(`no quality of protection ${JSON.stringify(qop)}`)
    if (!this.#isOurs(digestUri)) return failed(`the digest-uri ${JSON.stringify(digestUri)} is another service's`)

    const password = passwordOf(username)
    const inputs = {
      username: hashedBytes(username),
      realm: hashedBytes(realm),
      // A user that is not there costs as much time as one that is.
      password: hashedBytes(password ?? ''),
      nonce,
      cnonce,
      nonceCount: NONCE_COUNT,
      qop,
      digestUri,
      authorizationId: directives.get('authzid') ?? null
    }
    const given = latin1(required(directives, 'response'))
    const isRight = isSameSecret(given, latin1(digestResponse(hashes, inputs, 'client')))
    if (password === null) return failed(`there is no user ${JSON.stringify(username)}`)
    if (!isRight) return failed(`the password of ${JSON.stringify(username)} is wrong`)
    const token = latin1(`rspauth=${digestResponse(hashes, inputs, 'server')}`)
    return { kind: 'complete', token, authenticationId: username }
  }

  #isUtf8(directives: Directives): boolean {
    const charset = directives.get('charset')
    if (charset !== undefined && charset.toLowerCase() !== 'utf-8') {
      throw new DirectiveError(`the charset ${JSON.stringify(charset)} is none`)
    }
    return charset !== undefined
  }

  /** `service/host`, or `service/host/name` of which the name does not matter; the case of letters does not. */
  #isOurs(digestUri: string): boolean {
    const [service = '', host = ''] = digestUri.toLowerCase().split('/')
    const { protocol, serverName } = this.#options
    return service === protocol.toLowerCase() && host === serverName.toLowerCase()
  }
}

function required(directives: Directives, name: string): string {
  const value = directives.get(name)
  if (value === undefined) throw new DirectiveError(`no ${name}`)
  return value
}

function failed(reason: string): ServerStep {
  return { kind: 'failed', reason }
}
