const SECRET = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const MASK_48 = (1n << 48n) - 1n

/**
 * The password that Apache ZooKeeper derives from a session id: `nextBytes(16)` of a java.util.Random seeded with
 * id XOR 0xB3415C00 (client-protocol reference, section 15). Hexadecimal.
 */
export function sessionPassword(sessionId: bigint): string {
  const out = Buffer.alloc(16)
  let state = (BigInt.asUintN(64, sessionId ^ SECRET) ^ MULTIPLIER) & MASK_48
  for (let at = 0; at < 16; at += 4) {
    state = (state * MULTIPLIER + 11n) & MASK_48
    out.writeUInt32LE(Number((state >> 16n) & 0xffffffffn), at)
  }
  return out.toString('hex')
}
