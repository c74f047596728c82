import type { HashPort } from '../core/ports.ts'
import { crc32OfBytes } from '../core/tree/crc32.ts'

/** Hashes without Node. Passwords of digest users do not occur in a simulation, so their hash need not be a good one. */
export const simulatedHash: HashPort = {
  digest: (bytes) => Uint8Array.from({ length: 20 }, (_, index) => crc32OfBytes(bytes, index) & 0xff),
  crc32: (bytes, seed) => crc32OfBytes(bytes, seed) >>> 0
}
