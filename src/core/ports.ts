/**
 * What the core needs of the world and must not reach for by itself. The shell gives the real ones, tests and the
 * simulator may give others.
 */
export interface HashPort {
  /** SHA-1 (or the configured digest of `DigestAuthenticationProvider.digestAlg`) of `bytes`. */
  digest(bytes: Uint8Array): Uint8Array
  /** CRC-32 (IEEE) of `bytes`, continued from `seed` (0 at first); an unsigned 32-bit number. */
  crc32(bytes: Uint8Array, seed: number): number
}

/** Names one client connection for the life of the process; never reused. */
export type ConnectionId = number & { readonly brand: 'ConnectionId' }
