import type { SaslHashes } from '../hashes.ts'

/** What both sides put into the digest. Text that came over the wire is one character for each byte. */
export interface DigestInputs {
  /** As sent, in the bytes that `hashedBytes` gives. */
  readonly username: Uint8Array
  readonly realm: Uint8Array
  readonly password: Uint8Array
  readonly nonce: string
  readonly cnonce: string
  /** Eight hexadecimal digits. */
  readonly nonceCount: string
  readonly qop: string
  readonly digestUri: string
  /** Null if the client did not ask to act as somebody else. */
  readonly authorizationId: string | null
}

/** Names the side that proves itself: the client by `response`, the server by `rspauth`. */
export type Prover = 'client' | 'server'

/**
 * The value of `response` or `rspauth`: 32 hexadecimal digits.
 * @see RFC 2831, section 2.1.2.1
 */
export function digestResponse(hashes: SaslHashes, inputs: DigestInputs, prover: Prover): string {
  const { username, realm, password, nonce, cnonce, nonceCount, qop, digestUri, authorizationId } = inputs
  const colon = latin1(':')
  const secret = hashes.md5(Buffer.concat([username, colon, realm, colon, password]))
  const authzid = authorizationId === null ? '' : `:${authorizationId}`
  const a1 = Buffer.concat([secret, latin1(`:${nonce}:${cnonce}${authzid}`)])
  const a2 = latin1(`${prover === 'client' ? 'AUTHENTICATE' : ''}:${digestUri}`)
  const keyed = `${hex(hashes.md5(a1))}:${nonce}:${nonceCount}:${cnonce}:${qop}:${hex(hashes.md5(a2))}`
  return hex(hashes.md5(latin1(keyed)))
}

/**
 * Text as it is hashed: in ISO 8859-1 if that can hold it, although it is sent in UTF-8.
 * @see RFC 2831, section 2.1.2.1, "username-value"
 */
export function hashedBytes(text: string): Uint8Array {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is the whole of ISO 8859-1 that is meant
  return /^[\x00-\xff]*$/.test(text) ? latin1(text) : Buffer.from(text, 'utf8')
}

/** One byte for each character. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
