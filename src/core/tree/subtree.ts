import type { PlainNode } from './plain-node.ts'

/**
 * The node after `node` in a walk of `top`'s subtree, parents before children; null at the end. No recursion: a path
 * may have hundreds of thousands of parts.
 */
export function nextInSubtree(top: PlainNode, node: PlainNode): PlainNode | null {
  if (node.firstChild !== null) return node.firstChild
  for (let at: PlainNode | null = node; at !== null && at !== top; at = at.parent) {
    if (at.next !== null) return at.next
  }
  return null
}

/** A node without children in `top`'s subtree; `top` itself once it has none. */
export function someLeaf(top: PlainNode): PlainNode {
  let node = top
  while (node.firstChild !== null) node = node.firstChild
  return node
}

export interface SubtreeTotals {
  /** Nodes, the top included. */
  count: number
  /** Their data. */
  bytes: number
}

export function subtreeTotals(top: PlainNode): SubtreeTotals {
  const totals: SubtreeTotals = { count: 0, bytes: 0 }
  for (let node: PlainNode | null = top; node !== null; node = nextInSubtree(top, node)) {
    totals.count++
    totals.bytes += node.data === null ? 0 : node.data.length
  }
  return totals
}
