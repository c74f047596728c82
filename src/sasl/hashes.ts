/** The functions of cryptography that mechanisms need and do not bring along: the shell has them, from Node's OpenSSL. */
export interface SaslHashes {
  /** 16 bytes. */
  md5(bytes: Uint8Array): Uint8Array
  /** 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array
  /** 32 bytes. */
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array
  /** PBKDF2 with HMAC-SHA-256, 32 bytes: SCRAM's `Hi`. Costs time in proportion to `iterations`. */
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, iterations: number): Uint8Array
}
