import { QUOTA_PATH } from '../../protocol/path.ts'
import type { NodeStore } from './node-store.ts'
import type { PlainNode } from './plain-node.ts'
import { limitsPath, quotaPathOfLimits, quotaPathOfStats, statsPath } from './quota-index.ts'
import { formatQuota, limitsOf, parseQuota, type QuotaNumbers, totalsOf } from './quota-text.ts'
import type { QuotaUse } from './quota-use.ts'
import { nextInSubtree, subtreeTotals } from './subtree.ts'

/**
 * Keeps the `zookeeper_stats` nodes right while the tree changes: their data is adjusted in place, without a trace in
 * their stat. They lie below /zookeeper and so are outside the digest.
 */

/** After a node has been created. */
export function noteCreated(store: NodeStore, node: PlainNode): void {
  const limited = quotaPathOfLimits(node.path)
  if (limited !== null) store.quotas.add(limited)
  const counted = quotaPathOfStats(node.path)
  if (counted !== null) writeTotals(store, counted)
  adjustTotals(store, node.path, lengthOf(node.data), 1)
}

/** After a node has been deleted. */
export function noteDeleted(store: NodeStore, node: PlainNode): void {
  const limited = quotaPathOfLimits(node.path)
  if (limited !== null) store.quotas.remove(limited)
  adjustTotals(store, node.path, -lengthOf(node.data), -1)
}

/** After a node's data has been replaced. */
export function noteDataChanged(store: NodeStore, node: PlainNode, lengthBefore: number): void {
  adjustTotals(store, node.path, lengthOf(node.data) - lengthBefore, 0)
}

/** After a snapshot has been loaded: the index and all totals are made from the tree. */
export function rebuildQuotas(store: NodeStore): void {
  const top = store.get(QUOTA_PATH)
  if (top === undefined) return
  for (let node: PlainNode | null = top; node !== null; node = nextInSubtree(top, node)) {
    const path = node.childCount === 0 ? quotaPathOfLimits(node.path) : null
    if (path === null) continue
    writeTotals(store, path)
    store.quotas.add(path)
  }
}

export function quotaUseFor(store: NodeStore, path: string): QuotaUse | null {
  const quotaPath = store.quotas.nearest(path)
  if (quotaPath === null) return null
  const limits = store.get(limitsPath(quotaPath))
  const stats = store.get(statsPath(quotaPath))
  if (limits === undefined || stats === undefined) return null
  return { path: quotaPath, limits: limitsOf(numbersOf(limits)), used: totalsOf(numbersOf(stats)) }
}

function adjustTotals(store: NodeStore, path: string, bytesDiff: number, countDiff: number): void {
  const quotaPath = store.quotas.nearest(path)
  if (quotaPath === null) return
  const stats = store.get(statsPath(quotaPath))
  if (stats === undefined) return
  const numbers = numbersOf(stats)
  const { count, bytes } = totalsOf(numbers)
  numbers.set('count', count + countDiff).set('bytes', bytes + bytesDiff)
  writeNumbers(store, stats, numbers)
}

/** Sets the totals of a path from its subtree. */
function writeTotals(store: NodeStore, quotaPath: string): void {
  const stats = store.get(statsPath(quotaPath))
  const top = store.get(quotaPath)
  if (stats === undefined) return
  const { count, bytes } = top === undefined ? { count: 0, bytes: 0 } : subtreeTotals(top)
  writeNumbers(
    store,
    stats,
    new Map([
      ['count', count],
      ['bytes', bytes]
    ])
  )
}

function numbersOf(node: PlainNode): QuotaNumbers {
  return parseQuota(node.data ?? '')
}

function writeNumbers(store: NodeStore, stats: PlainNode, numbers: QuotaNumbers): void {
  store.beforeChange(stats)
  store.replaceData(stats, Buffer.from(formatQuota(numbers), 'latin1'))
}

function lengthOf(data: string | null): number {
  return data === null ? 0 : data.length
}
