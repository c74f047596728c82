import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { SaslHashes } from '../hashes.ts'

/** Node's hash functions. On an OpenSSL in FIPS mode `md5` throws when it is called. */
export const nodeSaslHashes: SaslHashes = {
  md5: (bytes) => createHash('md5').update(bytes).digest(),
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  pbkdf2Sha256: (password, salt, iterations) => pbkdf2Sync(password, salt, iterations, 32, 'sha256')
}

const NONCE_SIZE_BYTES = 30

/** A nonce that nobody can guess: 40 characters of base64, as long as Java's. */
export function randomNonce(): string {
  return randomBytes(NONCE_SIZE_BYTES).toString('base64')
}
