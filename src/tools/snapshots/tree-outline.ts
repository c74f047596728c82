import type { DataTree } from '../../core/tree/data-tree.ts'
import { sortedChildren } from './load-snapshot.ts'

/** A node as the comparer sees it. */
export interface OutlineNode {
  /** Its path; empty for the root. */
  readonly label: string
  readonly children: readonly OutlineNode[]
  /** Bytes of data of the node and all below it. */
  readonly descendantBytes: number
  /** Nodes below it. */
  readonly descendantCount: number
}

/** Sizes of a tree, with its nodes by depth and by path. */
export class TreeOutline {
  readonly root: OutlineNode
  /** The nodes of each depth by path; the root alone at 0. */
  readonly depths: OutlineNode[][] = []
  readonly #byPath = new Map<string, OutlineNode>()

  constructor(tree: DataTree) {
    this.root = this.#add(tree, '', 0)
    for (const nodes of this.depths) nodes.sort(byLabel)
  }

  get nodeCount(): number {
    return this.#byPath.size
  }

  find(path: string): OutlineNode | undefined {
    return this.#byPath.get(path)
  }

  #add(tree: DataTree, label: string, depth: number): OutlineNode {
    const handle = tree.find(label)
    const children = sortedChildren(tree, handle).map((name) => this.#add(tree, `${label}/${name}`, depth + 1))
    let descendantBytes = tree.dataLength(handle)
    let descendantCount = children.length
    for (const child of children) {
      descendantBytes += child.descendantBytes
      descendantCount += child.descendantCount
    }
    const node = { label, children, descendantBytes, descendantCount }
    while (this.depths.length <= depth) this.depths.push([])
    this.depths[depth]?.push(node)
    this.#byPath.set(label, node)
    return node
  }
}

export function byLabel(one: OutlineNode, other: OutlineNode): number {
  if (one.label === other.label) return 0
  return one.label < other.label ? -1 : 1
}
