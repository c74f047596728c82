import type { HashPort } from '../ports.ts'
import { crc32OfBytes, crc32OfStat, crc32OfText, crc32OfView, type DigestedStat } from './crc32.ts'
import { StatOffset, type StoredNode } from './stored-node.ts'

/**
 * The digest of a tree: the 64-bit sum of its nodes' CRC-32 over path, data and stat, so that it can be kept with each
 * change as "tree − old + new". Version 2 of upstream's algorithm (`DigestCalculator`).
 */

/** Tells whether a node counts: all but those *below* /zookeeper. The root may be given as `/` or as the empty path. */
export function isDigested(path: string): boolean {
  return !path.startsWith('/zookeeper/')
}

/** Data longer than this is hashed by the port. perf: bench/tree.ts, where the two break even. */
const SHORT_DATA_LENGTH_MAX = 128

/**
 * CRC-32 over a path, the root as the empty one.
 *
 * @param from      how far `parentCrc` goes already; 0 if nothing is known
 * @param parentCrc CRC-32 over the first `from` characters
 * @returns a signed 32-bit number
 */
export function pathCrc(path: string, from = 0, parentCrc = 0): number {
  return path.length > 1 ? crc32OfText(path, parentCrc, from) : 0
}

/**
 * CRC-32 over path and data: the part of a node's digest that stat changes leave alone.
 *
 * @param crc that of the path
 * @returns an unsigned 32-bit number
 */
export function prefixCrc(hash: HashPort, crc: number, data: Uint8Array | null): number {
  if (data === null || data.length === 0) return crc >>> 0
  if (data.length <= SHORT_DATA_LENGTH_MAX) return crc32OfBytes(data, crc) >>> 0
  return hash.crc32(data, crc >>> 0)
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
 *
 * @returns an unsigned 32-bit number
 */
export function digestOfStat(prefixCrc: number, stat: DigestedStat): number {
  return crc32OfStat(stat, prefixCrc) >>> 0
}

/** The same as `prefixCrc` for a node of a snapshot; a signed number. */
export function crcOfStoredData(
  hash: HashPort,
  crc: number,
  { bytes, view, dataStart, dataLength }: StoredNode
): number {
  if (dataLength <= 0) return crc
  const end = dataStart + dataLength
  if (dataLength <= SHORT_DATA_LENGTH_MAX) return crc32OfView(view, dataStart, end, crc)
  return hash.crc32(bytes.subarray(dataStart, end), crc >>> 0) | 0
}

/** The same as `digestOfStat` for a node of a snapshot, where pzxid stands at the end; a signed number. */
export function digestOfStoredStat(prefixCrc: number, { view, statStart }: StoredNode): number {
  const zxidsCrc = crc32OfView(view, statStart, statStart + StatOffset.ctime, prefixCrc)
  const pzxidStart = statStart + StatOffset.pzxid
  const pzxidCrc = crc32OfView(view, pzxidStart, pzxidStart + 8, zxidsCrc)
  return crc32OfView(view, statStart + StatOffset.ctime, pzxidStart, pzxidCrc)
}

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

/** Puts one node digest in the place of another; either may be in its signed form. */
export function moveDigest(sum: DigestSum, before: number, after: number): void {
  const lo = (sum.lo >>> 0) - (before >>> 0) + (after >>> 0)
  sum.lo = lo | 0
  if (lo > 0xffffffff) sum.hi = (sum.hi + 1) | 0
  else if (lo < 0) sum.hi = (sum.hi - 1) | 0
}
