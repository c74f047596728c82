import { QUOTA_PATH } from '../../protocol/path.ts'
import { NO_NODE } from './data-tree.ts'
import type { NodeTable } from './node-table.ts'
import { limitsPath, quotaPathOfLimits, quotaPathOfStats, statsPath } from './quota-index.ts'
import { formatQuota, limitsOf, parseQuota, type QuotaNumbers, totalsOf } from './quota-text.ts'
import type { QuotaUse } from './quota-use.ts'
import { nextInSubtree, totalsBelow } from './subtree.ts'

/**
 * Keeps the `zookeeper_stats` nodes right while the tree changes: their data is adjusted in place, without a trace in
 * their stat. They lie below /zookeeper and so are outside the digest.
 */

/** After a node has been created. */
export function noteCreated(nodes: NodeTable, path: string, dataLength: number): void {
  const limited = quotaPathOfLimits(path)
  if (limited !== null) nodes.quotas.add(limited)
  const counted = quotaPathOfStats(path)
  if (counted !== null) writeTotals(nodes, counted)
  adjustTotals(nodes, path, dataLength, 1)
}

/** After a node has been deleted that had `dataLength` bytes. */
export function noteDeleted(nodes: NodeTable, path: string, dataLength: number): void {
  const limited = quotaPathOfLimits(path)
  if (limited !== null) nodes.quotas.remove(limited)
  adjustTotals(nodes, path, -dataLength, -1)
}

/** After a node's data has been replaced by data that is `bytesDiff` longer. */
export function noteDataChanged(nodes: NodeTable, path: string, bytesDiff: number): void {
  adjustTotals(nodes, path, bytesDiff, 0)
}

/** After a snapshot has been loaded: the index and all totals are made from the tree. */
export function rebuildQuotas(nodes: NodeTable): void {
  nodes.quotas.counted.recount((path) => totalsBelow(nodes, path))
  const top = nodes.find(QUOTA_PATH)
  if (top === NO_NODE) return
  for (let node = top; node !== NO_NODE; node = nextInSubtree(nodes, top, node)) {
    const path = nodes.childCount(node) === 0 ? quotaPathOfLimits(nodes.pathOf(node)) : null
    if (path === null) continue
    writeTotals(nodes, path)
    nodes.quotas.add(path)
  }
}

export function quotaUseFor(nodes: NodeTable, path: string): QuotaUse | null {
  const quotaPath = nodes.quotas.nearest(path)
  if (quotaPath === null) return null
  const limits = nodes.find(limitsPath(quotaPath))
  const stats = nodes.find(statsPath(quotaPath))
  if (limits === NO_NODE || stats === NO_NODE) return null
  return { path: quotaPath, limits: limitsOf(numbersOf(nodes, limits)), used: totalsOf(numbersOf(nodes, stats)) }
}

function adjustTotals(nodes: NodeTable, path: string, bytesDiff: number, countDiff: number): void {
  nodes.quotas.counted.changed(path, countDiff, bytesDiff)
  const quotaPath = nodes.quotas.nearest(path)
  if (quotaPath === null) return
  const stats = nodes.find(statsPath(quotaPath))
  if (stats === NO_NODE) return
  const numbers = numbersOf(nodes, stats)
  const { count, bytes } = totalsOf(numbers)
  numbers.set('count', count + countDiff).set('bytes', bytes + bytesDiff)
  writeNumbers(nodes, stats, numbers)
}

/** Sets the totals of a path from its subtree. */
function writeTotals(nodes: NodeTable, quotaPath: string): void {
  const stats = nodes.find(statsPath(quotaPath))
  if (stats === NO_NODE) return
  const { count, bytes } = totalsBelow(nodes, quotaPath)
  writeNumbers(
    nodes,
    stats,
    new Map([
      ['count', count],
      ['bytes', bytes]
    ])
  )
}

function numbersOf(nodes: NodeTable, node: number): QuotaNumbers {
  const data = nodes.data(node)
  return parseQuota(data === null ? '' : Buffer.from(data).toString('latin1'))
}

function writeNumbers(nodes: NodeTable, stats: number, numbers: QuotaNumbers): void {
  nodes.setTotals(stats, Buffer.from(formatQuota(numbers), 'latin1'))
}
