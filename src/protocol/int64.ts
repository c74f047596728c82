/**
 * 64-bit numbers (zxids, session ids, times) as a pair of int32: `hi` signed, `lo` the low word as a *signed* int32.
 * perf: bigint costs 5 to 20 times more and allocates; a double rounds above 2^53.
 */

/** Signed comparison: negative, 0 or positive. */
export function compareInt64(aHi: number, aLo: number, bHi: number, bLo: number): number {
  return aHi !== bHi ? aHi - bHi : (aLo >>> 0) - (bLo >>> 0)
}

/** The bigint of a pair; for public APIs, logs and tests. */
export function toBigInt(hi: number, lo: number): bigint {
  return (BigInt(hi) << 32n) | BigInt(lo >>> 0)
}

export function highWord(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n))
}

export function lowWord(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

const TWO_32 = 4294967296

/** High word of a safe integer, such as a time in milliseconds. */
export function highWordOfNumber(value: number): number {
  return Math.floor(value / TWO_32) | 0
}

/** Low word of a safe integer. */
export function lowWordOfNumber(value: number): number {
  return (value % TWO_32) | 0
}

/** The pair as a double: exact only below 2^53, as times and TTLs are. */
export function toNumber(hi: number, lo: number): number {
  return hi * TWO_32 + (lo >>> 0)
}

/** Lower-case hexadecimal of the unsigned value without leading zeros, as upstream prints zxids and session ids. */
export function toHex(hi: number, lo: number): string {
  if (hi === 0) return (lo >>> 0).toString(16)
  return (hi >>> 0).toString(16) + (lo >>> 0).toString(16).padStart(8, '0')
}
