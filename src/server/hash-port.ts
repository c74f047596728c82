import { createHash } from 'node:crypto'
import * as zlib from 'node:zlib'
import type { HashPort } from '../core/ports.ts'

/** zlib's CRC-32, which Node 20.15 and 22.2 brought; older type packages do not know it. */
const nativeCrc32 = (zlib as unknown as { crc32: (data: Uint8Array, seed?: number) => number }).crc32

/** Java's names of digest algorithms, which `DigestAuthenticationProvider.digestAlg` takes, and OpenSSL's. */
function algorithmName(javaName: string): string {
  return javaName.replace(/^SHA-?(\d+)$/i, 'sha$1').toLowerCase()
}

/**
 * The real hash functions.
 *
 * @param digestAlgorithm `DigestAuthenticationProvider.digestAlg`: SHA1, SHA-256, SHA3-256, MD5 …
 * @throws Error if this Node has no such algorithm
 */
export function createHashPort(digestAlgorithm: string): HashPort {
  const name = algorithmName(digestAlgorithm)
  createHash(name)
  return {
    digest: (bytes) => createHash(name).update(bytes).digest(),
    crc32: (bytes, seed) => nativeCrc32(bytes, seed)
  }
}
