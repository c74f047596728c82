/** Length of every session password. */
export const SESSION_PASSWORD_SIZE_BYTES = 16

/** Apache's constant, which is xored into the id to make the seed; its high word is 0. */
const SECRET = 0xb3415c00

// java.util.Random's step is s = (s × 0x5DEECE66D + 11) mod 2^48. The 48 bits are held as two halves of 24, whose
// products stay below 2^48 and so are exact as doubles.
const HALF = 0x1000000
const MULTIPLIER_HIGH = 0x5de
const MULTIPLIER_LOW = 0xece66d
const INCREMENT = 11

/**
 * Writes the password of a session into `target`, 16 bytes from `offset`.
 *
 * It follows from the id alone, as on Apache's servers, so that a session can move between servers of either kind:
 * `nextBytes` of a `java.util.Random` whose seed is the id xor 0xB3415C00.
 */
export function writeSessionPassword(idHi: number, idLo: number, target: Uint8Array, offset: number): void {
  // Random's constructor xors its multiplier into the seed and keeps 48 bits.
  const seedLo = idLo ^ SECRET ^ ((MULTIPLIER_HIGH << 24) | MULTIPLIER_LOW)
  const seedHi = (idHi ^ (MULTIPLIER_HIGH >>> 8)) & 0xffff
  let high = ((seedHi << 8) | (seedLo >>> 24)) & 0xffffff
  let low = seedLo & 0xffffff
  for (let at = offset; at < offset + SESSION_PASSWORD_SIZE_BYTES; at += 4) {
    const product = low * MULTIPLIER_LOW + INCREMENT
    high = (high * MULTIPLIER_LOW + low * MULTIPLIER_HIGH + Math.floor(product / HALF)) % HALF
    low = product % HALF
    const bits = (high << 8) | (low >>> 16)
    target[at] = bits
    target[at + 1] = bits >>> 8
    target[at + 2] = bits >>> 16
    target[at + 3] = bits >>> 24
  }
}

/**
 * Tells whether `password` is that of the session; takes the same time whichever byte is wrong.
 * There is no session 0, so it has no password.
 */
export function isSessionPassword(idHi: number, idLo: number, password: Uint8Array | null): boolean {
  if (password === null || password.length !== SESSION_PASSWORD_SIZE_BYTES) return false
  const expected = new Uint8Array(SESSION_PASSWORD_SIZE_BYTES)
  writeSessionPassword(idHi, idLo, expected, 0)
  let difference = (idHi | idLo) === 0 ? 1 : 0
  for (let index = 0; index < SESSION_PASSWORD_SIZE_BYTES; index++) {
    difference |= (expected[index] ?? 0) ^ (password[index] ?? 0)
  }
  return difference === 0
}
