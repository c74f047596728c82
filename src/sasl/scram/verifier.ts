import type { SaslHashes } from '../hashes.ts'

/** What a server keeps of a password for SCRAM-SHA-256: enough to check it, too little to log in with. */
export interface ScramVerifier {
  readonly salt: Uint8Array
  readonly iterations: number
  /** 32 bytes. */
  readonly storedKey: Uint8Array
  /** 32 bytes. */
  readonly serverKey: Uint8Array
}

const PREFIX = 'SCRAM-SHA-256$'
const TEXT = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/
/** RFC 7677, section 4, wants at least so many. */
export const ITERATIONS_MIN = 4096
/** More would let a server hold its clients up for minutes. */
export const ITERATIONS_MAX = 1_000_000

/** Whether the value of a `user_NAME` option is a verifier and not a password. */
export function isVerifierText(text: string): boolean {
  return text.startsWith(PREFIX)
}

/**
 * Reads a verifier as PostgreSQL writes it: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`.
 *
 * @returns null if it is malformed, or has too few iterations or too many
 */
export function parseVerifier(text: string): ScramVerifier | null {
  const match = TEXT.exec(text)
  if (match === null) return null
  const [, count = '', salt = '', storedKey = '', serverKey = ''] = match
  const iterations = Number(count)
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) return null
  return { iterations, salt: bytes(salt), storedKey: bytes(storedKey), serverKey: bytes(serverKey) }
}

/** The text that `parseVerifier` reads, to be put into a JAAS file in place of a password. */
export function formatVerifier({ salt, iterations, storedKey, serverKey }: ScramVerifier): string {
  return `${PREFIX}${iterations}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`
}

/**
 * Makes the verifier of a password. Costs `iterations` rounds of HMAC: some milliseconds.
 * @see RFC 5802, section 3
 */
export function verifierOf(hashes: SaslHashes, password: string, salt: Uint8Array, iterations: number): ScramVerifier {
  const { clientKey, serverKey } = scramKeys(hashes, password, salt, iterations)
  return { salt, iterations, storedKey: hashes.sha256(clientKey), serverKey }
}

/** Both keys that follow from a password; a client needs the first, a server the second. */
export function scramKeys(hashes: SaslHashes, password: string, salt: Uint8Array, iterations: number) {
  const salted = hashes.pbkdf2Sha256(Buffer.from(normalised(password), 'utf8'), salt, iterations)
  return {
    clientKey: hashes.hmacSha256(salted, Buffer.from('Client Key')),
    serverKey: hashes.hmacSha256(salted, Buffer.from('Server Key'))
  }
}

/**
 * The part of SASLprep (RFC 4013) that matters to names and passwords of keyboards: compatibility forms are composed, and
 * spaces of all kinds are spaces.
 */
export function normalised(text: string): string {
  return text
    .replace(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replace(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC')
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64')
}

function base64(value: Uint8Array): string {
  return Buffer.from(value).toString('base64')
}
