import { NO_NODE } from './data-tree.ts'
import type { NodeTable } from './node-table.ts'

/**
 * The node after `node` in a walk of `top`'s subtree, parents before children; NO_NODE at the end. No recursion: a path
 * may have hundreds of thousands of parts.
 */
export function nextInSubtree(nodes: NodeTable, top: number, node: number): number {
  const child = nodes.firstChild(node)
  if (child !== NO_NODE) return child
  for (let at = node; at !== NO_NODE && at !== top; at = nodes.parent(at)) {
    const next = nodes.nextSibling(at)
    if (next !== NO_NODE) return next
  }
  return NO_NODE
}

/** A node without children in `top`'s subtree; `top` itself once it has none. */
export function someLeaf(nodes: NodeTable, top: number): number {
  let node = top
  for (let child = nodes.firstChild(node); child !== NO_NODE; child = nodes.firstChild(node)) node = child
  return node
}

export interface SubtreeTotals {
  /** Nodes, the top included. */
  count: number
  /** Their data. */
  bytes: number
}

export function subtreeTotals(nodes: NodeTable, top: number): SubtreeTotals {
  const totals: SubtreeTotals = { count: 0, bytes: 0 }
  for (let node = top; node !== NO_NODE; node = nextInSubtree(nodes, top, node)) {
    totals.count++
    totals.bytes += nodes.dataLength(node)
  }
  return totals
}

/** Of the subtree at a path, where there may be none. */
export function totalsBelow(nodes: NodeTable, path: string): SubtreeTotals {
  const top = nodes.find(path)
  return top === NO_NODE ? { count: 0, bytes: 0 } : subtreeTotals(nodes, top)
}
