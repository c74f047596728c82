import { highWordOfNumber, lowWordOfNumber, toHex } from '../protocol/int64.ts'

/** Zxids as one double: epochs of a simulation are far below 2^21, so nothing is rounded. */
export function zxidOf(hi: number, lo: number): number {
  return hi * 4294967296 + (lo >>> 0)
}

export function epochOf(zxid: number): number {
  return Math.floor(zxid / 4294967296)
}

export function counterOf(zxid: number): number {
  return zxid % 4294967296
}

export function showZxid(zxid: number): string {
  return zxid < 0 ? String(zxid) : `0x${toHex(highWordOfNumber(zxid), lowWordOfNumber(zxid))}`
}
