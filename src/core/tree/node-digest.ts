import type { StatPersisted } from '../../protocol/generated/data.ts'
import type { HashPort } from '../ports.ts'

/**
 * The digest of a tree: the 64-bit sum of its nodes' CRC-32 over path, data and stat, so that it can be kept with each
 * change as "tree − old + new". Version 2 of upstream's algorithm (`DigestCalculator`).
 */

/** Tells whether a node counts: all but those *below* /zookeeper. The root may be given as `/` or as the empty path. */
export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/')
}

/** CRC-32 over path (the root as the empty path) and data, the part of a node's digest that stat changes leave alone. */
export function prefixCrc(hash: HashPort, path: string, data: Uint8Array | null): number {
  let crc = 0
  if (path.length > 1) crc = hash.crc32(Buffer.from(path, 'utf8'), 0)
  return data === null || data.length === 0 ? crc : hash.crc32(data, crc)
}

/**
 * A node's digest, from `prefixCrc` and the stored stat. (Only for nodes that count: see `isDigested`.)
 *
 * | bytes | field               | | bytes | field               |
 * |-------|---------------------|-|-------|---------------------|
 * | 0–7   | czxid               | | 40–43 | version             |
 * | 8–15  | mzxid               | | 44–47 | cversion, stored    |
 * | 16–23 | pzxid               | | 48–51 | aversion            |
 * | 24–31 | ctime               | | 52–59 | ephemeralOwner,     |
 * | 32–39 | mtime               | |       | stored              |
 */
export function statDigest(hash: HashPort, prefixCrc: number, stat: StatPersisted): number {
  view.setInt32(0, stat.czxidHi)
  view.setInt32(4, stat.czxidLo)
  view.setInt32(8, stat.mzxidHi)
  view.setInt32(12, stat.mzxidLo)
  view.setInt32(16, stat.pzxidHi)
  view.setInt32(20, stat.pzxidLo)
  view.setInt32(24, stat.ctimeHi)
  view.setInt32(28, stat.ctimeLo)
  view.setInt32(32, stat.mtimeHi)
  view.setInt32(36, stat.mtimeLo)
  view.setInt32(40, stat.version)
  view.setInt32(44, stat.cversion)
  view.setInt32(48, stat.aversion)
  view.setInt32(52, stat.ephemeralOwnerHi)
  view.setInt32(56, stat.ephemeralOwnerLo)
  return hash.crc32(bytes, prefixCrc)
}

const STAT_DIGEST_INPUT_BYTES = 60
const bytes = new Uint8Array(STAT_DIGEST_INPUT_BYTES)
const view = new DataView(bytes.buffer)

/** A running 64-bit sum of node digests, modulo 2^64. */
export interface DigestSum {
  hi: number
  lo: number
}

/** Adds an unsigned 32-bit node digest. */
export function addDigest(sum: DigestSum, nodeDigest: number): void {
  const lo = (sum.lo >>> 0) + (nodeDigest >>> 0)
  sum.lo = lo | 0
  if (lo > 0xffffffff) sum.hi = (sum.hi + 1) | 0
}

/** Takes an unsigned 32-bit node digest away. */
export function subtractDigest(sum: DigestSum, nodeDigest: number): void {
  const lo = (sum.lo >>> 0) - (nodeDigest >>> 0)
  sum.lo = lo | 0
  if (lo < 0) sum.hi = (sum.hi - 1) | 0
}
